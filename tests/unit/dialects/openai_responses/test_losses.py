"""What the dialect cannot say: refused by name where the answer would be another, else dropped."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from stellwerk.core.chat import AudioOutput, ChatRequest, JsonSchemaFormat, Message, Reasoning, Role, Sampling
from stellwerk.core.loss import judge
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import (
    Audio,
    CacheMark,
    Document,
    FileSource,
    InlineSource,
    OpaquePart,
    Part,
    RedactedThinking,
    SearchResult,
    Text,
    Thinking,
    ToolResult,
    UrlSource,
    Video,
)
from stellwerk.core.tool import FunctionTool, OpaqueTool
from stellwerk.dialects.openai_responses.losses import BOUND, LOSSES
from stellwerk.dialects.openai_responses.request import decode
from stellwerk.errors import InvalidRequest

RAW = msgspec.Raw(b"{}")
MARKED = {"type": "input_text", "text": "x", "prompt_cache_breakpoint": {"mode": "explicit"}}
VIDEO = Video(UrlSource("u"))


def asked(*parts: Part, **rest: Any) -> ChatRequest:
    return ChatRequest("m", (Message(Role.USER, parts),), **rest)


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (asked(stop=("x",)), "stop"),
        (asked(choices=2), "choices"),
        (asked(modalities=("text", "audio")), "modalities"),
        (asked(audio=AudioOutput("v")), "audio"),
        (asked(tools=(OpaqueTool("gemini", "search", RAW),)), "tools"),
        (asked(OpaquePart("gemini", "code", RAW)), "messages.opaque"),
        (asked(output_format=JsonSchemaFormat(None)), "output_format.schema"),
        (asked(VIDEO), "messages.video"),
        (asked(ToolResult("a", (VIDEO,))), "messages.video"),
        (asked(Audio(id="a")), "messages.audio"),
    ],
)
def test_what_would_change_the_answer_is_refused_by_name(request_: ChatRequest, field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        judge(LOSSES, request_)
    assert caught.value.param == field


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (asked(sampling=Sampling(top_k=1)), "sampling.top_k"),
        (asked(sampling=Sampling(frequency_penalty=1)), "sampling.frequency_penalty"),
        (asked(sampling=Sampling(presence_penalty=1)), "sampling.presence_penalty"),
        (asked(sampling=Sampling(seed=1)), "sampling.seed"),
        (asked(reasoning=Reasoning(budget_tokens=1)), "reasoning.budget_tokens"),
        (asked(reasoning=Reasoning(is_enabled=True)), "reasoning.is_enabled"),
        (ChatRequest("m", (Message(Role.USER, (), "bob"),)), "messages.name"),
        (ChatRequest("m", (Message(Role.USER, (), cache=CacheMark()),)), "cache"),
        (asked(Text("x", CacheMark("5m"))), "cache"),
        (asked(tools=(FunctionTool("f", cache=CacheMark()),)), "cache"),
        (asked(Thinking("unsigned")), "messages.thinking"),
        (asked(RedactedThinking("x")), "messages.thinking"),
        (asked(ToolResult("a", (), is_error=True)), "messages.is_error"),
        (asked(Document(FileSource("f"), context="c")), "messages.context"),
        (asked(SearchResult("s", "t", (), cites=True)), "messages.cites"),
        (asked(opaque=Opaque("openai_chat", {"logit_bias": RAW})), "opaque"),
    ],
)
def test_what_an_answer_can_do_without_is_dropped(request_: ChatRequest, field: str) -> None:
    assert judge(LOSSES, request_) == (field,)


def test_nothing_is_lost_of_what_the_dialect_has() -> None:
    body = {
        "model": "m",
        "input": [
            {"role": "user", "content": [MARKED]},
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "s"}]},
            {"type": "web_search_call", "id": "ws_1"},
        ],
        "tools": [{"type": "web_search"}],
        "x_new": 1,
    }  # fmt: skip
    assert judge(LOSSES, decode(json.dumps(body).encode())) == ()
    marked = Opaque("openai_chat", {"max_tokens": msgspec.Raw(b"null")})
    plain = asked(Audio(InlineSource("audio/wav", "x")), Thinking("", "gAAAAABx"), modalities=("text",), opaque=marked)
    assert judge(LOSSES, plain) == ()


@pytest.mark.parametrize(
    ("member", "value"),
    [("previous_response_id", "resp_1"), ("conversation", {"id": "c"}), ("prompt", {"id": "p"}), ("background", True)],
)
def test_what_ties_a_request_to_a_host_of_this_dialect_is_refused_elsewhere(member: str, value: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        judge(BOUND, decode(json.dumps({"model": "m", member: value}).encode()))
    assert caught.value.param == member


def test_what_says_nothing_ties_nothing() -> None:
    wire: dict[str, Any] = {
        "model": "m",
        "previous_response_id": None,
        "background": False,
        "truncation": "auto",
        "include": [],
    }
    assert judge(BOUND, decode(json.dumps(wire).encode())) == ("truncation",)
    assert judge(BOUND, asked()) == ()
