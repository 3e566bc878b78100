"""What the dialect cannot say: refused by name where the answer would be another, else dropped."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from stellwerk.core.chat import ChatRequest, Message, Reasoning, Role
from stellwerk.core.loss import judge
from stellwerk.core.part import (
    Audio,
    Document,
    Image,
    InlineSource,
    OpaquePart,
    Part,
    RedactedThinking,
    SearchResult,
    Text,
    TextSource,
    Thinking,
    ToolResult,
    UrlSource,
)
from stellwerk.core.tool import OpaqueTool
from stellwerk.dialects.openai_chat.losses import LOSSES
from stellwerk.dialects.openai_chat.request import decode
from stellwerk.errors import InvalidRequest

RAW = msgspec.Raw(b"{}")
IMAGE = Image(InlineSource("image/png", "aGk="))


def asked(*parts: Part, **rest: Any) -> ChatRequest:
    return ChatRequest("m", (Message(Role.USER, parts),), **rest)


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (asked(Audio(UrlSource("https://example.com/a.wav"))), "messages.audio"),
        (asked(Audio(transcript="said")), "messages.audio"),
        (asked(tools=(OpaqueTool("gemini", "googleSearch", RAW),)), "tools.opaque"),
    ],
)
def test_what_would_change_the_answer_is_refused_by_name(request_: ChatRequest, field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        judge(LOSSES, request_)
    assert caught.value.param == field


DROPPED = {
    "reasoning.budget_tokens": asked(reasoning=Reasoning(budget_tokens=1024)),
    "reasoning.is_enabled": asked(reasoning=Reasoning(is_enabled=True)),
    "reasoning.display": asked(reasoning=Reasoning("low", display="omitted")),
    "messages.thinking.signature": asked(Thinking("hm", "sig")),
    "messages.redacted_thinking": asked(RedactedThinking("x")),
    "messages.text.signature": asked(Text("x", signature="sig")),
    "messages.document.context": asked(Document(TextSource("x"), cites=True)),
    "messages.search_result.cites": asked(SearchResult("s", "t", (), cites=True)),
    "messages.tool_result.is_error": asked(ToolResult("a", (), is_error=True)),
    "messages.tool_result.media": asked(ToolResult("a", (Text("x"), IMAGE))),
    "messages.opaque": asked(ToolResult("a", (OpaquePart("gemini", "code", RAW),))),
}


@pytest.mark.parametrize("field", DROPPED)
def test_what_the_answer_can_do_without_is_dropped_by_name(field: str) -> None:
    assert judge(LOSSES, DROPPED[field]) == (field,)


def test_the_table_names_each_field_once_and_every_one_is_tested() -> None:
    fields = [loss.field for loss in LOSSES]
    assert len(set(fields)) == len(fields)
    assert {loss.field for loss in LOSSES if not loss.is_refused} == set(DROPPED)


@pytest.mark.parametrize(
    "request_",
    [
        asked(Text("x"), Audio(InlineSource("audio/wav", "aGk=")), Audio(id="said"), Document(TextSource("x"), "n")),
        asked(reasoning=Reasoning("low", 1024, is_enabled=True)),
        asked(ToolResult("a", (Text("x"), Document(TextSource("x"))), is_error=False)),
        asked(tools=(OpaqueTool("openai_chat", "web_search", RAW),)),
    ],
)
def test_what_can_be_said_is_no_loss(request_: ChatRequest) -> None:
    assert judge(LOSSES, request_) == ()


def test_media_that_a_caller_of_this_dialect_puts_into_a_result_stay_there() -> None:
    body = (
        b'{"model":"m","messages":[{"role":"tool","tool_call_id":"a","content":'
        b'[{"type":"image_url","image_url":{"url":"data:image/png;base64,aGk="}}]}]}'
    )
    assert judge(LOSSES, decode(body)) == ()
