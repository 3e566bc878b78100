"""Requests of other dialects' callers, as they are put to a host of this one."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import pytest
from anthropic import transform_schema

from stellwerk.core.chat import ChatRequest, JsonObjectFormat, JsonSchemaFormat, Message, Reasoning, Role, Sampling
from stellwerk.core.loss import judge
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import (
    Audio,
    CacheMark,
    Citation,
    Document,
    FileSource,
    Image,
    InlineSource,
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
)
from stellwerk.core.tool import FunctionTool, Tool, ToolChoice, ToolMode, ToolName
from stellwerk.dialects.anthropic_messages.losses import LOSSES
from stellwerk.dialects.anthropic_messages.request import DEFAULT_MAX_TOKENS, decode, encode, encode_count
from stellwerk.dialects.openai_chat import request as openai
from tests.golden.anthropic_messages.oracle import judge_request

HELLO = Message(Role.USER, (Text("hello"),))
TOOLS = (FunctionTool("f"), FunctionTool("g"), FunctionTool("h"))


def encoded(*messages: Message, **members: Any) -> dict[str, Any]:
    """The body as decoded JSON, which the official types must take."""
    wire: dict[str, Any] = json.loads(encode(ChatRequest("m", messages or (HELLO,), **members)))
    judge_request(wire)
    return wire


def user(*parts: Part) -> Message:
    return Message(Role.USER, parts)


def assistant(*parts: Part) -> Message:
    return Message(Role.ASSISTANT, parts)


def results(*parts: ToolResult) -> Message:
    return Message(Role.TOOL, parts)


def system(text: str, role: Role = Role.SYSTEM) -> Message:
    return Message(role, (Text(text),))


def content(part: Part) -> Any:
    """The block of a user's message of this part, which has a plain text beside it."""
    return encoded(user(part, Text("?")))["messages"][0]["content"][0]


def test_a_request_without_a_limit_takes_the_default_above_what_thinking_takes() -> None:
    assert encoded()["max_tokens"] == DEFAULT_MAX_TOKENS
    assert encoded(output_cap=7)["max_tokens"] == 7
    assert encoded(reasoning=Reasoning(budget_tokens=10_000))["max_tokens"] == DEFAULT_MAX_TOKENS + 10_000


def test_an_openai_request_becomes_one_of_this_dialect() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/jpg;base64,AA=="}}
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": ""}}
    body = {
        "model": "m",
        "messages": [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Look"}, picture]},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "call_1", "content": "done"},
        ],
        "tools": [{"type": "function", "function": {"name": "f"}}],
        "parallel_tool_calls": False,
        "max_completion_tokens": 50,
        "stop": "END",
        "reasoning_effort": "minimal",
        "user": "u1",
        "service_tier": "default",
        "stream": True,
    }
    wire = json.loads(encode(openai.decode(json.dumps(body).encode())))
    judge_request(wire)
    assert wire == {
        "model": "m",
        "max_tokens": 50,
        "system": "Be brief.",
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Look"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": "AA=="}},
                ],
            },
            {"role": "assistant", "content": [{"type": "tool_use", "id": "call_1", "name": "f", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": "done"}]},
        ],
        "tools": [{"name": "f", "input_schema": {"type": "object", "properties": {}}}],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
        "stop_sequences": ["END"],
        "output_config": {"effort": "low"},
        "metadata": {"user_id": "u1"},
        "service_tier": "standard_only",
        "stream": True,
    }


def test_edge_1_signed_and_redacted_reasoning_goes_back_first_and_byte_for_byte() -> None:
    turn = assistant(
        Thinking("hm  ", "sig="), RedactedThinking("ENC="), Thinking("", "only="), Thinking("nobody signed"),
        Text("yes"), ToolCall("c", "f", "{}"),
    )  # fmt: skip
    blocks = encoded(HELLO, turn)["messages"][1]["content"]
    assert blocks == [
        {"type": "thinking", "thinking": "hm  ", "signature": "sig="},
        {"type": "redacted_thinking", "data": "ENC="},
        {"type": "thinking", "thinking": "", "signature": "only="},
        {"type": "text", "text": "yes"},
        {"type": "tool_use", "id": "c", "name": "f", "input": {}},
    ]


def test_complaint_29_reasoning_before_a_call_stays_before_it_through_decoding_and_encoding() -> None:
    body = {
        "model": "m",
        "max_tokens": 9,
        "messages": [
            {"role": "user", "content": "x"},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "", "signature": "only="},
                    {"type": "tool_use", "id": "c", "name": "f", "input": {}},
                ],
            },
        ],
    }
    assert json.loads(encode(decode(json.dumps(body).encode()))) == body


