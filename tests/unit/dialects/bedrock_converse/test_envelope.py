"""The thin reading of a request: what it takes, what it refuses, and that the body stays as it came."""

from __future__ import annotations

import pytest

from stellwerk.core.envelope import Envelope
from stellwerk.dialects.bedrock_converse.envelope import MOST, read_envelope, rewrite
from stellwerk.errors import InvalidRequest

MODEL = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"


def read(body: bytes, *, model: str = MODEL, max_depth: int = 20) -> Envelope:
    return read_envelope(body, model=model, is_stream=True, max_depth=max_depth)


def test_model_and_stream_come_from_the_path_and_the_cap_from_the_body() -> None:
    body = b'{"messages":[{"role":"user","content":[{"text":"\xc3\xbc"}]}],"inferenceConfig":{"maxTokens":77,"topP":1}}'
    envelope = read(body)
    assert envelope == Envelope("bedrock_converse", MODEL, True, body, True, 77, 1)
    assert rewrite(envelope, "another.model") is body


@pytest.mark.parametrize(
    "body", [b"{}", b'{"messages":null}', b'{"inferenceConfig":null}', b'{"inferenceConfig":{"maxTokens":null}}']
)
def test_a_request_may_leave_out_what_it_does_not_need(body: bytes) -> None:
    assert read(body).output_cap is None


@pytest.mark.parametrize(
    ("body", "told", "param"),
    [
        (b'{"messages":{}}', "Invalid type for 'messages'", "messages"),
        (b'{"inferenceConfig":[]}', "Invalid type for 'inferenceConfig'", "inferenceConfig"),
        (b'{"inferenceConfig":{"maxTokens":"9"}}', "expected an integer", "inferenceConfig.maxTokens"),
        (b'{"inferenceConfig":{"maxTokens":0}}', ">= 1", "inferenceConfig.maxTokens"),
        (b'{"inferenceConfig":{"maxTokens":%d}}' % (MOST + 1), "<= ", "inferenceConfig.maxTokens"),
        (b'{"inferenceConfig":{},"inferenceConfig":{}}', "Duplicate", "inferenceConfig"),
        (b'{"inferenceConfig":{},"\\u0069nferenceConfig":{}}', "Duplicate", "inferenceConfig"),
        (b'{"inferenceConfig":{"maxTokens":1,"maxTokens":9}}', "Duplicate", "maxTokens"),
        (b'{"inferenceConfig":{"maxTokens":1,"\\u006daxTokens":9}}', "Duplicate", "maxTokens"),
    ],
)
def test_what_cannot_be_read_is_refused(body: bytes, told: str, param: str | None) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read(body)
    assert told in refused.value.message
    assert refused.value.param == param


def test_a_request_for_no_model_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="modelId"):
        read(b"{}", model="")


def test_words_that_only_look_like_a_second_member_are_none() -> None:
    words = b'{"messages":[{"content":[{"text":"\\u0041 \\"maxTokens\\" "}]}]'
    body = words + b',"x":{"maxTokens":3},"inferenceConfig":{"maxTokens":5}}'
    assert read(body).output_cap == 5
    assert read(b'{"x":"\\u0041","y":"\\"maxTokens\\" \\"maxTokens\\""}').output_cap is None
    assert read(b'{"x":"\\u0041","inferenceConfig":null}').output_cap is None
