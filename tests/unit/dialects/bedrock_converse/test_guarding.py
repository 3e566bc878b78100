"""Bedrock's own guardrail: the operator's is on every request, and nothing else of the request changes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from stellwerk import plugins
from stellwerk.core.chat import ChatRequest, Message, Role
from stellwerk.core.part import Text
from stellwerk.core.route import Target
from stellwerk.dialects.bedrock_converse.guarding import NativeGuardrail, guard
from stellwerk.dialects.bedrock_converse.request import read_envelope
from stellwerk.errors import ConfigurationError, InvalidRequest
from stellwerk.ports.provider import Provider
from stellwerk.providers.bedrock import Settings, build

GUARDRAIL = NativeGuardrail("abc123", "7")
OURS = {"guardrailIdentifier": "abc123", "guardrailVersion": "7"}
TARGET = Target("aws/m", "aws", "m")


def config(body: bytes, **options: Any) -> Any:
    guarded = msgspec.json.decode(guard(body, msgspec.structs.replace(GUARDRAIL, **options), is_stream=False))
    return guarded["guardrailConfig"]


@pytest.mark.parametrize(
    "asked",
    [
        b"null",
        b"{}",
        b"7",
        b'{"trace":7}',
        b'{"guardrailIdentifier":"mine","guardrailVersion":"1"}',
        b'{"streamProcessingMode":"async"}',
    ],
)
def test_a_caller_has_no_guardrail_but_the_operators(asked: bytes) -> None:
    assert config(b'{"guardrailConfig":' + asked + b"}") == OURS


def test_a_caller_may_ask_for_a_trace_where_the_operator_says_nothing() -> None:
    asked = b'{"guardrailConfig":{"trace":"enabled"}}'
    assert config(asked) == OURS | {"trace": "enabled"}
    assert config(asked, trace="disabled") == OURS | {"trace": "disabled"}


def test_all_else_stays_as_it_came() -> None:
    body = b'{ "messages" : [ ] ,"x":1.10}'
    assert guard(body, GUARDRAIL, is_stream=False).endswith(b' "messages" : [ ] ,"x":1.10}')


@pytest.mark.parametrize("name", [b"guardrailConfig", b"guardrail\\u0043onfig"])
def test_two_guardrails_are_refused(name: bytes) -> None:
    with pytest.raises(InvalidRequest):
        guard(b'{"guardrailConfig":{},"' + name + b'":{}}', GUARDRAIL, is_stream=False)


@pytest.mark.parametrize("options", [{"id": "My Guardrail"}, {"id": "abc", "version": "latest"}])
def test_what_bedrock_would_refuse_is_refused_before(options: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="guardrail"):
        plugins.build("providers", "bedrock", {"region": "eu-central-1", "api_key": "k", "guardrail": options})


def test_every_request_of_a_provider_goes_under_its_guardrail() -> None:
    provider: Provider = build(Settings(region="eu-central-1", api_key="k", guardrail=GUARDRAIL), environment={})
    for is_stream in (False, True):
        envelope = read_envelope(b'{"messages":[]}', model="smart", is_stream=is_stream, max_depth=9)
        request = ChatRequest("smart", (Message(Role.USER, (Text("Hi"),)),), is_stream=is_stream)
        for asked in (provider.prepare(envelope, TARGET, "", b""), provider.prepare_chat(request, TARGET, "", b"")):
            expected = OURS | ({"streamProcessingMode": "sync"} if is_stream else {})
            assert msgspec.json.decode(asked.body)["guardrailConfig"] == expected
