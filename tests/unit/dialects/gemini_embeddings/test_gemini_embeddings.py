"""Embeddings as Gemini speaks of them, alone and in batches."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from google.genai import types
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.embedding import EmbeddingReply, EmbeddingRequest
from stellwerk.core.reply import ReplyFacts
from stellwerk.core.usage import Usage
from stellwerk.dialects.gemini_embeddings import request, response
from stellwerk.dialects.gemini_embeddings.losses import judge
from stellwerk.errors import InvalidRequest, UpstreamInvalid

ONE = {
    "model": "models/e",
    "content": {"parts": [{"text": "ü"}]},
    "taskType": "RETRIEVAL_DOCUMENT",
    "title": "t",
    "outputDimensionality": 5,
}


def dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def test_one_text_comes_back() -> None:
    decoded = request.decode(dump({**ONE, "x": 1}), model="e")
    assert (decoded.model, decoded.inputs, decoded.is_single) == ("e", ("ü",), True)
    assert (decoded.task, decoded.title, decoded.dimensions) == ("RETRIEVAL_DOCUMENT", "t", 5)
    assert json.loads(request.encode(decoded)) == {**ONE, "x": 1}
    assert not request.is_batch(decoded)


def test_a_batch_comes_back_and_parts_of_one_content_are_one_text() -> None:
    body = {"requests": [ONE, {**ONE, "content": {"parts": [{"text": "v"}]}}]}
    decoded = request.decode_batch(dump(body), model="e")
    assert decoded.inputs == ("ü", "v")
    assert json.loads(request.encode(decoded)) == body
    assert request.is_batch(decoded)
    parts = {"content": {"parts": [{"text": "a"}, {"text": "b"}]}}
    assert request.decode(dump(parts), model="e").inputs == ("a\nb",)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"content":{"parts":[{"text":"\xff"}]}}',
        b"{}",
        b'{"content":{}}',
        b'{"content":{"parts":[{"inlineData":{}}]}}',
        b'{"content":{"parts":[5]}}',
        b'{"content":{"parts":[{"text":"a"}]},"content":{"parts":[{"text":"b"}]}}',
        b'{"content":{"parts":[{"text":"a"}]},"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        request.decode(body, model="e")


@pytest.mark.parametrize("requests", [[], [ONE, {**ONE, "taskType": "CLUSTERING"}], [5]])
def test_a_batch_has_one_setting_for_all_of_its_texts(requests: Any) -> None:
    with pytest.raises(InvalidRequest):
        request.decode_batch(dump({"requests": requests}), model="e")


@pytest.mark.parametrize("is_batch", [False, True])
def test_vectors_come_back(is_batch: bool) -> None:
    reply = EmbeddingReply("e", ((0.25, -1.0),), Usage(3))
    encoded = response.encode(reply, is_batch=is_batch)
    assert response.decode(encoded, model="e") == reply
    assert response.read_usage(encoded) == ReplyFacts(Usage(3))
    if is_batch:
        assert types.EmbedContentResponse.model_validate({"embeddings": json.loads(encoded)["embeddings"]}).embeddings
    assert json.loads(response.encode(EmbeddingReply("e", ()), is_batch=is_batch)) == {"embeddings": []}


@pytest.mark.parametrize("usage", [b"null", b"5", b"{}", b'{"promptTokenCount":-1}'])
def test_usage_may_be_absent(usage: bytes) -> None:
    assert response.read_usage(b'{"embeddings":[],"usageMetadata":' + usage + b"}") == ReplyFacts()


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"embedding":5}', b'{"error":{"message":"no"}}', b'{"x":"\xff"}']
)
def test_what_has_no_embeddings_is_the_providers_fault(body: bytes) -> None:
    with pytest.raises(UpstreamInvalid):
        response.read_usage(body)
    with pytest.raises(UpstreamInvalid):
        response.decode(body, model="e")


def test_tokens_are_refused_and_a_user_is_dropped() -> None:
    with pytest.raises(InvalidRequest):
        judge(EmbeddingRequest("e", ((1, 2),)))
    assert judge(EmbeddingRequest("e", ("x",), user="u")) == ("user",)
    assert judge(EmbeddingRequest("e", ("x",))) == ()


@given(st.binary(max_size=100))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for read in (request.decode, request.decode_batch):
        with contextlib.suppress(InvalidRequest):
            read(body, model="e")
    with contextlib.suppress(UpstreamInvalid):
        response.read_usage(body)
    with contextlib.suppress(UpstreamInvalid):
        response.decode(body, model="e")
