"""Requests between this dialect and the neutral form, and from other dialects into this one."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from openai.types.responses.response_create_params import ResponseCreateParams
from pydantic import TypeAdapter

from stellwerk.core.chat import (
    ChatRequest,
    JsonObjectFormat,
    JsonSchemaFormat,
    Message,
    Reasoning,
    Role,
    Sampling,
)
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import (
    Audio,
    CacheMark,
    Citation,
    Document,
    FileSource,
    Image,
    InlineSource,
    OpaquePart,
    Part,
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
from stellwerk.dialects.openai_chat import request as chat
from stellwerk.dialects.openai_responses.request import decode, encode
from stellwerk.errors import InvalidRequest

SCHEMA = msgspec.Raw(b'{"type":"object"}')
OFFICIAL = TypeAdapter(ResponseCreateParams)


def read(**wire: Any) -> ChatRequest:
    return decode(json.dumps({"model": "m", **wire}, ensure_ascii=False).encode())


def written(*messages: Message, **rest: Any) -> Any:
    wire = json.loads(encode(ChatRequest("m", messages, **rest)))
    OFFICIAL.validate_python(wire)
    return wire


def user(*parts: Part) -> Message:
    return Message(Role.USER, parts)


def assistant(*parts: Part) -> Message:
    return Message(Role.ASSISTANT, parts)


# ---------------------------------------------------------------------------------------------------- into neutral


def test_instructions_are_the_first_message_and_a_string_is_a_users_text() -> None:
    messages = read(instructions="Be kind.", input="Hi").messages
    assert [(message.role, message.parts) for message in messages] == [
        (Role.SYSTEM, (Text("Be kind."),)),
        (Role.USER, (Text("Hi"),)),
    ]


def test_what_the_model_said_in_one_go_is_one_turn_and_results_are_messages_of_their_own() -> None:
    messages = read(
        input=[
            {"role": "user", "content": "q"},
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAAAB"},
            {"role": "assistant", "content": "I look."},
            {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"},
            {"type": "custom_tool_call", "call_id": "b", "name": "g", "input": "x"},
            {"type": "function_call_output", "call_id": "a", "output": "1"},
            {"type": "custom_tool_call_output", "call_id": "b", "output": "2"},
        ]
    ).messages
    assert [message.role for message in messages] == [Role.USER, Role.ASSISTANT, Role.TOOL, Role.TOOL]
    thinking, text, call, custom = messages[1].parts
    assert isinstance(thinking, Thinking)
    assert (thinking.id, thinking.signature, thinking.text) == ("rs_1", "gAAAAAB", "")
    assert isinstance(text, Text)
    assert isinstance(call, ToolCall)
    assert isinstance(custom, ToolCall)
    assert (call.id, call.name, call.arguments, call.kind) == ("a", "f", "{}", ToolKind.FUNCTION)
    assert (custom.kind, custom.arguments) == (ToolKind.CUSTOM, "x")
    results = [part for message in messages[2:] for part in message.parts if isinstance(part, ToolResult)]
    assert [(result.call_id, result.kind) for result in results] == [("a", ToolKind.FUNCTION), ("b", ToolKind.CUSTOM)]


def test_each_text_of_reasoning_is_a_part_and_the_last_has_the_signature() -> None:
    item = {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}],
        "content": [{"type": "reasoning_text", "text": "c"}],
        "encrypted_content": "s",
    }
    request = read(input=[item])
    parts = [part for part in request.messages[0].parts if isinstance(part, Thinking)]
    assert [(part.text, part.is_summary, part.signature) for part in parts] == [
        ("a", True, None),
        ("b", True, None),
        ("c", False, "s"),
    ]
    assert json.loads(encode(request))["input"] == [item]


@pytest.mark.parametrize(
    "item",
    [
        {"type": "item_reference", "id": "msg_1"},
        {"id": "msg_1"},
        {"type": "web_search_call", "id": "ws_1"},
        {"type": "reasoning", "summary": [{"type": "new", "text": "x"}]},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": ""}]},
        {"type": "function_call", "call_id": "", "name": "f", "arguments": ""},
        {"type": "function_call", "call_id": "a"},
        {"type": "message", "role": "assistant", "content": []},
        {"type": "message", "role": "assistant", "content": [{"type": "new"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "x"}, {"type": "new"}]},
    ],
)
def test_an_item_that_only_this_dialect_knows_stays_as_it_came_in_the_models_turn(item: dict[str, Any]) -> None:
    request = read(input=[item])
    (part,) = request.messages[0].parts
    assert request.messages[0].role is Role.ASSISTANT
    assert isinstance(part, OpaquePart)
    assert msgspec.json.decode(part.raw) == item
    assert json.loads(encode(request))["input"] == [item]


@pytest.mark.parametrize("kind", ["computer_call_output", "mcp_approval_response", "local_shell_call_output"])
def test_what_callers_add_to_built_in_tools_is_theirs(kind: str) -> None:
    message = read(input=[{"type": kind, "x": 1}]).messages[0]
    assert message.role is Role.USER
    assert isinstance(message.parts[0], OpaquePart)


def test_content_is_understood_part_by_part() -> None:
    parts = read(
        input=[
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "t"},
                    {"type": "input_image", "image_url": "https://example.com/a.png", "detail": "low"},
                    {"type": "input_image", "image_url": "data:image/png;base64,aGk="},
                    {"type": "input_image", "file_id": "file-1"},
                    {"type": "input_file", "file_id": "file-2", "filename": "a"},
                    {"type": "input_file", "file_url": "https://example.com/a.pdf"},
                    {"type": "input_file", "file_data": "data:application/pdf;base64,aGk=", "filename": "a.pdf"},
                    {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "mp3"}},
                ],
            }
        ]
    ).messages[0].parts  # fmt: skip
    sources = [getattr(part, "source", None) for part in parts]
    assert sources == [
        None,
        UrlSource("https://example.com/a.png"),
        InlineSource("image/png", "aGk="),
        FileSource("file-1"),
        FileSource("file-2"),
        UrlSource("https://example.com/a.pdf"),
        InlineSource("application/pdf", "aGk="),
        InlineSource("audio/mp3", "aGk="),
    ]


@pytest.mark.parametrize(
    "part",
    [
        {"type": "input_image"},
        {"type": "input_image", "image_url": "u", "file_id": "f"},
        {"type": "input_file"},
        {"type": "input_file", "file_id": "f", "file_url": "u"},
        {"type": "input_file", "file_data": "aGk="},
        {"type": "input_audio", "input_audio": {}},
        {"type": "input_text"},
        {"type": "new"},
    ],
)
def test_a_part_of_a_shape_that_is_not_known_stays_opaque(part: dict[str, Any]) -> None:
    request = read(input=[{"role": "user", "content": [part]}])
    assert isinstance(request.messages[0].parts[0], OpaquePart)
    assert json.loads(encode(request))["input"][0]["content"] == [part]


@pytest.mark.parametrize("mark", [{"mode": "odd"}, {"mode": "explicit", "x": 1}, 7, {"mode": 7}])
def test_a_cache_mark_of_another_shape_is_left_where_it_is(mark: Any) -> None:
    part = {"type": "input_text", "text": "x", "prompt_cache_breakpoint": mark}
    request = read(input=[{"role": "user", "content": [part]}])
    assert getattr(request.messages[0].parts[0], "cache", 0) is None
    assert json.loads(encode(request))["input"][0]["content"] == [part]


def test_annotations_of_another_shape_stay_where_they_are() -> None:
    text = {"type": "output_text", "text": "x", "annotations": [{"type": "file_citation", "filename": 7}]}
    request = read(input=[{"role": "assistant", "content": [text]}])
    assert getattr(request.messages[0].parts[0], "citations", 0) == ()
    assert json.loads(encode(request))["input"][0]["content"] == [text]


def test_settings_are_where_the_neutral_form_has_them() -> None:
    request = read(
        input=[],
        tools=[{"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": True}],
        tool_choice={"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f"}]},
        parallel_tool_calls=False,
        temperature=1,
        top_p=0.5,
        max_output_tokens=9,
        reasoning={"effort": "low", "summary": "auto"},
        text={"format": {"type": "json_object"}, "verbosity": "high"},
        include=["message.output_text.logprobs"],
        top_logprobs=2,
        store=True,
        stream=True,
        metadata={"a": "b"},
        service_tier="flex",
        user="u",
        safety_identifier="s",
        prompt_cache_key="k",
    )
    assert request.tool_choice is not None
    assert (request.tool_choice.mode, request.tool_choice.only) == (ToolMode.REQUIRED, (ToolName("f"),))
    assert (request.is_parallel_allowed, request.output_cap, request.verbosity) == (False, 9, "high")
    assert request.sampling == Sampling(1, 0.5)
    assert request.reasoning is not None
    assert (request.reasoning.effort, request.reasoning.display) == ("low", "auto")
    assert isinstance(request.output_format, JsonObjectFormat)
    assert (request.wants_logprobs, request.top_logprobs, request.is_stored) == (True, 2, True)
    assert (request.is_stream, request.wants_usage, request.metadata) == (True, True, {"a": "b"})
    assert (request.service_tier, request.user, request.safety_identifier) == ("flex", "u", "s")
    assert request.cache_key == "k"


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("tool_choice", "odd"),
        ("tool_choice", {"type": "mcp", "server_label": "s"}),
        ("tool_choice", {"type": "allowed_tools", "mode": "none", "tools": [{"type": "function", "name": "f"}]}),
        ("tool_choice", {"type": "allowed_tools", "mode": "auto", "tools": []}),
        ("tool_choice", {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "mcp", "server_label": "s"}]}),
        ("tool_choice", {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "custom", "name": "f", "x": 1}]}),
        ("reasoning", 7),
        ("text", None),
        ("text", {"format": {"type": "new"}}),
        ("tools", [{"type": "function"}]),
        ("tools", [{"type": "custom", "name": "c", "format": 7}]),
        ("include", None),
        ("include", "x"),
        ("prompt", {"id": "pmpt_1"}),
    ],
)
def test_what_is_not_known_comes_back_as_it_was(member: str, value: Any) -> None:
    request = read(**{member: value})
    assert json.loads(encode(request))[member] == value
    assert request.tool_choice is None
    assert request.reasoning is None


@pytest.mark.parametrize(
    ("wire", "param"),
    [
        ({"input": 5}, "input"),
        ({"input": [5]}, "input[0]"),
        ({"input": [{"role": "critic", "content": "x"}]}, "input[0].role"),
        ({"input": [{"role": "user"}]}, "input[0].content"),
        ({"input": [{"role": "user", "content": 5}]}, "input[0].content"),
        ({"input": [{"role": "user", "content": [5]}]}, "input[0].content[0]"),
        ({"input": [{"role": "user", "content": [{}]}]}, "input[0].content[0].type"),
        ({"input": [{"type": "function_call_output", "call_id": "a"}]}, "input[0].output"),
        ({"tools": [5]}, "tools[0]"),
        ({"temperature": "hot"}, "temperature"),
        ({"text": {"verbosity": 5}}, "text.verbosity"),
        ({"metadata": {"a": 5}}, "metadata"),
    ],
)
def test_what_is_wrong_is_refused_by_path(wire: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(**wire)
    assert caught.value.param == param


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'{"model":"\xff"}',
        b'{"model":"m","input":"a","input":"b"}',
        b'{"model":"m","text":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        decode(body)


# ------------------------------------------------------------------------------------------------- from other dialects


def test_a_request_of_another_dialect_fits_the_official_types() -> None:
    wire = written(
        Message(Role.SYSTEM, (Text("Be kind."),)),
        Message(Role.DEVELOPER, (Text("Use metres."),)),
        user(Text("Look"), Image(UrlSource("https://example.com/a.png"))),
        assistant(Text("I see.")),
        assistant(ToolCall("call_1", "f", "")),
        Message(Role.TOOL, (ToolResult("call_1", (Text("1"),)),)),
        tools=(FunctionTool("f", "does", SCHEMA), FunctionTool("g")),
        tool_choice=ToolChoice(ToolMode.REQUIRED, (ToolName("f"),)),
        output_cap=5,
    )
    assert wire == {
        "model": "m",
        "instructions": "Be kind.",
        "input": [
            {"role": "developer", "content": "Use metres."},
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "Look"},
                    {"type": "input_image", "image_url": "https://example.com/a.png", "detail": "auto"},
                ],
            },
            {"role": "assistant", "content": "I see."},
            {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "call_1", "output": "1"},
        ],
        "tools": [
            {"type": "function", "name": "f", "description": "does", "parameters": {"type": "object"}, "strict": False},
            {"type": "function", "name": "g", "parameters": {"type": "object", "properties": {}}, "strict": False},
        ],
        "tool_choice": {"type": "function", "name": "f"},
        "max_output_tokens": 5,
        "store": False,
    }


def test_edge_1_foreign_reasoning_is_not_sent_unless_it_looks_like_openais_own() -> None:
    """Unsigned or foreign reasoning would be refused by the API; its own, without the id that got lost, is taken."""
    wire = json.loads(
        encode(
            ChatRequest(
                "m",
                (
                    assistant(
                        Thinking("unsigned"),
                        Thinking("signed", "EqMBCkYIBBgCKkA"),
                        RedactedThinking("data"),
                        Thinking("", "gAAAAABo_token"),
                        Text("x"),
                    ),
                ),
            )
        )
    )
    assert wire["input"] == [
        {"type": "reasoning", "encrypted_content": "gAAAAABo_token", "summary": []},
        {"role": "assistant", "content": "x"},
    ]


def test_edge_5_a_call_without_arguments_is_an_empty_object() -> None:
    assert written(assistant(ToolCall("a", "f", "")))["input"][0]["arguments"] == "{}"
    custom = written(assistant(ToolCall("a", "f", "", ToolKind.CUSTOM)))["input"][0]
    assert (custom["type"], custom["input"]) == ("custom_tool_call", "")


def test_edge_10_tools_without_parameters_are_kept_and_strictness_is_never_invented() -> None:
    strict, loose = written(tools=(FunctionTool("f", parameters=SCHEMA, is_strict=True), FunctionTool("g")))["tools"]
    assert strict["strict"] is True
    assert loose["strict"] is False
    assert loose["parameters"] == {"type": "object", "properties": {}}


def test_parallel_results_follow_one_another() -> None:
    results = (ToolResult("a", (Text("1"),)), ToolResult("b", (Text("2"),), kind=ToolKind.CUSTOM, name="g"))
    assert written(Message(Role.TOOL, results))["input"] == [
        {"type": "function_call_output", "call_id": "a", "output": "1"},
        {"type": "custom_tool_call_output", "call_id": "b", "output": "2"},
    ]


def test_media_of_other_dialects_take_this_ones_forms() -> None:
    wire = json.loads(
        encode(
            ChatRequest(
                "m",
                (
                    user(
                        Image(InlineSource("image/png", "aGk="), "low"),
                        Image(FileSource("file-1")),
                        Document(InlineSource("application/pdf", "aGk=")),
                        Document(InlineSource("text/plain", "aGk="), "notes.txt"),
                        Document(FileSource("file-2"), "b.pdf"),
                        Document(UrlSource("https://example.com/a.pdf"), "a.pdf"),
                        Document(TextSource("plain")),
                        SearchResult("https://example.com", "T", (Text("found"),)),
                        Audio(InlineSource("audio/mpeg", "aGk=")),
                        Audio(id="a"),
                        Video(UrlSource("https://example.com/v")),
                        Text("x", CacheMark("5m")),
                        OpaquePart("gemini", "executable", SCHEMA),
                        Refusal("no"),
                    ),
                ),
            )
        )
    )
    assert wire["input"][0]["content"] == [
        {"type": "input_image", "image_url": "data:image/png;base64,aGk=", "detail": "low"},
        {"type": "input_image", "file_id": "file-1", "detail": "auto"},
        {"type": "input_file", "file_data": "data:application/pdf;base64,aGk=", "filename": "file.pdf"},
        {"type": "input_file", "file_data": "data:text/plain;base64,aGk=", "filename": "notes.txt"},
        {"type": "input_file", "file_id": "file-2"},
        {"type": "input_file", "file_url": "https://example.com/a.pdf"},
        {"type": "input_text", "text": "plain"},
        {"type": "input_text", "text": "T\nhttps://example.com\nfound"},
        {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "mp3"}},
        {"type": "input_text", "text": "x"},
        {"type": "refusal", "refusal": "no"},
    ]


def test_an_answer_with_sources_or_a_refusal_is_an_array() -> None:
    cited = Text("x", citations=(Citation("https://example.com", "E", 0, 1),))
    content = json.loads(encode(ChatRequest("m", (assistant(cited, Refusal("no")),))))["input"][0]["content"]
    url = {"type": "url_citation", "start_index": 0, "end_index": 1, "url": "https://example.com", "title": "E"}
    assert content == [
        {"type": "output_text", "annotations": [url], "text": "x"},
        {"type": "refusal", "refusal": "no"},
    ]


def test_nothing_is_said_of_empty_texts_and_foreign_parts_of_an_answer() -> None:
    parts = (Text(""), OpaquePart("anthropic_messages", "server_tool_use", SCHEMA), Image(UrlSource("u")))
    assert written(assistant(*parts))["input"] == []


def test_custom_tools_keep_their_grammar_in_each_dialects_form() -> None:
    flat = {"type": "grammar", "syntax": "lark", "definition": "start: /.+/"}
    asked = read(tools=[{"type": "custom", "name": "c", "format": flat}])
    tool = asked.tools[0]
    assert isinstance(tool, CustomTool)
    assert tool.format is not None
    assert msgspec.json.decode(tool.format) == {
        "type": "grammar",
        "grammar": {"syntax": "lark", "definition": "start: /.+/"},
    }
    assert written(tools=(CustomTool("c", format=tool.format), CustomTool("d", format=SCHEMA)))["tools"][0] == {
        "type": "custom",
        "name": "c",
        "format": flat,
    }


@pytest.mark.parametrize(
    ("choice", "wire"),
    [
        (ToolChoice(ToolMode.AUTO), "auto"),
        (ToolChoice(ToolMode.NONE, (ToolName("f"),)), "none"),
        (ToolChoice(ToolMode.REQUIRED, (ToolName("c", ToolKind.CUSTOM),)), {"type": "custom", "name": "c"}),
        (
            ToolChoice(ToolMode.AUTO, (ToolName("f"),)),
            {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]},
        ),
    ],
)
def test_tool_choice_in_this_dialects_words(choice: ToolChoice, wire: Any) -> None:
    assert written(tool_choice=choice)["tool_choice"] == wire


@pytest.mark.parametrize(
    ("reasoning", "wire"),
    [
        (Reasoning("high", display="summarized"), {"effort": "high", "summary": "auto"}),
        (Reasoning("high", display="omitted"), {"effort": "high"}),
        (Reasoning(budget_tokens=5), None),
    ],
)
def test_reasoning_in_this_dialects_words(reasoning: Reasoning, wire: Any) -> None:
    assert written(reasoning=reasoning).get("reasoning") == wire


def test_reasoning_that_will_come_is_asked_for_in_a_form_that_can_go_back() -> None:
    assert written(reasoning=Reasoning("high"))["include"] == ["reasoning.encrypted_content"]
    assert "include" not in written(reasoning=Reasoning("none"))
    assert written(wants_logprobs=True)["include"] == ["message.output_text.logprobs"]


def test_a_schema_of_another_dialect_gets_a_name() -> None:
    text = written(output_format=JsonSchemaFormat(SCHEMA, is_strict=True), verbosity="low")["text"]
    schema = {"type": "json_schema", "name": "answer", "schema": {"type": "object"}, "strict": True}
    assert text == {"format": schema, "verbosity": "low"}


def test_what_only_other_dialects_have_is_left_out() -> None:
    foreign = Opaque("openai_chat", {"logit_bias": SCHEMA})
    wire = written(
        user(Text("x")),
        opaque=foreign,
        stop=("x",),
        tools=(OpaqueTool("anthropic_messages", "web_search", SCHEMA),),
        is_stored=True,
        is_stream=True,
        wants_usage=True,
    )
    assert wire == {"model": "m", "input": [{"role": "user", "content": "x"}], "store": True, "stream": True}


def test_a_request_goes_from_chat_to_responses_and_back_with_its_meaning() -> None:
    body = {
        "model": "m",
        "messages": [
            {"role": "system", "content": "s"},
            {"role": "user", "content": "u"},
            {"role": "assistant", "content": "a", "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "c", "content": "r"},
        ],
        "stream": True,
    }  # fmt: skip
    there = encode(chat.decode(json.dumps(body).encode()))
    back = json.loads(chat.encode(decode(there)))
    assert back["messages"] == body["messages"]


def test_edge_2_a_thought_signature_comes_back_on_its_call() -> None:
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    signed = {**call, "extra_content": {"google": {"thought_signature": "c2ln"}}}
    request = read(input=[signed])
    part = request.messages[0].parts[0]
    assert isinstance(part, ToolCall)
    assert part.signature == "c2ln"
    assert json.loads(encode(request))["input"] == [signed]
    assert written(assistant(ToolCall("c", "f", "{}", signature="c2ln")))["input"] == [call]


def test_a_tool_that_its_result_names_is_named_again() -> None:
    item = {"type": "function_call_output", "call_id": "c", "output": "x", "name": "f"}
    request = read(input=[item])
    assert getattr(request.messages[0].parts[0], "name", None) == "f"
    assert json.loads(encode(request))["input"] == [item]


def test_any_json_object_is_a_format_of_its_own() -> None:
    assert written(output_format=JsonObjectFormat())["text"] == {"format": {"type": "json_object"}}