def test_complaint_29_reasoning_that_nobody_signed_is_not_sent() -> None:
    assert encoded(HELLO, assistant(Thinking("hm"), Text("yes")))["messages"][1]["content"] == [
        {"type": "text", "text": "yes"}
    ]
    assert len(encoded(HELLO, assistant(Thinking("hm", "")), HELLO)["messages"]) == 1


def test_edge_3_results_of_parallel_calls_are_one_turn_in_call_order_before_what_the_user_says() -> None:
    calls = assistant(ToolCall("a", "f", "{}"), ToolCall("b", "f", "{}"), ToolCall("c", "f", "{}"))
    wire = encoded(
        HELLO,
        calls,
        results(ToolResult("c", (Text("3"),))),
        user(Text("go on")),
        results(ToolResult("a", (Text("1"),)), ToolResult("?", ())),
        results(ToolResult("b", (Text("2"),))),
        user(Text("please")),
    )
    assert [message["role"] for message in wire["messages"]] == ["user", "assistant", "user"]
    turn = wire["messages"][2]["content"]
    assert [block.get("tool_use_id", block.get("text")) for block in turn] == [
        "a", "b", "c", encode_unknown("?"), "go on", "please",
    ]  # fmt: skip


def encode_unknown(identity: str) -> str:
    """What becomes of an id whose characters are not taken."""
    call = encoded(HELLO, assistant(ToolCall(identity, "f", "{}")))["messages"][1]["content"][0]
    return str(call["id"])


def test_ids_in_characters_that_the_provider_refuses_are_changed_alike_in_call_and_result() -> None:
    wire = encoded(
        HELLO,
        assistant(ToolCall("functions.f:0", "f", "{}"), ToolCall("functions.f_0", "f", "{}")),
        results(ToolResult("functions.f:0", (Text("1"),)), ToolResult("functions.f_0", (Text("2"),))),
    )
    calls = [block["id"] for block in wire["messages"][1]["content"]]
    assert calls == [block["tool_use_id"] for block in wire["messages"][2]["content"]]
    assert len(set(calls)) == 2
    assert all(identity.replace("_", "").isalnum() for identity in calls)


def test_edge_5_a_call_without_arguments_takes_an_empty_object() -> None:
    assert encoded(HELLO, assistant(ToolCall("a", "f", "")))["messages"][1]["content"][0]["input"] == {}


def test_edge_6_arguments_that_were_cut_off_go_back_as_far_as_they_are_whole() -> None:
    call = ToolCall("a", "f", '{"x":[1,{"y":"z"}],"text":"Once up')
    assert encoded(HELLO, assistant(call))["messages"][1]["content"][0]["input"] == {"x": [1, {"y": "z"}]}


def test_the_free_text_of_a_custom_call_is_one_member_of_an_object() -> None:
    call = ToolCall("a", "sql", "select 1", ToolKind.CUSTOM)
    assert encoded(HELLO, assistant(call))["messages"][1]["content"][0]["input"] == {"input": "select 1"}


