"""Embeddings: requests, replies in both encodings of vectors, and what accounting reads."""

from __future__ import annotations

import contextlib
import json
import struct
from typing import Any

import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import CreateEmbeddingResponse
from openai.types.embedding_create_params import EmbeddingCreateParams
from pydantic import TypeAdapter

from stellwerk.core.embedding import EmbeddingReply, EmbeddingRequest
from stellwerk.core.reply import ReplyFacts
from stellwerk.core.usage import Usage
from stellwerk.dialects.openai_embeddings import errors, request, response
from stellwerk.dialects.openai_embeddings.losses import judge
from stellwerk.errors import InvalidRequest, NotFound, UpstreamInvalid

OFFICIAL = TypeAdapter(EmbeddingCreateParams)
REPLY = EmbeddingReply("m", ((0.25, -1.5), (1.0, 0.0)), Usage(7))


def dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("given", "inputs", "is_single"),
    [
        ("ü", ("ü",), True),
        (["a", "b"], ("a", "b"), False),
        (["a"], ("a",), False),
        ([1, 2], ((1, 2),), True),
        ([[1], [2, 3]], ((1,), (2, 3)), False),
        (["a", [1]], ("a", (1,)), False),
        ([], (), False),
    ],
)
def test_every_form_of_input_comes_back(given: Any, inputs: Any, is_single: bool) -> None:
    body = dump({"model": "m", "input": given})
    decoded = request.decode(body)
    assert (decoded.inputs, decoded.is_single) == (inputs, is_single)
    assert json.loads(request.encode(decoded)) == json.loads(body)


def test_settings_and_unknown_members_come_back() -> None:
    wire = {
        "model": "m",
        "input": "x",
        "dimensions": 5,
        "encoding_format": "base64",
        "user": "u",
        "input_type": "query",
    }
    decoded = request.decode(dump(wire))
    assert (decoded.dimensions, decoded.is_base64, decoded.user) == (5, True, "u")
    assert json.loads(request.encode(decoded)) == wire
    plain = request.encode(EmbeddingRequest("m", ("x",), is_base64=False))
    assert json.loads(plain) == {"model": "m", "input": ["x"], "encoding_format": "float"}
    OFFICIAL.validate_json(plain)


@pytest.mark.parametrize(
    ("wire", "param"),
    [
        ({"input": "x"}, "model"),
        ({"model": "m"}, "input"),
        ({"model": "m", "input": 5}, "input"),
        ({"model": "m", "input": [None]}, "input[0]"),
        ({"model": "m", "input": [1, "x"]}, "input[1]"),
        ({"model": "m", "input": "x", "encoding_format": "int8"}, "encoding_format"),
        ({"model": "m", "input": "x", "dimensions": "5"}, "dimensions"),
    ],
)
def test_what_is_wrong_is_refused_by_path(wire: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        request.decode(dump(wire))
    assert caught.value.param == param


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"model":"\xff","input":"x"}', b'{"model":"m","input":"a","input":"b"}',
     b'{"model":"m","input":"x","y":' + b"[" * 100_000 + b"]" * 100_000 + b"}"],
)  # fmt: skip
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        request.decode(body)


