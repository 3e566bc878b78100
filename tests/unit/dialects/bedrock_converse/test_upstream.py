"""How Bedrock is asked: where, under which name, with which body."""

from __future__ import annotations

import json
from urllib.parse import unquote

import pytest

from stellwerk.core.chat import ChatRequest, Message, Role, Sampling
from stellwerk.core.part import Text
from stellwerk.core.route import Target
from stellwerk.core.wire import FailureKind, Origin
from stellwerk.dialects.bedrock_converse.request import read_envelope
from stellwerk.dialects.bedrock_converse.upstream import BedrockUpstream, endpoint

CLAUDE = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
ARN = "arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/abc"
TARGET = Target(f"bedrock/{CLAUDE}", "bedrock", CLAUDE)
BODY = b'{"messages":[{"role":"user","content":[{"text":"Hi"}]}]}'
TRACE = b"traceparent: 00-a-b-01\r\n"


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-central-1", "bedrock-runtime.eu-central-1.amazonaws.com"),
        ("us-gov-west-1", "bedrock-runtime.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "bedrock-runtime.cn-north-1.amazonaws.com.cn"),
        ("eusc-de-east-1", "bedrock-runtime.eusc-de-east-1.amazonaws.eu"),
    ],
)
def test_every_region_has_its_host(region: str, host: str) -> None:
    assert BedrockUpstream(endpoint(region)).origin == Origin("https", host, 443)


@pytest.mark.parametrize(("is_stream", "verb"), [(False, "converse"), (True, "converse-stream")])
@pytest.mark.parametrize("model", [CLAUDE, ARN])
def test_the_model_and_whether_it_streams_stand_in_the_path(model: str, is_stream: bool, verb: str) -> None:
    upstream = BedrockUpstream("http://127.0.0.1:9000/bedrock/")
    envelope = read_envelope(BODY, model="smart", is_stream=is_stream, max_depth=9)
    first, second = (upstream.prepare(envelope, Target("t", "p", model), "key", b"") for _ in range(2))
    assert first == second
    assert upstream.origin == Origin("http", "127.0.0.1", 9000)
    segments = first.path.decode().split("/")
    assert segments[:3] == ["", "bedrock", "model"]
    assert unquote(segments[3]) == model
    assert segments[4:] == [verb]
    assert first.body is BODY
    assert first.method == b"POST"


def test_an_api_key_is_a_bearer_and_without_one_the_request_is_to_be_signed() -> None:
    upstream = BedrockUpstream(endpoint("eu-central-1"))
    envelope = read_envelope(BODY, model="smart", is_stream=False, max_depth=9)
    for key in ("first", "second"):
        fields = upstream.prepare(envelope, TARGET, key, TRACE).fields
        assert f"authorization: Bearer {key}\r\n".encode() in fields
        assert fields.endswith(TRACE)
    assert b"authorization" not in BedrockUpstream(endpoint("eu-central-1")).prepare(envelope, TARGET, "", b"").fields


def test_a_request_of_another_dialect_is_translated_for_the_targets_model() -> None:
    upstream = BedrockUpstream(endpoint("eu-central-1"))
    request = ChatRequest("smart", (Message(Role.USER, (Text("Hi"),)),), sampling=Sampling(top_k=3), is_stream=True)
    wire = upstream.prepare_chat(request, TARGET, "key", TRACE)
    assert wire.path.endswith(b"/converse-stream")
    assert json.loads(wire.body) == {**json.loads(BODY), "additionalModelRequestFields": {"top_k": 3}}
    assert TRACE in wire.fields


def test_refusals_are_read() -> None:
    upstream = BedrockUpstream(endpoint("eu-central-1"))
    assert [upstream.speaks(dialect) for dialect in ("bedrock_converse", "openai_chat")] == [True, False]
    failure = BedrockUpstream(endpoint("eu-central-1")).classify(429, {}, b'{"message":"m"}', 0.0)
    assert (failure.kind, failure.message) == (FailureKind.RATE_LIMITED, "m")


@pytest.mark.parametrize(
    "url", ["", "nonsense", "ftp://x", "https://", "https://u:p@x", "https://x?a=b", "https://x/#f"]
)
def test_an_address_that_cannot_be_one_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="expected an http"):
        BedrockUpstream(url)


def test_no_more_paths_than_some_are_kept() -> None:
    upstream = BedrockUpstream(endpoint("eu-central-1"))
    envelope = read_envelope(BODY, model="smart", is_stream=False, max_depth=9)
    for number in range(1100):
        path = upstream.prepare(envelope, Target("t", "p", f"m{number}"), "", b"").path
        assert path == b"/model/m%d/converse" % number
    assert len(upstream._paths) == 1024
