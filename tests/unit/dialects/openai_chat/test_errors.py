"""Errors: ours in the dialect's words, and hosts' refusals as values that show no key."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.wire import FailureKind
from stellwerk.dialects import sse
from stellwerk.dialects.excerpt import EXCERPT_CHARACTERS, excerpt, redact
from stellwerk.dialects.openai_chat.errors import encode_error, encode_stream_error, read_failure
from stellwerk.errors import (
    AuthenticationFailed,
    InvalidRequest,
    ModelNotFound,
    Overloaded,
    StellwerkError,
    UpstreamRefused,
    UpstreamTimeout,
)

NOW = 1_763_900_000.0


@pytest.mark.parametrize(
    ("error", "kind", "code", "param"),
    [
        (InvalidRequest("m", param="model"), "invalid_request_error", "invalid_request", "model"),
        (AuthenticationFailed("m"), "invalid_request_error", "invalid_api_key", None),
        (ModelNotFound("m", param="model"), "invalid_request_error", "model_not_found", "model"),
        (UpstreamRefused("m", upstream_status=422), "invalid_request_error", "upstream_refused", None),
        (UpstreamRefused("m", upstream_status=429), "rate_limit_error", "upstream_refused", None),
        (UpstreamTimeout("m"), "server_error", "upstream_timeout", None),
        (Overloaded("m"), "server_error", "overloaded", None),
        (StellwerkError("m"), "server_error", "internal_error", None),
    ],
)
def test_an_error_has_the_dialects_shape(error: StellwerkError, kind: str, code: str, param: str | None) -> None:
    told = {"message": "m", "type": kind, "param": param, "code": code}
    assert json.loads(encode_error(error)) == {"error": told}


@pytest.mark.parametrize("half", [b"", b'data: {"id":"x","cho', b"data: {}\n"])
def test_an_error_in_a_stream_is_an_event_of_its_own(half: bytes) -> None:
    event = encode_stream_error(UpstreamTimeout("late\nline"), close_half_event=bool(half))
    events = sse.Decoder().feed(half + event)
    assert json.loads(events[-1].data)["error"]["message"] == "late\nline"
    assert b"[DONE]" not in event


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, FailureKind.REFUSED),
        (404, FailureKind.REFUSED),
        (413, FailureKind.REFUSED),
        (422, FailureKind.REFUSED),
        (401, FailureKind.CREDENTIALS),
        (403, FailureKind.CREDENTIALS),
        (408, FailureKind.TIMEOUT),
        (429, FailureKind.RATE_LIMITED),
        (402, FailureKind.UNAVAILABLE),
        (500, FailureKind.UNAVAILABLE),
        (503, FailureKind.UNAVAILABLE),
        (301, FailureKind.UNAVAILABLE),
    ],
)
def test_the_status_says_which_kind_of_failure_it_is(status: int, kind: FailureKind) -> None:
    failure = read_failure(status, {}, b"", now=NOW)
    assert failure.kind is kind
    assert failure.status == status
    assert failure.message == f"The provider answered with status {status}."


@pytest.mark.parametrize(
    ("body", "message", "code", "param"),
    [
        (
            b'{"error":{"message":"Bad model","type":"t","param":"model","code":"model_not_found"}}',
            "Bad model",
            "model_not_found",
            "model",
        ),
        (
            b'{"error":{"message":"No quota","type":"insufficient_quota","code":null}}',
            "No quota",
            "insufficient_quota",
            None,
        ),
        (b'{"error":{"message":"Slow down","code":429}}', "Slow down", "429", None),
        (b'{"error":"model is loading","code":"loading"}', "model is loading", "loading", None),
        (b'{"object":"error","message":"too long","type":"BadRequestError","code":400}', "too long", "400", None),
        (b'{"detail":"Not Found"}', "Not Found", None, None),
        (b'{"detail":[{"loc":["body"],"msg":"field required","type":"missing"}]}', "field required", "missing", None),
        (b'{"errors":["first","second"]}', "first", None, None),
        (
            b'[{"error":{"message":"API key not valid","status":"INVALID_ARGUMENT"}}]',
            "API key not valid",
            "INVALID_ARGUMENT",
            None,
        ),
        (b'{"unexpected":true}', '{"unexpected":true}', None, None),
        (b'{"error":{"message":"","code":"x"}}', '{"error":{"message":"","code":"x"}}', None, None),
        (b"[]", "[]", None, None),
        (b"upstream connect error\r\n\tor disconnect", "upstream connect error or disconnect", None, None),
        (
            b"<!doctype html><head><title>502 Bad&nbsp;Gateway</title></head><script>x</script><h1>502</h1>nginx",
            "502 Bad Gateway 502 nginx",
            None,
            None,
        ),
        (b'{"error":{"message":"a\\u0000\\u001b[31mb\\nc","code":"bad\\ncode"}}', "a [31mb c", None, None),
        (b"\xff\xfe", "\ufffd\ufffd", None, None),
        (b'{"error":' + b"[" * 5000, '{"error":' + "[" * (EXCERPT_CHARACTERS - 10) + "…", None, None),
    ],
)
def test_a_refusal_is_read_in_whatever_shape_it_comes(
    body: bytes, message: str, code: str | None, param: str | None
) -> None:
    failure = read_failure(400, {}, body, now=NOW)
    assert (failure.message, failure.code, failure.param) == (message, code, param)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({b"retry-after": b"7"}, 7.0),
        ({b"retry-after": b" 1.5 "}, 1.5),
        ({b"retry-after-ms": b"494", b"retry-after": b"1"}, 0.494),
        ({b"retry-after-ms": b"soon", b"retry-after": b"1"}, 1.0),
        ({b"retry-after": b"-1"}, None),
        ({b"retry-after": b"nan"}, None),
        ({b"retry-after": b"inf"}, None),
        ({b"retry-after": b"tomorrow"}, None),
        ({b"retry-after": b"Sun, 23 Nov 2025 12:13:50 GMT"}, 30.0),
        ({b"retry-after": b"Sun, 23 Nov 2025 12:00:00 GMT"}, 0.0),
        ({b"retry-after": b"Sun, 31 Feb 2025 12:00:00 GMT"}, None),
        ({b"retry-after": b"Sun, 23 Xyz 2025 12:00:00 GMT"}, None),
    ],
)
def test_when_to_come_again_is_read(headers: dict[bytes, bytes], seconds: float | None) -> None:
    assert read_failure(429, headers, b"", now=NOW).retry_after_s == seconds


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Incorrect API key provided: sk-proj-abc123def456.", "Incorrect API key provided: [redacted]"),
        (
            "Incorrect API key provided: sk-abcd****************wxyz. See docs",
            "Incorrect API key provided: [redacted] See docs",
        ),
        ("bad header Authorization: Bearer abc.def-ghi", "bad header Authorization: [redacted]"),
        ("GET /v1?key=AIzaSyA1234567890 failed", "GET /v1?key=[redacted] failed"),
        ("key AIzaSyA1234567890abc is wrong", "key [redacted] is wrong"),
        ("gsk_abcdef123456 expired", "[redacted] expired"),
        ("api_key='0123456789abcdef'", "api_key='[redacted]'"),
        ("token eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.abc is old", "token [redacted] is old"),
        ("AKIAIOSFODNN7EXAMPLE", "[redacted]"),
        ("0123456789abcdef0123456789abcdef is unknown", "[redacted] is unknown"),
        ("Basic dXNlcjpwYXNzd29yZDEyMw== refused", "[redacted] refused"),
        ("request req_0123456789abcdef0123456789abcdef", "request req_0123456789abcdef0123456789abcdef"),
        ("missing bearer authentication, basic information", "missing bearer authentication, basic information"),
        ("You used 5000 tokens. key: none", "You used 5000 tokens. key: none"),
    ],
)
def test_what_looks_like_a_key_is_not_shown(text: str, shown: str) -> None:
    assert redact(text) == shown
    assert excerpt(text) == shown


@given(st.binary(max_size=3000))
def test_an_excerpt_is_short_printable_and_of_one_line(body: bytes) -> None:
    shown = excerpt(body)
    assert len(shown) <= EXCERPT_CHARACTERS
    assert shown.isprintable()
    read_failure(500, {}, body, now=NOW)


@pytest.mark.parametrize(
    "body", [b"<" * 100_000, b"<script" * 20_000, b"<title" * 20_000, b"key=" * 50_000, b"a1" * 50_000]
)
def test_a_hostile_page_costs_little(body: bytes) -> None:
    assert len(excerpt(body)) <= EXCERPT_CHARACTERS