def test_turns_of_one_speaker_after_another_are_one() -> None:
    wire = encoded(user(Text("a")), user(Text("b")), assistant(Text("c")), assistant(Text("d")))
    assert [(turn["role"], [block["text"] for block in turn["content"]]) for turn in wire["messages"]] == [
        ("user", ["a", "b"]),
        ("assistant", ["c", "d"]),
    ]


def test_what_says_nothing_is_left_out_and_does_not_part_its_neighbours() -> None:
    wire = encoded(user(Text("a")), assistant(Text("")), user(Text("b"), Text("")))
    assert wire["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}
    ]


def test_a_conversation_that_the_assistant_opens_goes_out_as_it_is() -> None:
    assert encoded(assistant(Text("Welcome.")), HELLO)["messages"][0]["role"] == "assistant"


def test_edge_12_leading_instructions_are_the_system_prompt_and_later_ones_join_it() -> None:
    wire = encoded(system("a"), system("b", Role.DEVELOPER), HELLO, system("c"), HELLO)
    assert [block["text"] for block in wire["system"]] == ["a", "b", "c"]
    assert [turn["role"] for turn in wire["messages"]] == ["user"]
    assert encoded(system("a"), HELLO)["system"] == "a"
    assert "system" not in encoded(HELLO)
    assert "system" not in encoded(system(""), HELLO)


def test_edge_12_instructions_within_a_conversation_of_this_dialect_stay_where_they_are() -> None:
    within = {"role": "system", "content": "From now on in French."}
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}, within]}
    assert json.loads(encode(decode(json.dumps(body).encode()))) == body


def test_edge_12_a_mark_on_a_whole_message_stands_on_its_last_block() -> None:
    mark = {"type": "ephemeral"}
    marked = msgspec.structs.replace(HELLO, cache=CacheMark("30m"))
    assert encoded(marked)["messages"][0]["content"] == [{"type": "text", "text": "hello", "cache_control": mark}]
    instructions = msgspec.structs.replace(system("s"), cache=CacheMark("1h"))
    assert encoded(instructions, HELLO)["system"][0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
    own = Text("a", CacheMark("5m"))
    assert encoded(msgspec.structs.replace(marked, parts=(own,)))["messages"][0]["content"][0]["cache_control"] == {
        "type": "ephemeral",
        "ttl": "5m",
    }
    thinking = Message(Role.ASSISTANT, (Thinking("a", "s"),), cache=CacheMark())
    assert "cache_control" not in encoded(HELLO, thinking)["messages"][1]["content"][0]
    silent = Message(Role.ASSISTANT, (), cache=CacheMark())
    assert len(encoded(HELLO, silent)["messages"]) == 1


@pytest.mark.parametrize(
    ("part", "wire"),
    [
        (Image(UrlSource("https://x/y.png")), {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}}),
        (Image(FileSource("file_1")), {"type": "image", "source": {"type": "file", "file_id": "file_1"}}),
        (
            Document(InlineSource("application/x-pdf", "AA=="), "a.pdf"),
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "AA=="},
                "title": "a.pdf",
            },
        ),
        (
            Document(InlineSource("text/markdown", base64.b64encode("# ä".encode()).decode()), cites=True),
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "# ä"},
                "citations": {"enabled": True},
            },
        ),
        (
            Document(TextSource("plain"), context="c"),
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "plain"},
                "context": "c",
            },
        ),
        (
            SearchResult("s", "t", (Text("a", citations=(Citation("u"),)), Text(""))),
            {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "a"}]},
        ),
        (Text("a", citations=(Citation("u"),)), {"type": "text", "text": "a"}),
        (Refusal("no"), {"type": "text", "text": "no"}),
        (Audio(id="a1", transcript="said"), {"type": "text", "text": "said"}),
    ],
)
def test_parts_are_written_as_blocks(part: Part, wire: dict[str, Any]) -> None:
    assert content(part) == wire