@pytest.mark.parametrize(
    ("wire", "param"), [({"input": "x"}, "model"), ({"model": "m"}, "input"), ({"model": 5}, "model")]
)
def test_the_thin_reading_wants_a_model_and_an_input(wire: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        request.read_envelope(dump(wire), max_depth=8)
    assert caught.value.param == param


def test_only_the_model_is_rewritten() -> None:
    body = b'{"input":["a"], "model":"m"}'
    envelope = request.read_envelope(body, max_depth=8)
    assert (envelope.dialect, envelope.model, envelope.is_stream) == ("openai_embeddings", "m", False)
    assert request.rewrite(envelope, "m") is body
    assert request.rewrite(envelope, "n") == b'{"input":["a"], "model":"n"}'


@pytest.mark.parametrize("is_base64", [False, True])
def test_vectors_come_back_in_both_encodings(is_base64: bool) -> None:
    encoded = response.encode(REPLY, is_base64=is_base64)
    assert response.decode(encoded) == REPLY
    assert response.read_usage(encoded) == ReplyFacts(Usage(7))
    if not is_base64:
        assert CreateEmbeddingResponse.model_validate_json(encoded).data[1].embedding == [1.0, 0.0]


def test_the_official_client_reads_base64() -> None:
    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=response.encode(REPLY, is_base64=True))

    with (
        httpx2.Client(transport=httpx2.MockTransport(answer)) as http,
        openai.OpenAI(api_key="k", base_url="http://test/v1", http_client=http) as client,
    ):
        reply = client.embeddings.create(model="m", input=["a", "b"])
    assert [list(entry.embedding) for entry in reply.data] == [[0.25, -1.5], [1.0, 0.0]]


def test_vectors_stand_in_the_order_of_their_numbers_and_unknown_members_survive() -> None:
    wire = {"data": [{"embedding": [2], "index": 1}, {"embedding": [1], "index": 0}], "model": "m", "x": 1}
    decoded = response.decode(dump(wire))
    assert decoded.vectors == ((1.0,), (2.0,))
    assert json.loads(response.encode(decoded))["x"] == 1
    assert response.decode(dump({"data": [{"embedding": [2]}, {"embedding": [1]}]})).vectors == ((2.0,), (1.0,))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"data":"\xff"}',
        b"[]",
        b'{"error":{"message":"no"}}',
        b'{"data":5}',
        b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_what_is_no_list_of_embeddings_is_the_providers_fault(body: bytes) -> None:
    with pytest.raises(UpstreamInvalid):
        response.read_usage(body)
    with pytest.raises(UpstreamInvalid):
        response.decode(body)


@pytest.mark.parametrize(
    "data",
    [
        [{"embedding": "not base64!"}],
        [{"embedding": "aGk="}],
        [{"embedding": 5}],
        [{"index": 0}],
        [{"embedding": [1], "index": 1}],
        [{"embedding": [1], "index": 0}, {"embedding": [1], "index": 0}],
        [5],
    ],
)
def test_vectors_that_cannot_be_read_are_the_providers_fault(data: Any) -> None:
    with pytest.raises(UpstreamInvalid):
        response.decode(dump({"data": data}))


@pytest.mark.parametrize("usage", [None, 5, {}])
def test_usage_may_be_absent(usage: Any) -> None:
    decoded = response.decode(dump({"data": [], "usage": usage}))
    assert decoded.usage in {None, Usage()}
    assert json.loads(response.encode(decoded))["usage"] == {"prompt_tokens": 0, "total_tokens": 0}


def test_what_it_cannot_say_is_dropped() -> None:
    assert judge(EmbeddingRequest("m", ("x",), task="RETRIEVAL_QUERY", title="t")) == ("task", "title")
    assert judge(EmbeddingRequest("m", ("x",))) == ()


def test_errors_are_those_of_all_of_openais_dialects() -> None:
    assert json.loads(errors.encode_error(NotFound("m")))["error"]["message"] == "m"


@given(st.lists(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), max_size=4), max_size=3))
def test_any_vectors_survive_base64(vectors: list[list[float]]) -> None:
    reply = EmbeddingReply("m", tuple(tuple(vector) for vector in vectors))
    again = response.decode(response.encode(reply, is_base64=True))
    assert again.vectors == reply.vectors
    assert all(struct.pack("<f", value) for vector in again.vectors for value in vector)


@given(st.binary(max_size=100))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for read in (lambda data: request.read_envelope(data, max_depth=8), request.decode):
        with contextlib.suppress(InvalidRequest):
            read(body)
    for read_reply in (response.read_usage, response.decode):
        with contextlib.suppress(UpstreamInvalid):
            read_reply(body)
