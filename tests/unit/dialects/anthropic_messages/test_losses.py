"""What this dialect cannot say: each entry is refused, or left out by the encoder, and nothing else is lost."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from stellwerk.core.chat import (
    AudioOutput,
    ChatRequest,
    JsonObjectFormat,
    JsonSchemaFormat,
    Message,
    Reasoning,
    Role,
    Sampling,
)
from stellwerk.core.loss import judge
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import (
    Audio,
    Image,
    InlineSource,
    OpaquePart,
    Part,
    Text,
    Thinking,
    ToolResult,
    UrlSource,
    Video,
)
from stellwerk.core.tool import CustomTool, OpaqueTool
from stellwerk.dialects.anthropic_messages.losses import LOSSES
from stellwerk.dialects.anthropic_messages.request import decode, encode
from stellwerk.errors import InvalidRequest

MARK = "zq-lost"
"""Stands in every value that is lost; no encoded body may hold it."""
SOUND = Audio(InlineSource("audio/wav", MARK))
RAW = msgspec.Raw(b'{"x":"zq-lost"}')


def said(*parts: Part) -> tuple[Message, ...]:
    return (Message(Role.USER, (Text("hello"), *parts)),)


REFUSED: dict[str, dict[str, Any]] = {
    "choices": {"choices": 2},
    "modalities": {"modalities": ("text", "image")},
    "audio": {"audio": AudioOutput("alloy")},
    "messages.audio": {"messages": said(SOUND)},
    "messages.video": {"messages": said(Video(UrlSource("u")))},
    "messages.tool_result.call_id": {"messages": said(ToolResult("", (Text("x"),), "f"))},
    "tools.custom": {"tools": (CustomTool("sql"),)},
    "tools.opaque": {"tools": (OpaqueTool("openai_chat", "web_search", RAW),)},
}
DROPPED: dict[str, dict[str, Any]] = {
    "sampling.frequency_penalty": {"sampling": Sampling(frequency_penalty=0.5)},
    "sampling.presence_penalty": {"sampling": Sampling(presence_penalty=0.5)},
    "sampling.seed": {"sampling": Sampling(seed=7)},
    "wants_logprobs": {"wants_logprobs": True},
    "top_logprobs": {"top_logprobs": 3},
    "output_format": {"output_format": JsonObjectFormat()},
    "output_format.description": {"output_format": JsonSchemaFormat(msgspec.Raw(b"{}"), "a", MARK)},
    "reasoning": {
        "model": "claude-sonnet-4-5",
        "reasoning": Reasoning("high"),
        "sampling": Sampling(temperature=0.5),
    },
    "verbosity": {"verbosity": MARK},
    "metadata": {"metadata": {"a": MARK}},
    "safety_identifier": {"user": "u", "safety_identifier": MARK},
    "service_tier": {"service_tier": MARK},
    "cache_key": {"cache_key": MARK},
    "is_stored": {"is_stored": True},
    "messages.name": {"messages": (Message(Role.USER, (Text("hello"),), MARK),)},
    "messages.position": {"messages": (*said(), Message(Role.SYSTEM, (Text("later"),)))},
    "messages.image.detail": {"messages": said(Image(UrlSource("u"), MARK))},
    "messages.thinking": {"messages": (*said(), Message(Role.ASSISTANT, (Thinking(MARK),)))},
    "messages.opaque": {"messages": said(OpaquePart("gemini", "executableCode", RAW))},
}
PLAIN = json.loads(encode(ChatRequest("m", said())))


def request(members: dict[str, Any]) -> ChatRequest:
    return ChatRequest(**{"model": "m", "messages": said(), **members})


def test_every_entry_of_the_table_has_its_case() -> None:
    assert {loss.field for loss in LOSSES if loss.is_refused} == set(REFUSED)
    assert {loss.field for loss in LOSSES if not loss.is_refused} == set(DROPPED)


@pytest.mark.parametrize("field", REFUSED)
def test_what_would_change_the_answer_is_refused_by_name(field: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        judge(LOSSES, request(REFUSED[field]))
    assert raised.value.param == field
    assert field in raised.value.message


@pytest.mark.parametrize("field", DROPPED)
def test_what_is_dropped_is_told_and_is_really_left_out(field: str) -> None:
    lost = request(DROPPED[field])
    assert judge(LOSSES, lost) == (field,)
    body = encode(lost)
    assert MARK.encode() not in body
    kept = {
        "model": {"model"},
        "sampling": {"temperature"},
        "user": {"metadata"},
        "output_format": {"output_config"},
        "messages": {"system", "messages"},
    }
    allowed = {name for member in DROPPED[field] for name in kept.get(member, ())}
    assert {name: value for name, value in json.loads(body).items() if name not in allowed} == {
        name: value for name, value in PLAIN.items() if name not in allowed
    }


@pytest.mark.parametrize("field", REFUSED)
def test_the_encoder_leaves_out_what_is_refused_too(field: str) -> None:
    assert MARK.encode() not in encode(request(REFUSED[field]))


def test_sound_in_a_tools_answer_is_refused_as_well() -> None:
    with pytest.raises(InvalidRequest):
        judge(LOSSES, request({"messages": said(ToolResult("c", (SOUND,)))}))


def test_a_request_that_loses_nothing_is_not_judged() -> None:
    harmless = request(
        {
            "choices": 1,
            "modalities": ("text",),
            "is_stored": False,
            "service_tier": "default",
            "safety_identifier": "s",
            "wants_logprobs": False,
            "messages": (Message(Role.SYSTEM, (Text("a"),)), *said(Audio(transcript="x"), Thinking("a", "s"))),
            "opaque": Opaque("openai_chat", {}),
        }
    )
    assert judge(LOSSES, harmless) == ()
    own = {
        "model": "m",
        "max_tokens": 1,
        "messages": [{"role": "user", "content": "a"}, {"role": "system", "content": "b"}],
        "tools": [{"type": "web_search_20250305", "name": "web_search"}],
    }
    assert judge(LOSSES, decode(json.dumps(own).encode())) == ()


def test_a_format_without_its_schema_is_lost() -> None:
    assert judge(LOSSES, request({"output_format": JsonSchemaFormat(None, "a")})) == ("output_format",)