@pytest.mark.parametrize("part", [Refusal(""), Audio(id="a1"), Audio(transcript="")])
def test_parts_that_say_nothing_here_are_left_out(part: Part) -> None:
    assert encoded(user(part, Text("?")))["messages"][0]["content"] == [{"type": "text", "text": "?"}]


@pytest.mark.parametrize("data", ["!!", base64.b64encode(b"\xff\xfe").decode()])
def test_a_text_document_that_is_no_text_stays_as_it_came(data: str) -> None:
    request = ChatRequest("m", (user(Document(InlineSource("text/plain", data)), Text("?")),))
    source = json.loads(encode(request))["messages"][0]["content"][0]["source"]
    assert source == {"type": "base64", "media_type": "text/plain", "data": data}


@pytest.mark.parametrize(
    ("schema", "written"),
    [
        (None, {"type": "object", "properties": {}}),
        (b"{}", {"type": "object", "properties": {}}),
        (b"true", {"type": "object", "properties": {}}),
        (b'{"properties":{"type":{"type":"string"}}}', {"type": "object", "properties": {"type": {"type": "string"}}}),
        (b'{"type": "object", "x": 1}', {"type": "object", "x": 1}),
        (b'{"properties":{},"type":"object"}', {"properties": {}, "type": "object"}),
    ],
)
def test_complaint_31_a_tools_schema_is_an_objects_and_is_never_dropped(schema: bytes | None, written: Any) -> None:
    tool = FunctionTool("f", "d", None if schema is None else msgspec.Raw(schema), is_strict=False)
    assert encoded(tools=(tool,))["tools"] == [
        {"name": "f", "description": "d", "input_schema": written, "strict": False}
    ]


@pytest.mark.parametrize(
    ("choice", "wire", "names"),
    [
        (ToolChoice(ToolMode.AUTO), {"type": "auto"}, "fgh"),
        (ToolChoice(ToolMode.NONE), {"type": "none"}, "fgh"),
        (ToolChoice(ToolMode.REQUIRED), {"type": "any"}, "fgh"),
        (ToolChoice(ToolMode.REQUIRED, (ToolName("g"),)), {"type": "tool", "name": "g"}, "fgh"),
        (ToolChoice(ToolMode.REQUIRED, (ToolName("h"), ToolName("f"))), {"type": "any"}, "fh"),
        (ToolChoice(ToolMode.AUTO, (ToolName("g"),)), {"type": "auto"}, "g"),
    ],
)
def test_a_choice_of_several_tools_limits_the_tools(choice: ToolChoice, wire: dict[str, Any], names: str) -> None:
    written = encoded(tools=TOOLS, tool_choice=choice)
    assert written["tool_choice"] == wire
    assert "".join(tool["name"] for tool in written["tools"]) == names


@pytest.mark.parametrize(
    ("choice", "is_allowed", "tools", "wire"),
    [
        (None, None, TOOLS, None),
        (None, True, TOOLS, None),
        (None, False, TOOLS, {"type": "auto", "disable_parallel_tool_use": True}),
        (None, False, (), None),
        (ToolChoice(ToolMode.AUTO), True, TOOLS, {"type": "auto", "disable_parallel_tool_use": False}),
        (ToolChoice(ToolMode.NONE), False, TOOLS, {"type": "none"}),
    ],
)
def test_calls_in_parallel_are_a_part_of_the_choice(
    choice: ToolChoice | None, is_allowed: bool | None, tools: tuple[Tool, ...], wire: dict[str, Any] | None
) -> None:
    written = encoded(tools=tools, tool_choice=choice, is_parallel_allowed=is_allowed)
    assert written.get("tool_choice") == wire


