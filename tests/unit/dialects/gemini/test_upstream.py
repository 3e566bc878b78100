"""How Google is asked: path, header and body, for its own API and for Vertex AI."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stellwerk.core.chat import ChatRequest, Message, Role
from stellwerk.core.envelope import Envelope
from stellwerk.core.part import Text
from stellwerk.core.route import Target
from stellwerk.core.wire import FailureKind
from stellwerk.dialects.gemini.counting import read_count_envelope
from stellwerk.dialects.gemini.losses import LOSSES, VERTEX_LOSSES
from stellwerk.dialects.gemini.request import read_envelope
from stellwerk.dialects.gemini.upstream import GeminiUpstream, VertexUpstream

TARGET = Target("google/gemini-3", "google", "gemini-3")
HELLO = ChatRequest(
    "smart", (Message(Role.USER, (Text("Hello"),)),), metadata={"team": "shop", "Bad Key": "x", "": "y"}
)
GOOGLE = GeminiUpstream("https://generativelanguage.googleapis.com")
VERTEX = VertexUpstream("https://europe-west4-aiplatform.googleapis.com", project="p", location="europe-west4")
PLACE = b"/v1/projects/p/locations/europe-west4/"


def envelope(*, is_stream: bool, **rest: Any) -> Envelope:
    return read_envelope(b'{"contents":[]}', model="smart", is_stream=is_stream, max_depth=9, **rest)


def test_the_body_goes_on_in_the_same_object_and_the_model_stands_in_the_path() -> None:
    asked = envelope(is_stream=False)
    wire = GOOGLE.prepare(asked, TARGET, "key", b"")
    assert wire.body is asked.body
    assert wire.path == b"/v1beta/models/gemini-3:generateContent"
    assert b"x-goog-api-key: key\r\n" in wire.fields


def test_a_stream_is_asked_for_as_the_caller_frames_it() -> None:
    for is_sse, end in ((True, b"?alt=sse"), (False, b"")):
        path = GOOGLE.prepare(envelope(is_stream=True, is_sse=is_sse), TARGET, "key", b"").path
        assert path == b"/v1beta/models/gemini-3:streamGenerateContent" + end
    plain = Envelope("gemini", "smart", is_stream=True, body=b"{}")
    assert GOOGLE.prepare(plain, TARGET, "key", b"").path.endswith(b"?alt=sse")


def test_a_request_of_another_dialect_is_written() -> None:
    wire = GOOGLE.prepare_chat(HELLO, TARGET, "key", b"x: y\r\n")
    assert wire.path == b"/v1beta/models/gemini-3:generateContent"
    assert json.loads(wire.body) == {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}
    assert wire.fields.endswith(b"x: y\r\n")
    streamed = ChatRequest("smart", HELLO.messages, is_stream=True)
    assert GOOGLE.prepare_chat(streamed, TARGET, "key", b"").path.endswith(b":streamGenerateContent?alt=sse")


def test_vertex_has_its_own_place_token_and_labels() -> None:
    wire = VERTEX.prepare_chat(HELLO, TARGET, "ya29.token", b"")
    assert wire.path == PLACE + b"publishers/google/models/gemini-3:generateContent"
    assert b"authorization: Bearer ya29.token\r\n" in wire.fields
    assert b"x-goog-api-key" not in wire.fields
    assert json.loads(wire.body)["labels"] == {"team": "shop"}
    endpoint = Target("google/e", "google", "endpoints/123")
    assert VERTEX.prepare_chat(HELLO, endpoint, "t", b"").path == PLACE + b"endpoints/123:generateContent"


def test_tokens_are_counted_under_a_path_of_their_own() -> None:
    wire = GOOGLE.prepare_chat_count(HELLO, TARGET, "key", b"")
    assert wire.path == b"/v1beta/models/gemini-3:countTokens"
    assert json.loads(wire.body)["generateContentRequest"]["model"] == "models/gemini-3"
    wire = VERTEX.prepare_chat_count(HELLO, TARGET, "key", b"")
    assert wire.path == PLACE + b"publishers/google/models/gemini-3:countTokens"
    assert "contents" in json.loads(wire.body)


def test_paths_of_many_models_take_no_room_forever() -> None:
    upstream = GeminiUpstream("http://x/base/", api_version="v1")
    for number in range(2_000):
        assert upstream.path(f"m{number}", "embedContent") == f"/base/v1/models/m{number}:embedContent".encode()
    assert len(upstream._paths) <= 1_024


def test_refusals_are_read_and_losses_known() -> None:
    assert [GOOGLE.speaks(dialect) for dialect in ("gemini", "openai_chat")] == [True, False]
    failure = GOOGLE.classify(429, {}, b'{"error":{"message":"Slow","details":[{"retryDelay":"3s"}]}}', 0.0)
    assert (failure.kind, failure.retry_after_s) == (FailureKind.RATE_LIMITED, 3)
    assert (GOOGLE.losses, VERTEX.losses) == (LOSSES, VERTEX_LOSSES)


def test_an_address_that_cannot_be_one_is_refused() -> None:
    with pytest.raises(ValueError, match="expected an http"):
        GeminiUpstream("ftp://x")


def test_a_request_to_count_goes_on_as_it_came_except_wrapped_to_vertex() -> None:
    asked = read_count_envelope(b'{"contents":[]}', model="smart", max_depth=9)
    wire = GOOGLE.prepare(asked, TARGET, "key", b"")
    assert wire.body is asked.body
    assert wire.path == b"/v1beta/models/gemini-3:countTokens"
    wrapped = read_count_envelope(b'{"generateContentRequest":{"contents":[]}}', model="smart", max_depth=9)
    assert VERTEX.prepare(wrapped, TARGET, "key", b"").body == b'{"contents":[]}'
