"""The thin reading of a request: what routing needs, and the body as it came."""

from __future__ import annotations

from typing import Any

import pytest

from stellwerk.core.envelope import Envelope
from stellwerk.dialects.gemini.request import GeminiEnvelope, read_envelope, rewrite
from stellwerk.errors import InvalidRequest


def read(body: bytes, *, max_depth: int = 64, **rest: Any) -> Envelope:
    return read_envelope(body, model="m", is_stream=True, max_depth=max_depth, **rest)


def config(members: bytes) -> bytes:
    return b'{"contents":[],"generationConfig":{' + members + b"}}"


def test_model_and_streaming_come_from_the_path() -> None:
    body = b'{"contents":[]}'
    envelope = read(body, is_sse=False)
    assert envelope == GeminiEnvelope("gemini", "m", is_stream=True, body=body, is_sse=False)
    assert envelope.wants_usage


@pytest.mark.parametrize(
    ("body", "cap", "choices"),
    [
        (b'{"contents":[]}', None, 1),
        (config(b'"maxOutputTokens":7,"candidateCount":3'), 7, 3),
        (config(b'"maxOutputTokens":"7","candidateCount":3.0'), 7, 3),
        (config(b'"max_output_tokens":7,"candidate_count":2'), 7, 2),
        (config(b'"maxOutputTokens":null'), None, 1),
        (config(b'"ma\\u0078OutputTokens":7'), 7, 1),
        (b'{"contents":[],"generation_config":{"maxOutputTokens":5}}', 5, 1),
        (b'{"contents":[{"parts":[{"text":"\\"generationConfig\\""}]}],"generationConfig":null}', None, 1),
        (
            b'{"contents":[{"x":{"generationConfig":1,"maxOutputTokens":9}}],"generationConfig":{"maxOutputTokens":5}}',
            5,
            1,
        ),
    ],
)
def test_the_output_cap_and_the_choices_are_read(body: bytes, cap: int | None, choices: int) -> None:
    envelope = read(body)
    assert (envelope.output_cap, envelope.choices) == (cap, choices)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{}", "Missing required parameter: 'contents'"),
        (b'{"contents":5}', "expected an array"),
        (config(b'"maxOutputTokens":"many"'), "expected an integer"),
        (config(b'"maxOutputTokens":1.5'), "expected an integer"),
        (config(b'"maxOutputTokens":true'), "expected"),
        (config(b'"maxOutputTokens":-1'), "expected a value from 0"),
        (config(b'"candidateCount":0'), "expected a value from 1"),
        (config(b'"candidateCount":99999999999'), "expected a value from 1"),
        (config(b'"maxOutputTokens":1,"maxOutputTokens":9'), "Duplicate parameter"),
        (config(b'"maxOutputTokens":1,"max_output_tokens":9'), "Duplicate parameter"),
        (config(b'"candidateCount":1,"candidate\\u0043ount":9'), "Duplicate parameter"),
        (b'{"contents":[],"generationConfig":{},"generation_config":{}}', "Duplicate parameter"),
        (
            b'{"contents":[],"generationConfig":{},"generationConfig":null,"generation_config":{}}',
            "Duplicate parameter",
        ),
        (b'{"contents":[],"generationConfig":{"maxOutputTokens":1},"generationConfig":null}', "Duplicate parameter"),
    ],
)
def test_what_cannot_be_read_is_refused(body: bytes, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        read(body)


def test_the_body_goes_on_as_it_came_and_without_a_model_of_its_own() -> None:
    body = b'{"contents":[],"x":{"model":"y"}}'
    assert rewrite(read(body), "other") is body
    assert rewrite(read(b'{"model":"models/a","contents":[]}'), "other") == b'{"contents":[]}'
    assert rewrite(Envelope("gemini", "m", is_stream=False, body=body), "other") is body
    with pytest.raises(InvalidRequest, match="Duplicate"):
        rewrite(read(b'{"model":1,"contents":[],"model":2}'), "other")


def test_a_config_that_is_void_where_another_is_not_counts_once() -> None:
    assert read(b'{"contents":[{"generationConfig":1}],"generationConfig":{"maxOutputTokens":3}}').output_cap == 3
