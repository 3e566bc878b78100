"""Whole requests to the neutral form: what each thing becomes, what stays opaque, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from stellwerk.core.chat import ChatRequest, JsonSchemaFormat, Message, Reasoning, Role
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import (
    CacheMark,
    Citation,
    Document,
    FileSource,
    Image,
    InlineSource,
    OpaquePart,
    RedactedThinking,
    SearchResult,
    Text,
    TextSource,
    Thinking,
    ToolCall,
    ToolResult,
    UrlSource,
)
from stellwerk.core.tool import FunctionTool, OpaqueTool, ToolChoice, ToolMode, ToolName
from stellwerk.dialects.anthropic_messages.request import decode, encode
from stellwerk.errors import InvalidRequest


def body(*content: Any, role: str = "user", **rest: Any) -> bytes:
    """A request whose only message has this content."""
    messages = [{"role": role, "content": list(content)}]
    return json.dumps({"model": "m", "max_tokens": 9, "messages": messages, **rest}).encode()


def request(*content: Any, **rest: Any) -> ChatRequest:
    return decode(body(*content, **rest))


def parts(*content: Any, role: str = "user") -> tuple[Any, ...]:
    return request(*content, role=role).messages[0].parts


def refusal(data: bytes) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as raised:
        decode(data)
    return raised.value


def survives(data: bytes) -> ChatRequest:
    """The neutral request, which encodes to the same JSON again."""
    decoded = decode(data)
    assert json.loads(encode(decoded)) == json.loads(data)
    return decoded


def test_blocks_become_what_they_are() -> None:
    def source(kind: str, **rest: str) -> dict[str, Any]:
        return {"type": kind, **rest}

    text = source("text", media_type="text/plain", data="a")
    assert parts(
        {"type": "text", "text": "look", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        {"type": "image", "source": source("base64", media_type="image/png", data="AA==")},
        {"type": "image", "source": source("url", url="https://x/y.png")},
        {"type": "document", "source": source("file", file_id="f"), "title": "t", "context": "c"},
        {"type": "document", "source": text, "citations": {"enabled": True}},
        {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "p"}]},
    ) == (
        Text("look", CacheMark("1h")),
        Image(InlineSource("image/png", "AA==")),
        Image(UrlSource("https://x/y.png")),
        Document(FileSource("f"), "t", "c"),
        Document(TextSource("a"), cites=True),
        SearchResult("s", "t", (Text("p"),)),
    )


def test_an_assistants_blocks_become_what_they_are() -> None:
    citation = {"type": "char_location", "cited_text": "c", "document_index": 1, "document_title": "t"}
    said = parts(
        {"type": "thinking", "thinking": "t", "signature": "s"},
        {"type": "thinking", "thinking": "t", "signature": ""},
        {"type": "redacted_thinking", "data": "d"},
        {"type": "text", "text": "x", "citations": [citation]},
        {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}},
        {"type": "server_tool_use", "id": "b", "name": "web_search", "input": {}},
        role="assistant",
    )
    assert said[:3] == (Thinking("t", "s"), Thinking("t"), RedactedThinking("d"))
    (found,) = said[3].citations
    assert isinstance(found, Citation)
    assert (found.title, found.cited_text, found.document_index, found.url) == ("t", "c", 1, None)
    assert said[4] == ToolCall("a", "f", '{"x": 1}')
    assert isinstance(said[5], OpaquePart)
    assert said[5].kind == "server_tool_use"


def test_results_of_tools_become_a_message_of_their_own() -> None:
    result = {"type": "tool_result", "tool_use_id": "a", "content": "1", "is_error": True}
    decoded = survives(body(result, {"type": "text", "text": "go"}))
    assert decoded.messages == (
        Message(Role.TOOL, (ToolResult("a", (Text("1"),), is_error=True),)),
        Message(Role.USER, (Text("go"),)),
    )


def test_results_behind_text_come_first_when_they_are_written() -> None:
    text, result = {"type": "text", "text": "go"}, {"type": "tool_result", "tool_use_id": "a"}
    decoded = request(text, result)
    assert [message.role for message in decoded.messages] == [Role.USER, Role.TOOL]
    assert json.loads(encode(decoded))["messages"][0]["content"] == [result, text]


def test_system_becomes_the_first_message() -> None:
    decoded = survives(body({"type": "x"}, system="s"))
    assert decoded.messages[0] == Message(Role.SYSTEM, (Text("s"),))
    assert len(decode(body(system=None)).messages) == 1


@pytest.mark.parametrize(
    "block",
    [
        {"type": "brand_new", "x": [None]},
        {"type": "text", "text": 5},
        {"type": "image", "source": {"type": "brand_new"}},
        {"type": "image", "source": "x"},
        {"type": "document", "source": {"type": "text", "media_type": "text/html", "data": "x"}},
        {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "image"}]},
        {"type": "tool_use", "id": "", "name": "f", "input": {}},
        {"type": "tool_use", "id": "a", "name": "f", "input": []},
        {"type": "tool_result"},
        {"type": "tool_result", "tool_use_id": "a", "content": [{"no": "type"}]},
    ],
)
def test_a_block_of_an_unknown_shape_stays_opaque_and_goes_back_as_it_came(block: dict[str, Any]) -> None:
    (part,) = survives(body(block)).messages[0].parts
    assert isinstance(part, OpaquePart)
    assert part.kind == block["type"]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "text", "text": "x", "cache_control": {"type": "brand_new"}},
        {"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "30m"}},
        {"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "x": 1}},
        {"type": "text", "text": "x", "cache_control": 5},
        {"type": "text", "text": "x", "citations": []},
        {"type": "text", "text": "x", "citations": None},
        {"type": "text", "text": "x", "citations": [{"type": "brand_new"}]},
        {"type": "text", "text": "x", "citations": [{"no": "type"}]},
        {"type": "text", "text": "x", "citations": [5]},
        {"type": "text", "text": "x", "citations": [{"type": "web_search_result_location"}]},
        {"type": "document", "source": {"type": "url", "url": "u", "x": 1}, "citations": {"enabled": True, "x": 1}},
        {"type": "document", "source": {"type": "url", "url": "u"}, "citations": {}},
        {"type": "document", "source": {"type": "url", "url": "u"}, "citations": 5},
        {"type": "tool_result", "tool_use_id": "a", "content": []},
        {"type": "tool_result", "tool_use_id": "a", "content": "", "x": 1},
        {"type": "tool_result", "tool_use_id": "a", "content": [{"type": "thinking", "x": 1}]},
        {"type": "tool_use", "id": "a", "name": "f", "input": {}, "extra_content": {"x": 1}},
        {"type": "tool_use", "id": "a", "name": "f", "input": {}, "extra_content": 5},
        {
            "type": "tool_use",
            "id": "a",
            "name": "f",
            "input": {},
            "extra_content": {"google": {"thought_signature": "s", "x": 1}},
        },
    ],
)
def test_what_is_not_known_of_a_block_goes_back_beside_what_is(block: dict[str, Any]) -> None:
    (part,) = survives(body(block)).messages[0].parts
    assert not isinstance(part, OpaquePart)


def test_complaint_28_a_thought_signature_comes_back_with_its_call_and_is_not_sent_to_the_provider() -> None:
    call = {"type": "tool_use", "id": "a", "name": "f", "input": {}}
    decoded = request(call | {"extra_content": {"google": {"thought_signature": "c2ln"}}}, role="assistant")
    assert decoded.messages[0].parts == (ToolCall("a", "f", "{}", signature="c2ln"),)
    assert json.loads(encode(decoded))["messages"][0]["content"] == [call]


@pytest.mark.parametrize(
    ("thinking", "reasoning"),
    [
        ({"type": "enabled", "budget_tokens": 2000}, Reasoning(budget_tokens=2000, is_enabled=True)),
        ({"type": "adaptive", "display": "omitted"}, Reasoning(is_enabled=True, display="omitted")),
        ({"type": "disabled"}, Reasoning(is_enabled=False)),
        ({"type": "between_tools"}, None),
        ({"type": "enabled"}, None),
        ({"type": "enabled", "budget_tokens": 0}, None),
        (5, None),
    ],
)
def test_thinking_becomes_reasoning_or_stays_opaque(thinking: Any, reasoning: Reasoning | None) -> None:
    own = None if reasoning is None else msgspec.structs.replace(reasoning, opaque=Opaque("anthropic_messages", {}))
    assert survives(body(thinking=thinking)).reasoning == own


def test_effort_and_format_are_read_from_their_place() -> None:
    schema = {"type": "object"}
    config = {"effort": "low", "format": {"type": "json_schema", "schema": schema, "x": 1}, "x": 2}
    decoded = survives(body(output_config=config))
    assert decoded.reasoning == Reasoning("low", opaque=Opaque("anthropic_messages", {}))
    assert isinstance(decoded.output_format, JsonSchemaFormat)
    assert decoded.output_format.schema is not None
    assert json.loads(bytes(decoded.output_format.schema)) == schema


@pytest.mark.parametrize("format_", [{"type": "brand_new"}, {"type": "json_schema"}, 5])
def test_a_format_that_is_not_known_stays_opaque(format_: Any) -> None:
    assert survives(body(output_config={"format": format_})).output_format is None


@pytest.mark.parametrize(
    ("choice", "neutral", "is_allowed"),
    [
        ({"type": "auto"}, ToolChoice(ToolMode.AUTO), None),
        ({"type": "any", "disable_parallel_tool_use": True}, ToolChoice(ToolMode.REQUIRED), False),
        (
            {"type": "tool", "name": "f", "disable_parallel_tool_use": False},
            ToolChoice(ToolMode.REQUIRED, (ToolName("f"),)),
            True,
        ),
        ({"type": "none"}, ToolChoice(ToolMode.NONE), None),
        ({"type": "brand_new"}, None, None),
        ({"type": "tool"}, None, None),
        (5, None, None),
    ],
)
def test_a_choice_is_read_with_whether_calls_may_be_parallel(
    choice: Any, neutral: ToolChoice | None, is_allowed: bool | None
) -> None:
    decoded = survives(body(tool_choice=choice))
    assert (decoded.tool_choice, decoded.is_parallel_allowed) == (neutral, is_allowed)


def test_tools_are_the_callers_or_the_providers() -> None:
    own, server = {"name": "f", "input_schema": {"type": "object"}}, {"type": "web_search_20250305", "name": "w"}
    decoded = survives(body(tools=[own, {**own, "type": "custom"}, {**own, "type": None}, server, {"type": 5, **own}]))
    kinds = [type(tool) for tool in decoded.tools]
    assert kinds == [FunctionTool, FunctionTool, FunctionTool, OpaqueTool, FunctionTool]


def test_settings_of_the_user_and_the_tier_are_read() -> None:
    decoded = survives(body(metadata={"user_id": "u", "x": 1}, service_tier="auto"))
    assert (decoded.user, decoded.service_tier) == ("u", "auto")
    assert survives(body(service_tier="brand_new")).service_tier is None
    assert decode(body(metadata=None, output_config=None, thinking=None, tool_choice=None)).user is None
    assert decode(body(output_config={"format": None})).output_format is None


def test_a_limit_is_demanded_except_where_tokens_are_counted() -> None:
    data = b'{"model":"m","messages":[]}'
    assert refusal(data).message == "Missing required parameter: 'max_tokens'."
    assert decode(data, is_count=True).output_cap is None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "The request body is not valid JSON: Input data was truncated."),
        (b"[]", "Invalid type for 'request body': expected an object, but got an array instead."),
        (b'{"x":"\xff"}', "The request body is not valid JSON: 'utf-8' codec can't decode"),
        (b'{"messages":[],"max_tokens":1}', "Missing required parameter: 'model'."),
        (b'{"model":"m","max_tokens":1}', "Missing required parameter: 'messages'."),
        (b'{"model":"m","model":"n","messages":[]}', "Duplicate parameter: 'model'."),
        (
            b'{"model":"m","max_tokens":1,"messages":[{"content":"x"}]}',
            "Missing required parameter: 'messages[0].role'.",
        ),
        (
            b'{"model":"m","max_tokens":1,"messages":[{"role":"tool","content":"x"}]}',
            "Invalid value: 'tool'. Supported values are: 'user', 'assistant', 'system'.",
        ),
        (
            b'{"model":"m","max_tokens":1,"messages":[{"role":"user"}]}',
            "Missing required parameter: 'messages[0].content'.",
        ),
        (
            b'{"model":"m","max_tokens":1,"messages":[{"role":"user","content":5}]}',
            "Invalid type for 'messages[0].content': expected a string, but got an integer instead.",
        ),
        (
            b'{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{}]}]}',
            "Missing required parameter: 'messages[0].content[0].type'.",
        ),
        (
            b'{"model":"m","max_tokens":1,"system":[5],"messages":[]}',
            "Invalid type for 'system[0]': expected an object, but got an integer instead.",
        ),
        (
            b'{"model":"m","max_tokens":1,"messages":[],"tools":[{"name":"f"}]}',
            "Missing required parameter: 'tools[0].input_schema'.",
        ),
        (
            b'{"model":"m","max_tokens":1,"messages":[],"temperature":"hot"}',
            "Invalid type for 'temperature': expected a number, but got a string instead.",
        ),
        (b'{"model":"m","max_tokens":1,"messages":' + b"[" * 100_000, "The request body is nested too deeply."),
    ],
)
def test_wrong_requests_are_refused_with_what_and_where(data: bytes, message: str) -> None:
    assert refusal(data).message.startswith(message)


def test_a_body_with_spaces_in_it_is_read_as_well() -> None:
    assert decode(b'{ "model": "m",\n"max_tokens": 1, "messages": [] }').model == "m"
