"""Counting a prompt's tokens, and the paths under which Google is asked."""

from __future__ import annotations

import json

import pytest

from stellwerk.core.chat import ChatRequest, Message, Role
from stellwerk.core.part import Text
from stellwerk.dialects.gemini.counting import (
    decode_count,
    decode_count_request,
    encode_count,
    encode_count_request,
    read_count_envelope,
    rewrite_count_request,
)
from stellwerk.dialects.gemini.paths import Operation, read_path, write_path
from stellwerk.errors import InvalidRequest, UpstreamInvalid

HELLO = ChatRequest("m", (Message(Role.USER, (Text("Hello ä"),)),))
CONTENTS = {"contents": [{"role": "user", "parts": [{"text": "Hello ä"}]}]}


@pytest.mark.parametrize(
    "wire",
    [
        CONTENTS,
        {"generateContentRequest": {"model": "models/x", **CONTENTS}},
        {"generate_content_request": CONTENTS},
    ],
)
def test_bare_contents_and_a_whole_request_are_read(wire: object) -> None:
    assert decode_count_request(json.dumps(wire, ensure_ascii=False).encode(), model="m") == HELLO


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b'{"generateContentRequest":5}', b'{"contents":' + b"[" * 5_000])
def test_what_cannot_be_read_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        decode_count_request(body, model="m")


def test_a_request_that_names_its_model_names_ours_instead() -> None:
    for name in ("generateContentRequest", "generate_content_request"):
        wire = {name: {"model": "models/x", **CONTENTS}}
        rewritten = json.loads(rewrite_count_request(json.dumps(wire).encode(), "gemini-3"))
        assert rewritten == {name: {"model": "models/gemini-3", **CONTENTS}}
    for body in (b'{"contents":[]}', b'{"generateContentRequest":null}'):
        assert rewrite_count_request(body, "gemini-3") is body


def test_vertex_takes_bare_what_came_wrapped() -> None:
    for wire in ({"model": "models/x", **CONTENTS}, CONTENTS):
        body = json.dumps({"generateContentRequest": wire}).encode()
        assert json.loads(rewrite_count_request(body, "gemini-3", is_vertex=True)) == CONTENTS


def test_the_thin_reading_wants_an_object_of_bounded_depth() -> None:
    envelope = read_count_envelope(b'{"contents":[]}', model="m", max_depth=9)
    assert (envelope.dialect, envelope.model, envelope.is_stream) == ("gemini_count_tokens", "m", False)
    for body in (b"", b"[]", b'{"contents":"\xff"}', b"{" * 3, b'{"contents":' + b"[" * 20 + b"]" * 20 + b"}"):
        with pytest.raises(InvalidRequest):
            read_count_envelope(body, model="m", max_depth=9)


def test_a_request_of_another_dialect_is_wrapped_except_for_vertex() -> None:
    assert json.loads(encode_count_request(HELLO)) == {"generateContentRequest": {"model": "models/m", **CONTENTS}}
    assert json.loads(encode_count_request(HELLO, is_vertex=True)) == CONTENTS


def test_the_count_is_written_and_read() -> None:
    assert encode_count(31) == b'{"totalTokens":31}'
    assert decode_count(b'{"totalTokens":31,"promptTokensDetails":[{}]}') == 31
    for body, told in (
        (b"{}", "does not say"),
        (b'{"totalTokens":"x"}', "does not say"),
        (b"x", "not JSON"),
        (b"\xff", "not JSON"),
    ):
        with pytest.raises(UpstreamInvalid, match=told):
            decode_count(body)


@pytest.mark.parametrize(
    ("path", "query", "operation"),
    [
        ("/v1beta/models/gemini-2.5-pro:generateContent", "", Operation("gemini-2.5-pro", "generateContent")),
        ("/v1/models/smart:streamGenerateContent", "alt=sse", Operation("smart", "streamGenerateContent", is_sse=True)),
        ("/v1beta/models/smart:streamGenerateContent", "key=x&alt=json", Operation("smart", "streamGenerateContent")),
        ("/v1beta/models/a%2Fb:countTokens", "", Operation("a/b", "countTokens")),
        ("/v1beta/models/llama3:8b:embedContent", "", Operation("llama3:8b", "embedContent")),
        ("/v1beta/tunedModels/mine:generateContent", "", Operation("tunedModels/mine", "generateContent")),
        (
            "/v1/projects/p/locations/l/publishers/google/models/g:generateContent",
            "",
            Operation("g", "generateContent"),
        ),
        ("/v1beta/models/x:newAction", "", None),
        ("/v1beta/models/x", "", None),
        ("/v1beta/models/:generateContent", "", None),
        ("/v2/models/x:generateContent", "", None),
    ],
)
def test_a_path_says_model_and_action(path: str, query: str, operation: Operation | None) -> None:
    assert read_path(path, query) == operation


def test_a_path_is_written_so_that_it_can_be_read() -> None:
    assert (
        write_path("/v1beta/", "models/a b?c", "streamGenerateContent")
        == b"/v1beta/models/a%20b%3Fc:streamGenerateContent?alt=sse"
    )
    assert (
        write_path("/v1beta/", "models/a", "streamGenerateContent", is_sse=False)
        == b"/v1beta/models/a:streamGenerateContent"
    )
    assert write_path("/v1beta/", "models/a", "countTokens") == b"/v1beta/models/a:countTokens"