@pytest.mark.parametrize(
    ("reasoning", "thinking", "effort"),
    [
        (Reasoning("high"), None, "high"),
        (Reasoning("minimal"), None, "low"),
        (Reasoning("none"), {"type": "disabled"}, None),
        (Reasoning(budget_tokens=2_000), {"type": "enabled", "budget_tokens": 2_000}, None),
        (Reasoning(budget_tokens=-1), {"type": "adaptive"}, None),
        (Reasoning(budget_tokens=0), {"type": "disabled"}, None),
        (Reasoning(is_enabled=False), {"type": "disabled"}, None),
        (Reasoning(is_enabled=True), {"type": "adaptive"}, None),
        (Reasoning("none", is_enabled=True), {"type": "adaptive"}, None),
        (Reasoning("low", display="auto"), {"type": "adaptive", "display": "summarized"}, "low"),
        (Reasoning(display="omitted"), {"type": "adaptive", "display": "omitted"}, None),
    ],
)
def test_reasoning_has_a_budget_or_an_effort(
    reasoning: Reasoning, thinking: dict[str, Any] | None, effort: str | None
) -> None:
    written = encoded(reasoning=reasoning)
    assert written.get("thinking") == thinking
    assert written.get("output_config", {}).get("effort") == effort


CALLED = (HELLO, assistant(ToolCall("c", "f", "{}")), Message(Role.TOOL, (ToolResult("c", (Text("18"),)),)))


@pytest.mark.parametrize(
    ("model", "reasoning", "members", "thinking", "effort"),
    [
        ("claude-sonnet-4-5", Reasoning("low"), {}, 2_048, None),
        ("claude-haiku-4-5-20251001", Reasoning("medium"), {"output_cap": 5_000}, 4_999, None),
        ("claude-sonnet-4-5", Reasoning("high"), {"output_cap": 1_000}, False, None),
        ("claude-sonnet-4-5", Reasoning("low", display="auto"), {}, 2_048, None),
        ("claude-sonnet-4-5", Reasoning(budget_tokens=-1), {}, 8_192, None),
        ("claude-opus-4-1", Reasoning(budget_tokens=3_000), {}, 3_000, None),
        ("claude-sonnet-4-5", Reasoning("none"), {}, False, None),
        ("claude-sonnet-4-5", Reasoning("low"), {"tool_choice": ToolChoice(ToolMode.REQUIRED)}, None, None),
        ("claude-sonnet-4-5", Reasoning("low"), {"sampling": Sampling(temperature=0.2)}, None, None),
        ("claude-sonnet-4-5", Reasoning("low"), {"sampling": Sampling(temperature=1.0)}, 2_048, None),
        ("claude-sonnet-4-5", Reasoning("low"), {"messages": CALLED}, None, None),
        ("claude-opus-4-5", Reasoning("low"), {"messages": CALLED}, None, "low"),
        ("claude-opus-4-5", Reasoning("low", is_enabled=True), {}, 2_048, "low"),
        ("claude-sonnet-4-6", Reasoning("high"), {"messages": CALLED}, None, "high"),
    ],
)
def test_an_effort_is_a_budget_for_models_that_know_no_effort(
    model: str, reasoning: Reasoning, members: dict[str, Any], thinking: Any, effort: str | None
) -> None:
    """And no thinking is asked for beside what such a model refuses it with."""
    asked = ChatRequest(**{"model": model, "messages": (HELLO,), "reasoning": reasoning, **members})
    written = json.loads(encode(asked))
    judge_request(written)
    told = written.get("thinking")
    assert (told if told is None else told.get("budget_tokens", False)) == thinking
    assert written.get("output_config", {}).get("effort") == effort
    assert written["max_tokens"] > (thinking or 0)
    is_lost = thinking is None and effort is None
    assert ("reasoning" in judge(LOSSES, asked)) == is_lost


def test_edge_10_a_schema_for_the_answer_is_the_output_format() -> None:
    schema = msgspec.Raw(b'{"type":"object","properties":{},"additionalProperties":false}')
    written = encoded(output_format=JsonSchemaFormat(schema, "answer", "d", True))
    assert written["output_config"] == {"format": {"type": "json_schema", "schema": json.loads(bytes(schema))}}
    assert "output_config" not in encoded(output_format=JsonSchemaFormat(None, "answer"))
    assert "output_config" not in encoded(output_format=JsonObjectFormat())


