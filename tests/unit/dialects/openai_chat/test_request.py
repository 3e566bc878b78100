"""Whole requests to the neutral form: what each thing becomes, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from stellwerk.core.chat import ChatRequest, JsonSchemaFormat, Message, Reasoning, Role
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import (
    Audio,
    CacheMark,
    Document,
    FileSource,
    Image,
    InlineSource,
    OpaquePart,
    RedactedThinking,
    Refusal,
    SearchResult,
    Text,
    TextSource,
    Thinking,
    ToolCall,
    ToolKind,
    ToolResult,
    UrlSource,
    Video,
)
from stellwerk.core.tool import CustomTool, FunctionTool, OpaqueTool, ToolChoice, ToolMode, ToolName
from stellwerk.dialects.members import SPELLING
from stellwerk.dialects.openai_chat.request import decode, encode
from stellwerk.errors import InvalidRequest


def request(*messages: dict[str, Any], **rest: Any) -> ChatRequest:
    return decode(json.dumps({"model": "m", "messages": messages, **rest}).encode())


def parts(message: dict[str, Any]) -> tuple[Any, ...]:
    return request(message).messages[0].parts


def wire(*messages: Message, **rest: Any) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(encode(ChatRequest("m", messages, **rest)))
    return decoded


def refusal(body: bytes) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as raised:
        decode(body)
    return raised.value


def test_content_parts_become_what_they_are() -> None:
    content = [
        {"type": "text", "text": "look", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        {"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}},
        {"type": "file", "file": {"file_id": "file-1"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBE", "filename": "a.pdf"}},
        {"type": "video_url", "video_url": {"url": "https://example.com/a.mp4"}},
    ]
    assert parts({"role": "user", "content": content}) == (
        Text("look", CacheMark("1h")),
        Image(UrlSource("https://example.com/a.png"), "low"),
        Image(InlineSource("image/png", "AAAA")),
        Audio(InlineSource("audio/wav", "UklG")),
        Document(FileSource("file-1")),
        Document(InlineSource("application/pdf", "JVBE"), "a.pdf"),
        Video(UrlSource("https://example.com/a.mp4")),
    )


@pytest.mark.parametrize(
    "part",
    [
        {"type": "hologram", "x": 1},
        {"type": "text", "text": 5},
        {"type": "image_url", "image_url": "https://example.com/"},
        {"type": "file", "file": {}},
        {"type": "file", "file": {"file_data": "JVBERi0="}},
        {"type": "input_audio", "input_audio": {"data": "x"}},
    ],
)
def test_a_part_of_an_unknown_shape_stays_opaque_and_goes_back_as_it_came(part: dict[str, Any]) -> None:
    decoded = request({"role": "user", "content": [part]})
    opaque = decoded.messages[0].parts[0]
    assert isinstance(opaque, OpaquePart)
    assert opaque.kind == part["type"]
    assert json.loads(encode(decoded))["messages"][0]["content"] == [part]


def test_roles_and_names_are_kept_where_they_stand() -> None:
    decoded = request(
        {"role": "system", "content": "a"},
        {"role": "user", "content": "b", "name": "ann"},
        {"role": "developer", "content": "c"},
    )
    assert [message.role for message in decoded.messages] == [Role.SYSTEM, Role.USER, Role.DEVELOPER]
    assert decoded.messages[1].name == "ann"


def test_an_assistants_turn_holds_thinking_first_and_calls_last() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{"}}
    custom = {"id": "c2", "type": "custom", "custom": {"name": "g", "input": "free"}}
    signed = {**call, "id": "c3", "extra_content": {"google": {"thought_signature": "c2ln"}}}
    turn = {
        "role": "assistant",
        "tool_calls": [call, custom, signed],
        "content": "text",
        "reasoning_content": "hm",
        "audio": {"id": "a1"},
        "refusal": "no",
    }
    assert parts(turn) == (
        Thinking("hm"),
        Text("text"),
        Refusal("no"),
        Audio(id="a1"),
        ToolCall("c1", "f", "{"),
        ToolCall("c2", "g", "free", ToolKind.CUSTOM),
        ToolCall("c3", "f", "{", signature="c2ln"),
    )


@pytest.mark.parametrize(
    "calls",
    [
        [{"type": "function", "function": {"name": "f", "arguments": "{}"}}],
        [{"id": "c", "type": "function", "function": {"name": "f", "arguments": {}}}],
        [{"id": "c", "type": "computer", "computer": {}}],
        [5],
    ],
)
def test_calls_of_an_unknown_shape_stay_opaque_together(calls: list[Any]) -> None:
    decoded = request({"role": "assistant", "content": None, "tool_calls": calls})
    assert decoded.messages[0].parts == ()
    assert json.loads(encode(decoded))["messages"][0]["tool_calls"] == calls


@pytest.mark.parametrize(
    "extra", [{"google": {}}, {"google": 5}, 5, {"other": 1}, {"google": {"thought_signature": None}}]
)
def test_extra_content_without_a_signature_stays_opaque(extra: Any) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}, "extra_content": extra}
    decoded = request({"role": "assistant", "content": None, "tool_calls": [call]})
    assert json.loads(encode(decoded))["messages"][0]["tool_calls"] == [call]


def test_what_stands_beside_a_signature_is_kept() -> None:
    extra = {"google": {"thought_signature": "s", "x": 1}, "y": 2}
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}, "extra_content": extra}
    decoded = request({"role": "assistant", "content": None, "tool_calls": [call]})
    assert json.loads(encode(decoded))["messages"][0]["tool_calls"] == [call]


@pytest.mark.parametrize("audio", [{"voice": "x"}, 5, {"id": "a", "expires_at": "soon"}])
def test_audio_of_an_unknown_shape_stays_opaque(audio: Any) -> None:
    decoded = request({"role": "assistant", "content": "x", "audio": audio})
    assert json.loads(encode(decoded))["messages"][0]["audio"] == audio


@pytest.mark.parametrize(
    "annotations",
    [
        [],
        5,
        [{"type": "file_citation", "file_citation": {"file_id": "f"}}],
        [{"type": "url_citation", "url_citation": {"url": 5}}],
    ],
)
def test_annotations_that_are_no_url_citations_stay_opaque(annotations: Any) -> None:
    decoded = request({"role": "assistant", "content": "x", "annotations": annotations})
    assert json.loads(encode(decoded))["messages"][0]["annotations"] == annotations


def test_annotations_stay_opaque_where_it_is_unclear_whose_they_are() -> None:
    citation = {"start_index": 0, "end_index": 1, "url": "https://example.com/", "title": "t"}
    annotations = [{"type": "url_citation", "url_citation": citation}]
    two = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    for content in (two, None):
        decoded = request({"role": "assistant", "content": content, "annotations": annotations})
        assert json.loads(encode(decoded))["messages"][0]["annotations"] == annotations


def test_results_of_tools_are_tool_messages() -> None:
    decoded = request(
        {"role": "tool", "tool_call_id": "c1", "content": "12"},
        {"role": "tool", "tool_call_id": "c2", "content": [{"type": "refusal", "refusal": "no"}], "name": "f"},
        {"role": "function", "name": "f", "content": None},
    )
    assert decoded.messages[0] == Message(Role.TOOL, (ToolResult("c1", (Text("12"),)),))
    second = decoded.messages[1].parts[0]
    assert isinstance(second, ToolResult)
    assert second.name == "f"
    assert isinstance(second.parts[0], OpaquePart)
    assert decoded.messages[2] == Message(
        Role.TOOL, (ToolResult("", (), "f", opaque=Opaque("openai_chat", {"content": SPELLING})),)
    )


def test_tools_become_what_they_are() -> None:
    function = {"name": "f", "description": "d", "parameters": {"type": "object"}, "strict": True}
    decoded = request(
        tools=[
            {"type": "function", "function": function, "cache_control": {"type": "ephemeral"}},
            {"type": "function", "function": {"name": "bare"}},
            {"type": "custom", "custom": {"name": "g", "format": {"type": "text"}}},
            {"type": "web_search"},
            {"type": "function", "function": "odd"},
        ]
    )
    assert decoded.tools == (
        FunctionTool("f", "d", msgspec.Raw(b'{"type": "object"}'), True, CacheMark()),
        FunctionTool("bare"),
        CustomTool("g", format=msgspec.Raw(b'{"type": "text"}')),
        OpaqueTool("openai_chat", "web_search", msgspec.Raw(b'{"type": "web_search"}')),
        OpaqueTool("openai_chat", "function", msgspec.Raw(b'{"type": "function", "function": "odd"}')),
    )


FUNCTION_F = {"type": "function", "function": {"name": "f"}}
CUSTOM_G = {"type": "custom", "custom": {"name": "g"}}
BOTH = (ToolName("f"), ToolName("g", ToolKind.CUSTOM))


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("auto", ToolChoice(ToolMode.AUTO)),
        ("none", ToolChoice(ToolMode.NONE)),
        ("required", ToolChoice(ToolMode.REQUIRED)),
        (FUNCTION_F, ToolChoice(ToolMode.REQUIRED, (ToolName("f"),))),
        (CUSTOM_G, ToolChoice(ToolMode.REQUIRED, (ToolName("g", ToolKind.CUSTOM),))),
        (
            {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [FUNCTION_F, CUSTOM_G]}},
            ToolChoice(ToolMode.REQUIRED, BOTH),
        ),
        (
            {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [FUNCTION_F]}},
            ToolChoice(ToolMode.AUTO, (ToolName("f"),)),
        ),
    ],
)
def test_tool_choices_become_what_they_are_and_come_back(choice: Any, expected: ToolChoice) -> None:
    decoded = request(tool_choice=choice)
    assert decoded.tool_choice == expected
    assert json.loads(encode(decoded))["tool_choice"] == choice


@pytest.mark.parametrize(
    "choice",
    [
        "sometimes",
        5,
        {"type": "mcp", "server_label": "s"},
        {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": []}},
        {"type": "allowed_tools", "allowed_tools": {"mode": "none", "tools": [FUNCTION_F]}},
        {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [{**FUNCTION_F, "x": 1}]}},
    ],
)
def test_a_tool_choice_of_an_unknown_shape_stays_opaque(choice: Any) -> None:
    decoded = request(tool_choice=choice)
    assert decoded.tool_choice is None
    assert json.loads(encode(decoded))["tool_choice"] == choice


def test_no_tool_of_some_is_no_tool() -> None:
    assert wire(tool_choice=ToolChoice(ToolMode.NONE, (ToolName("f"),)))["tool_choice"] == "none"


@pytest.mark.parametrize(
    "mark",
    [{"type": "persistent"}, {"type": "ephemeral", "scope": 1}, 5, {"type": "ephemeral", "ttl": 300}],
)
def test_a_cache_mark_of_an_unknown_shape_stays_opaque(mark: Any) -> None:
    message = {"role": "user", "content": "x", "cache_control": mark}
    decoded = request(message)
    assert decoded.messages[0].cache is None
    assert json.loads(encode(decoded))["messages"] == [message]


def test_null_says_nothing() -> None:
    names = ("temperature", "stop", "tools", "tool_choice", "response_format", "stream_options", "reasoning_effort")
    assert request(**dict.fromkeys(names)) == request()


def test_one_stop_sequence_is_a_list_of_one() -> None:
    assert request(stop="END").stop == request(stop=["END"]).stop == ("END",)


def test_the_older_name_of_the_limit_comes_back_and_of_two_the_newer_counts() -> None:
    older = request(max_tokens=5)
    assert older.output_cap == 5
    assert json.loads(encode(older))["max_tokens"] == 5
    both = request(max_tokens=5, max_completion_tokens=6)
    assert both.output_cap == 6
    sent = json.loads(encode(both))
    assert (sent["max_tokens"], sent["max_completion_tokens"]) == (5, 6)


@pytest.mark.parametrize("value", [{"type": "text"}, {"type": "grammar", "grammar": "x"}, {"type": "json_schema"}, 5])
def test_an_output_format_of_an_unknown_shape_stays_opaque(value: Any) -> None:
    decoded = request(response_format=value)
    assert decoded.output_format is None
    assert json.loads(encode(decoded))["response_format"] == value


@pytest.mark.parametrize(
    ("rest", "message", "param"),
    [
        ('"temperature":"hot"', "expected a number, but got a string instead", "temperature"),
        ('"n":1.5', "expected an integer, but got a decimal number instead", "n"),
        ('"stop":[1]', "expected a string, but got an integer instead", "stop[0]"),
        ('"metadata":{"a":1}', "expected a string, but got an integer instead", "metadata"),
        ('"stream_options":[]', "expected an object, but got an array instead", "stream_options"),
        ('"tools":{}', "expected an array, but got an object instead", "tools"),
        ('"tools":[{}]', "Missing required parameter: 'tools[0].type'", "tools[0].type"),
        ('"tools":[5]', "expected an object, but got an integer instead", "tools[0]"),
    ],
)
def test_scalars_of_wrong_types_are_refused_with_their_place(rest: str, message: str, param: str) -> None:
    error = refusal(f'{{"model":"m","messages":[],{rest}}}'.encode())
    assert message in error.message
    assert error.param == param


@pytest.mark.parametrize(
    ("message", "told", "param"),
    [
        ({}, "Missing required parameter: 'messages[0].role'.", "messages[0].role"),
        (
            {"role": "robot"},
            "Supported values are: 'system', 'developer', 'user', 'assistant', 'tool', 'function'.",
            "messages[0].role",
        ),
        ({"role": "user", "content": 5}, "expected a string, but got an integer", "messages[0].content"),
        ({"role": "user", "content": ["x"]}, "expected an object, but got a string", "messages[0].content[0]"),
        ({"role": "tool", "content": "x"}, "'messages[0].tool_call_id'", "messages[0].tool_call_id"),
    ],
)
def test_wrong_messages_are_refused_with_their_place(message: dict[str, Any], told: str, param: str) -> None:
    error = refusal(json.dumps({"model": "m", "messages": [message]}).encode())
    assert told in error.message
    assert error.param == param


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{", "not valid JSON"),
        (b"[]", "expected an object, but got an array"),
        (b'{"model":"m","messages":[],"x":"\xff"}', "not valid JSON"),
        (b'{"model":"\\ud800","messages":[]}', "not valid JSON"),
        (b'{"model":"m","messages":[],"x":1,"x":2}', "Duplicate parameter: 'x'"),
        (b'{"model":"m","messages":' + b"[" * 5000 + b"]" * 5000 + b"}", "nested too deeply"),
        (b'{"messages":[]}', "Missing required parameter: 'model'"),
    ],
)
def test_what_cannot_be_read_is_refused(body: bytes, told: str) -> None:
    assert told in refusal(body).message


def test_what_only_other_dialects_say_is_left_out_and_the_rest_is_said_as_well_as_can_be() -> None:
    foreign = Opaque("anthropic_messages", {"x": msgspec.Raw(b"1")})
    raw = msgspec.Raw(b"{}")
    sent = wire(
        Message(
            Role.USER,
            (
                Text("a", opaque=foreign),
                OpaquePart("anthropic_messages", "server_tool_use", raw),
                SearchResult("https://example.com/", "Title", (Text("found"),)),
                Document(TextSource("plain"), "notes"),
                Document(UrlSource("https://example.com/a.pdf"), "a.pdf"),
                Image(FileSource("file-1")),
                Image(TextSource("<svg/>")),
                Audio(InlineSource("audio/mpeg", "AA")),
                Audio(transcript="no sound"),
            ),
            opaque=foreign,
        ),
        Message(
            Role.ASSISTANT,
            (Thinking("", "sig"), RedactedThinking("x"), Thinking("a"), Thinking("b"), OpaquePart("gemini", "x", raw)),
        ),
        Message(Role.TOOL, (ToolResult("c1", (Text("1"),), is_error=True), ToolResult("c2", ()))),
        tools=(OpaqueTool("anthropic_messages", "bash_20250124", raw),),
        reasoning=Reasoning(budget_tokens=1024),
        output_format=JsonSchemaFormat(raw),
        opaque=foreign,
    )
    assert sent == {
        "model": "m",
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "a"},
                    {"type": "text", "text": "Title\nhttps://example.com/\nfound"},
                    {"type": "text", "text": "plain"},
                    {"type": "file", "file": {"file_data": "https://example.com/a.pdf", "filename": "a.pdf"}},
                    {"type": "image_url", "image_url": {"url": "file-1"}},
                    {"type": "image_url", "image_url": {"url": "<svg/>"}},
                    {"type": "input_audio", "input_audio": {"data": "AA", "format": "mp3"}},
                ],
            },
            {"role": "assistant", "content": None, "reasoning_content": "ab"},
            {"role": "tool", "tool_call_id": "c1", "content": "1"},
            {"role": "tool", "tool_call_id": "c2", "content": ""},
        ],
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": {}}},
    }
