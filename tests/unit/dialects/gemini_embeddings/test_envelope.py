"""The thin reading of requests for vectors, and how models within them are renamed."""

from __future__ import annotations

import json

import pytest

from stellwerk.core.embedding import EmbeddingRequest
from stellwerk.core.envelope import Envelope
from stellwerk.core.route import Target
from stellwerk.dialects.gemini_embeddings.envelope import read_envelope, rewrite
from stellwerk.dialects.google_host import GoogleHost
from stellwerk.dialects.openai_host import OpenAIHost
from stellwerk.errors import InvalidRequest

TARGET = Target("one/m", "one", "m")
SINGLE = b'{"content":{"parts":[{"text":"a"}]}}'
BATCH = b'{"requests":[{"model":"models/x","content":{}},{"content":{}},5]}'


def test_the_model_stands_in_the_path_and_the_body_goes_on_as_it_came() -> None:
    envelope = read_envelope(SINGLE, model="smart", is_batch=False, max_depth=9)
    assert (envelope.dialect, envelope.model, envelope.is_batch) == ("gemini_embeddings", "smart", False)
    assert rewrite(envelope, "m") is SINGLE


def test_models_in_the_body_are_renamed() -> None:
    named = read_envelope(b'{"model":"models/x","content":{}}', model="smart", is_batch=False, max_depth=9)
    assert json.loads(rewrite(named, "m")) == {"model": "models/m", "content": {}}
    batch = read_envelope(BATCH, model="smart", is_batch=True, max_depth=9)
    first, second, third = json.loads(rewrite(batch, "tunedModels/m"))["requests"]
    assert first == second == {"model": "tunedModels/m", "content": {}}
    assert third == 5
    odd = read_envelope(b'{"requests":{}}', model="smart", is_batch=True, max_depth=9)
    assert rewrite(odd, "m") is odd.body


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"content":null}', b'{"content":1,"content":2}', b"\xff"])
def test_what_cannot_be_read_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        read_envelope(body, model="m", is_batch=False, max_depth=9)
    with pytest.raises(InvalidRequest):
        read_envelope(body, model="m", is_batch=True, max_depth=9)


def test_google_is_asked_for_one_text_or_a_batch() -> None:
    host = GoogleHost("https://generativelanguage.googleapis.com")
    assert host.speaks("gemini_embeddings")
    assert host.speaks("gemini")
    single = read_envelope(SINGLE, model="smart", is_batch=False, max_depth=9)
    assert host.prepare(single, TARGET, "key", b"").path == b"/v1beta/models/m:embedContent"
    batch = read_envelope(BATCH, model="smart", is_batch=True, max_depth=9)
    assert host.prepare(batch, TARGET, "key", b"").path == b"/v1beta/models/m:batchEmbedContents"
    chat = Envelope("gemini", "smart", is_stream=False, body=b"{}")
    assert host.prepare(chat, TARGET, "key", b"").path == b"/v1beta/models/m:generateContent"
    one = host.prepare_embedding(EmbeddingRequest("smart", ("a",), is_single=True), TARGET, "key", b"x: y\r\n")
    assert one.path.endswith(b":embedContent")
    assert one.fields.endswith(b"x: y\r\n")


def test_openais_hosts_are_asked_under_their_own_path() -> None:
    host = OpenAIHost("https://api.openai.com/v1", beside=())
    wire = host.prepare_embedding(EmbeddingRequest("smart", ("a", "b")), TARGET, "key", b"")
    assert wire.path == b"/v1/embeddings"
    assert json.loads(wire.body) == {"model": "m", "input": ["a", "b"]}