def test_edge_10_a_foreign_schema_is_put_in_the_keywords_that_the_provider_takes() -> None:
    schema: dict[str, Any] = {
        "type": "object",
        "$defs": {"leg": {"properties": {"km": {"type": "number", "minimum": 0, "description": "Length"}}}},
        "properties": {
            "legs": {"type": "array", "items": {"$ref": "#/$defs/leg"}, "minItems": 2, "maxItems": 9},
            "code": {"oneOf": [{"type": "string", "maxLength": 3, "format": "hex"}, {"type": ["object", "null"]}]},
            "day": {"type": "string", "format": "date"},
            "open": {"type": "object", "additionalProperties": {"type": "string"}},
            "odd": True,
            "words": {"anyOf": [{"type": "string"}], "minItems": 1, "definitions": 5, "allOf": 5},
        },
    }
    raw = msgspec.Raw(json.dumps(schema).encode())
    written = encoded(output_format=JsonSchemaFormat(raw, "answer"))["output_config"]["format"]["schema"]
    properties = written["properties"]
    assert written["additionalProperties"] is False
    assert written["$defs"]["leg"] == {
        "properties": {"km": {"type": "number", "description": "Length (minimum: 0)"}},
        "additionalProperties": False,
    }
    assert properties["legs"]["description"] == "(maxItems: 9, minItems: 2)"
    assert properties["code"] == {
        "anyOf": [
            {"type": "string", "description": '(maxLength: 3, format: "hex")'},
            {"type": ["object", "null"], "additionalProperties": False},
        ]
    }
    assert [properties[name] for name in ("day", "open", "odd", "words")] == [
        schema["properties"][name] for name in ("day", "open", "odd", "words")
    ]


def test_edge_10_a_schema_of_this_dialect_is_the_callers_to_fit() -> None:
    config = {"format": {"type": "json_schema", "schema": {"type": "object", "minProperties": 1}}}
    body = {"model": "m", "max_tokens": 9, "messages": [], "output_config": config}
    assert json.loads(encode(decode(json.dumps(body).encode()))) == body


def test_edge_10_the_official_sdk_finds_nothing_to_change_in_an_adapted_schema() -> None:
    schema = {
        "type": "object",
        "properties": {
            "n": {"type": "integer", "minimum": 1, "exclusiveMaximum": 9},
            "l": {"type": "array", "items": {"type": "object", "properties": {}}, "uniqueItems": True},
        },
        "required": ["n"],
    }
    raw = msgspec.Raw(json.dumps(schema).encode())
    written = encoded(output_format=JsonSchemaFormat(raw, "answer"))["output_config"]["format"]["schema"]
    assert transform_schema(written) == written


def test_the_users_id_is_the_one_that_is_there() -> None:
    assert encoded(user="u", safety_identifier="s")["metadata"] == {"user_id": "u"}
    assert encoded(safety_identifier="s")["metadata"] == {"user_id": "s"}


def test_sampling_and_stops_are_written_as_they_are() -> None:
    written = encoded(sampling=Sampling(1.5, 0.5, 3), stop=("a", "b"))
    assert (written["temperature"], written["top_p"], written["top_k"]) == (1.5, 0.5, 3)
    assert written["stop_sequences"] == ["a", "b"]


def test_members_that_only_another_dialect_knows_are_not_sent() -> None:
    foreign = Opaque("openai_chat", {"logit_bias": msgspec.Raw(b"{}")})
    assert "logit_bias" not in encoded(opaque=foreign)


def test_a_count_asks_for_no_answer() -> None:
    request = ChatRequest("m", (HELLO,), sampling=Sampling(1, 1, 1), stop=("a",), user="u", is_stream=True, tools=TOOLS)
    assert set(json.loads(encode_count(request))) == {"model", "messages", "tools"}
