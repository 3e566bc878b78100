"""Requests: what other dialects say, in Converse's words; botocore's model of the service is the judge."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from stellwerk.core.chat import ChatRequest, JsonObjectFormat, JsonSchemaFormat, Message, Reasoning, Role, Sampling
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
from stellwerk.dialects.bedrock_converse import request
from stellwerk.errors import InvalidRequest
from tests.golden.bedrock_converse.judge import MODEL, faults

ADAPTIVE = "us.anthropic.claude-opus-4-7"
NOVA = "eu.amazon.nova-2-lite-v1:0"
GPT_OSS = "openai.gpt-oss-120b-1:0"
LLAMA = "us.meta.llama4-maverick-17b-instruct-v1:0"
PNG = InlineSource("image/png", "iVBORw0KGgo=")
SCHEMA = msgspec.Raw(b'{"type":"object","properties":{"city":{"type":"string"}}}')
WEATHER = FunctionTool("get_weather", "Current weather.", SCHEMA)


def user(*parts: Part) -> Message:
    return Message(Role.USER, parts or (Text("Hi"),))


def assistant(*parts: Part) -> Message:
    return Message(Role.ASSISTANT, parts)


def tool(*results: Part) -> Message:
    return Message(Role.TOOL, results)


def result(call_id: str, *parts: Any, **more: Any) -> ToolResult:
    return ToolResult(call_id, parts or (Text("21"),), **more)


def chat(*messages: Message, model: str = MODEL, **more: Any) -> ChatRequest:
    return ChatRequest(model, messages or (user(),), **more)


def encoded(chat_request: ChatRequest, *, is_judged: bool = True) -> dict[str, Any]:
    body = request.encode(chat_request)
    if is_judged:
        assert faults(body, model=chat_request.model) == []
    wire: dict[str, Any] = json.loads(body)
    return wire


def decoded(wire: Any, model: str = MODEL) -> ChatRequest:
    return request.decode(json.dumps(wire).encode(), model=model, is_stream=False)


# ------------------------------------------------------------------------------------------------------ turns and tools


def test_complaint_30_and_edge_3_parallel_results_are_one_user_message_in_call_order_before_the_users_words() -> None:
    wire = encoded(
        chat(
            user(),
            assistant(Text("Looking."), ToolCall("a", "get_weather", "{}"), ToolCall("b", "get_weather", "{}")),
            tool(result("b")),
            tool(result("a"), result("unknown")),
            user(Text("Quick!")),
            tools=(WEATHER,),
        )
    )
    assert [message["role"] for message in wire["messages"]] == ["user", "assistant", "user"]
    content = wire["messages"][-1]["content"]
    assert [block["toolResult"]["toolUseId"] for block in content[:3]] == ["a", "b", "unknown"]
    assert content[3] == {"text": "Quick!"}


def test_results_that_come_in_a_users_own_message_stand_first_too() -> None:
    mixed = Message(Role.USER, (Text("So:"), result("a")))
    wire = encoded(chat(user(), assistant(ToolCall("a", "f", "{}")), mixed))
    assert [next(iter(block)) for block in wire["messages"][-1]["content"]] == ["toolResult", "text"]


def test_edge_9_a_history_with_tools_brings_stubs_where_the_request_has_no_tools() -> None:
    history = (user(), assistant(ToolCall("a", "get_weather", "{}")), tool(result("a")))
    wire = encoded(chat(*history))
    assert wire["toolConfig"] == {
        "tools": [{"toolSpec": {"name": "get_weather", "inputSchema": {"json": {"type": "object"}}}}]
    }
    nameless = encoded(chat(tool(result("a"))))
    assert nameless["toolConfig"]["tools"][0]["toolSpec"]["name"] == "tool"
    assert "toolConfig" not in encoded(chat())


def test_edge_9_names_and_ids_that_bedrock_does_not_take_are_mapped_and_lead_back() -> None:
    name, identity = "weather.get/now", "call|" + "x" * 80
    asked = chat(
        user(),
        assistant(ToolCall(identity, name, "{}")),
        tool(result(identity)),
        tools=(FunctionTool(name), FunctionTool("plain")),
        tool_choice=ToolChoice(ToolMode.REQUIRED, (ToolName(name),)),
    )
    wire = encoded(asked)
    spoken = wire["toolConfig"]["tools"][0]["toolSpec"]["name"]
    assert wire["toolConfig"]["toolChoice"] == {"tool": {"name": spoken}}
    call = wire["messages"][1]["content"][0]["toolUse"]
    assert call["name"] == spoken
    assert call["toolUseId"] == wire["messages"][2]["content"][0]["toolResult"]["toolUseId"]
    assert request.neutral_names(asked) == {spoken: name}


def test_edge_5_a_tool_without_arguments_or_parameters_is_an_empty_object() -> None:
    wire = encoded(chat(user(), assistant(ToolCall("a", "now", "")), tool(result("a")), tools=(FunctionTool("now"),)))
    assert wire["messages"][1]["content"][0]["toolUse"]["input"] == {}
    assert wire["toolConfig"]["tools"][0]["toolSpec"] == {
        "name": "now",
        "inputSchema": {"json": {"type": "object", "properties": {}}},
    }


@pytest.mark.parametrize("arguments", ['{"text": "once upon', "[1]", "null", "nonsense", "[" * 5000])
def test_edge_6_arguments_that_are_no_object_become_an_empty_one(arguments: str) -> None:
    wire = encoded(chat(user(), assistant(ToolCall("a", "f", arguments)), tool(result("a"))))
    assert wire["messages"][1]["content"][0]["toolUse"]["input"] == {}


def test_free_text_for_a_custom_tool_of_the_past_is_its_input() -> None:
    call = ToolCall("a", "run", "SELECT 1", ToolKind.CUSTOM)
    wire = encoded(chat(user(), assistant(call), tool(result("a")), tools=(CustomTool("run"),)))
    assert wire["messages"][1]["content"][0]["toolUse"]["input"] == {"input": "SELECT 1"}
    assert wire["toolConfig"]["tools"][0]["toolSpec"]["name"] == "run"


def test_results_say_whether_they_are_errors_and_hold_media() -> None:
    answer = result("a", Text("no"), Image(PNG), Document(InlineSource("text/csv", "YQ==")), is_error=True)
    wire = encoded(chat(user(), assistant(ToolCall("a", "f", "{}")), tool(answer, result("b", is_error=False))))
    first, second = (block["toolResult"] for block in wire["messages"][-1]["content"])
    assert [next(iter(block)) for block in first["content"]] == ["text", "image", "document"]
    assert (first["status"], second["status"]) == ("error", "success")


def test_the_tools_of_other_dialects_are_left_out_and_the_order_of_the_rest_is_kept() -> None:
    foreign = OpaqueTool("openai_responses", "web_search", msgspec.Raw(b"{}"))
    marked = FunctionTool("b", "", SCHEMA, is_strict=True, cache=CacheMark("1h"))
    wire = encoded(chat(tools=(FunctionTool("z"), foreign, marked, FunctionTool("a"))))
    kinds = [next(iter(entry)) for entry in wire["toolConfig"]["tools"]]
    assert kinds == ["toolSpec", "toolSpec", "cachePoint", "toolSpec"]
    assert wire["toolConfig"]["tools"][1]["toolSpec"] == {
        "name": "b",
        "inputSchema": {"json": {**json.loads(bytes(SCHEMA)), "additionalProperties": False}},
        "strict": True,
    }
    assert wire["toolConfig"]["tools"][2] == {"cachePoint": {"type": "default", "ttl": "1h"}}


@pytest.mark.parametrize(
    ("choice", "told", "offered"),
    [
        (ToolChoice(ToolMode.AUTO), {"auto": {}}, ["a", "b", "c"]),
        (ToolChoice(ToolMode.REQUIRED), {"any": {}}, ["a", "b", "c"]),
        (ToolChoice(ToolMode.REQUIRED, (ToolName("b"),)), {"tool": {"name": "b"}}, ["a", "b", "c"]),
        (ToolChoice(ToolMode.REQUIRED, (ToolName("b"), ToolName("c"))), {"any": {}}, ["b", "c"]),
        (ToolChoice(ToolMode.AUTO, (ToolName("b"),)), {"auto": {}}, ["b"]),
    ],
)
def test_a_choice_among_tools_is_said_by_a_word_or_by_offering_no_others(
    choice: ToolChoice, told: Any, offered: list[str]
) -> None:
    tools = tuple(FunctionTool(name) for name in "abc")
    wire = encoded(chat(tools=tools, tool_choice=choice))["toolConfig"]
    assert wire["toolChoice"] == told
    assert [entry["toolSpec"]["name"] for entry in wire["tools"]] == offered


def test_no_tool_is_said_in_claudes_own_words_and_else_by_offering_none() -> None:
    none = ToolChoice(ToolMode.NONE)
    claude = encoded(chat(tools=(WEATHER,), tool_choice=none))
    assert claude["additionalModelRequestFields"] == {"tool_choice": {"type": "none"}}
    assert claude["toolConfig"] == {"tools": claude["toolConfig"]["tools"]}
    assert "toolConfig" not in encoded(chat(tools=(WEATHER,), tool_choice=none, model=LLAMA))
    history = (user(), assistant(ToolCall("a", "get_weather", "{}")), tool(result("a")))
    kept = encoded(chat(*history, tools=(WEATHER,), tool_choice=none, model=LLAMA))
    assert "toolChoice" not in kept["toolConfig"]
    assert "toolConfig" not in encoded(chat(tool_choice=none))


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        (None, {"type": "auto"}),
        (ToolChoice(ToolMode.AUTO), {"type": "auto"}),
        (ToolChoice(ToolMode.REQUIRED), {"type": "any"}),
        (ToolChoice(ToolMode.REQUIRED, (ToolName("get_weather"),)), {"type": "tool", "name": "get_weather"}),
    ],
)
def test_one_call_at_a_time_is_said_in_claudes_own_words_alone(choice: ToolChoice | None, told: Any) -> None:
    asked: dict[str, Any] = {"tools": (WEATHER,), "tool_choice": choice, "is_parallel_allowed": False}
    wire = encoded(chat(**asked))
    assert wire["additionalModelRequestFields"] == {"tool_choice": told | {"disable_parallel_tool_use": True}}
    assert "toolChoice" not in wire["toolConfig"]
    assert "additionalModelRequestFields" not in encoded(chat(**asked, model=LLAMA))
    assert "additionalModelRequestFields" not in encoded(chat(is_parallel_allowed=False))


def test_neighbouring_messages_of_one_side_are_one_turn_and_empty_ones_are_none() -> None:
    wire = encoded(
        chat(
            user(Text("a")),
            user(Text(" ")),
            user(Text("b")),
            assistant(Text("")),
            user(Text("c")),
            assistant(Text("d")),
            assistant(Text("e")),
        )
    )
    assert [(turn["role"], len(turn["content"])) for turn in wire["messages"]] == [("user", 3), ("assistant", 2)]


def test_edge_12_leading_instructions_are_the_system_and_later_ones_keep_their_place() -> None:
    wire = encoded(
        chat(
            Message(Role.SYSTEM, (Text("One."),), cache=CacheMark()),
            Message(Role.DEVELOPER, (Text("Two."),)),
            user(Text("Hi")),
            assistant(Text("Hello")),
            Message(Role.SYSTEM, (Text("In German now."),)),
            user(Text("Go on")),
        )
    )
    assert wire["system"] == [{"text": "One."}, {"cachePoint": {"type": "default"}}, {"text": "Two."}]
    assert wire["messages"][-1]["content"] == [{"text": "In German now."}, {"text": "Go on"}]


# -------------------------------------------------------------------------------------------------- thinking and media


def test_complaint_29_and_edge_1_signed_thinking_stands_first_and_goes_back_byte_for_byte() -> None:
    signature = "EqQBCkYIBRgCKkA+/=="
    parts = (
        Thinking("Step\n one…", signature),
        Thinking("", "signature only"),
        RedactedThinking("RW5jcnlwdGVk"),
        Thinking("unsigned, from elsewhere"),
        RedactedThinking("not base64!"),
        Text("So."),
        ToolCall("a", "f", "{}"),
    )
    content = encoded(chat(user(), assistant(*parts), tool(result("a"))))["messages"][1]["content"]
    assert content[:3] == [
        {"reasoningContent": {"reasoningText": {"text": "Step\n one…", "signature": signature}}},
        {"reasoningContent": {"reasoningText": {"text": "", "signature": "signature only"}}},
        {"reasoningContent": {"redactedContent": "RW5jcnlwdGVk"}},
    ]
    assert [next(iter(block)) for block in content[3:]] == ["text", "toolUse"]


def test_edge_12_media_are_given_by_value_or_from_s3_and_what_cannot_be_reached_is_left_out() -> None:
    wire = encoded(
        chat(
            user(
                Text("See:"),
                Image(InlineSource("image/jpg", "_-8")),
                Image(UrlSource("s3://pictures/a.JPG")),
                Image(UrlSource("https://example.com/a.png")),
                Image(FileSource("file-1")),
                Document(UrlSource("s3://files/report.final.xlsx"), "Report"),
                Document(TextSource("plain words"), "notes.txt"),
                Document(InlineSource("application/pdf; charset=x", "JVBERi0="), "notes.pdf", "old", cites=True),
                Video(InlineSource("video/3gpp", "AAAA")),
                Audio(InlineSource("audio/x-wav", "UklGRg==")),
                Audio(id="said-before", transcript="spoken words"),
                Audio(id="silent"),
            )
        )
    )
    content = wire["messages"][0]["content"]
    assert [next(iter(block)) for block in content] == [
        "text",
        "image",
        "image",
        "document",
        "document",
        "document",
        "video",
        "audio",
        "text",
    ]
    assert content[1]["image"] == {"format": "jpeg", "source": {"bytes": "/+8="}}
    assert content[2]["image"] == {"format": "jpeg", "source": {"s3Location": {"uri": "s3://pictures/a.JPG"}}}
    assert content[3]["document"]["format"] == "xlsx"
    assert content[4]["document"] == {"format": "txt", "name": "notes", "source": {"text": "plain words"}}
    assert content[5]["document"]["name"] == "notes (2)"
    assert content[5]["document"]["citations"] == {"enabled": True}
    assert content[6]["video"]["format"] == "three_gp"
    assert content[7]["audio"]["format"] == "wav"
    assert content[8] == {"text": "spoken words"}


def test_what_bedrock_has_no_format_for_is_told_as_it_is_called() -> None:
    wire = encoded(chat(user(Text("x"), Image(InlineSource("image/bmp", "AAAA")))), is_judged=False)
    assert wire["messages"][0]["content"][1]["image"]["format"] == "bmp"
    nameless = encoded(
        chat(user(Document(UrlSource("s3://b/x")), Document(TextSource("t"), opaque=None))), is_judged=False
    )
    assert nameless["messages"][0]["content"][0]["document"] == {
        "format": "",
        "name": "document",
        "source": {"s3Location": {"uri": "s3://b/x"}},
    }


def test_edge_12_cache_marks_become_points_behind_what_they_mark() -> None:
    wire = encoded(
        chat(
            Message(Role.USER, (Text("bare string"),), cache=CacheMark("5m")),
            assistant(ToolCall("a", "f", "{}", cache=CacheMark())),
            Message(Role.TOOL, (result("a"),), cache=CacheMark()),
        )
    )
    point = {"cachePoint": {"type": "default"}}
    assert wire["messages"][0]["content"] == [{"text": "bare string"}, {"cachePoint": {"type": "default", "ttl": "5m"}}]
    assert [turn["content"][-1] for turn in wire["messages"][1:]] == [point, point]
    once = encoded(chat(Message(Role.USER, (Text("x", CacheMark()),), cache=CacheMark())))
    assert once["messages"][0]["content"] == [{"text": "x"}, point]
    nothing = Message(Role.USER, (Text(""),), cache=CacheMark())
    assert len(encoded(chat(user(), nothing))["messages"][0]["content"]) == 1


def test_other_parts_say_what_they_can_in_words() -> None:
    texts = (Text("passage"), Text("another"))
    wire = encoded(
        chat(
            user(SearchResult("https://example.com", "Title", texts, cites=False)),
            assistant(Refusal("I cannot."), Refusal(""), Text("cited", citations=(Citation(url="u"),))),
            user(Text("Why?"), OpaquePart("gemini", "executableCode", msgspec.Raw(b"{}")), Refusal("x")),
        )
    )
    assert wire["messages"][0]["content"][0]["searchResult"] == {
        "source": "https://example.com",
        "title": "Title",
        "content": [{"text": "passage"}, {"text": "another"}],
        "citations": {"enabled": False},
    }
    assert wire["messages"][1]["content"] == [{"text": "I cannot."}, {"text": "cited"}]
    assert wire["messages"][2]["content"] == [{"text": "Why?"}, {"text": "x"}]


# ------------------------------------------------------------------------------------------------------- the rest


def test_what_both_can_say_is_said() -> None:
    wire = encoded(
        chat(
            sampling=Sampling(0.5, 0.9, 40),
            output_cap=100,
            stop=("END",),
            metadata={"team": "shop", "no*star": "x", "long": "y" * 300},
            service_tier="standard_only",
        )
    )
    assert wire == {
        "messages": [{"role": "user", "content": [{"text": "Hi"}]}],
        "inferenceConfig": {"maxTokens": 100, "temperature": 0.5, "topP": 0.9, "stopSequences": ["END"]},
        "additionalModelRequestFields": {"top_k": 40},
        "requestMetadata": {"team": "shop"},
        "serviceTier": {"type": "default"},
        "additionalModelResponseFieldPaths": ["/stop_sequence"],
    }
    assert "serviceTier" not in encoded(chat(service_tier="scale"))


def test_edge_11_which_sequence_stopped_the_answer_is_asked_of_models_that_can_tell() -> None:
    assert "additionalModelResponseFieldPaths" not in encoded(chat(stop=("x",), model=LLAMA))
    own = decoded({"messages": [], "inferenceConfig": {"stopSequences": ["x"]}})
    assert "additionalModelResponseFieldPaths" not in encoded(own)


def test_no_more_metadata_is_sent_than_bedrock_takes() -> None:
    wire = encoded(chat(metadata={f"k{number}": "v" for number in range(20)}))
    assert len(wire["requestMetadata"]) == 16


def test_a_schema_is_sent_as_the_text_that_it_is() -> None:
    format_ = JsonSchemaFormat(msgspec.Raw(b'{"type": "object", "additionalProperties": false}'), "answer", "One.")
    text = '{"type": "object", "additionalProperties": false}'
    wire = encoded(chat(output_format=format_))
    assert wire["outputConfig"]["textFormat"] == {
        "type": "json_schema",
        "structure": {"jsonSchema": {"schema": text, "name": "answer", "description": "One."}},
    }
    assert "outputConfig" not in encoded(chat(output_format=JsonObjectFormat()))
    assert "outputConfig" not in encoded(chat(output_format=JsonSchemaFormat(None)))


@pytest.mark.parametrize(
    ("model", "reasoning", "cap", "fields", "effort"),
    [
        (MODEL, Reasoning("low"), None, {"thinking": {"type": "enabled", "budget_tokens": 2048}}, None),
        (MODEL, Reasoning(budget_tokens=3000), 2500, {"thinking": {"type": "enabled", "budget_tokens": 2499}}, None),
        (MODEL, Reasoning("odd"), None, {"thinking": {"type": "enabled", "budget_tokens": 8192}}, None),
        (MODEL, Reasoning("high"), 500, None, None),
        (MODEL, Reasoning("none"), None, None, None),
        (MODEL, Reasoning(is_enabled=False), None, None, None),
        (ADAPTIVE, Reasoning("minimal"), None, {"thinking": {"type": "adaptive"}}, "low"),
        (
            ADAPTIVE,
            Reasoning("max", display="omitted"),
            9,
            {"thinking": {"type": "adaptive", "display": "omitted"}},
            "max",
        ),
        (ADAPTIVE, Reasoning(budget_tokens=5000), None, {"thinking": {"type": "adaptive"}}, None),
        (ADAPTIVE, Reasoning("none"), None, None, None),
        (GPT_OSS, Reasoning("minimal"), None, {"reasoning_effort": "minimal"}, None),
        (GPT_OSS, Reasoning(is_enabled=True), None, None, None),
        (NOVA, Reasoning("xhigh"), None, {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}}, None),
        (
            NOVA,
            Reasoning(is_enabled=True),
            None,
            {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "medium"}},
            None,
        ),
        (NOVA, Reasoning("none"), None, {"reasoningConfig": {"type": "disabled"}}, None),
        (LLAMA, Reasoning("high"), None, None, None),
    ],
)
def test_each_family_is_told_in_its_own_words_to_reason(
    model: str, reasoning: Reasoning, cap: int | None, fields: Any, effort: str | None
) -> None:
    wire = encoded(chat(reasoning=reasoning, output_cap=cap, model=model))
    assert wire.get("additionalModelRequestFields") == fields
    assert wire.get("outputConfig") == (None if effort is None else {"effort": effort})


@pytest.mark.parametrize(
    ("model", "opening", "is_thinking"),
    [
        (MODEL, (), False),
        (MODEL, (Thinking("unsigned"),), False),
        (MODEL, (Thinking("", "signed"),), True),
        (MODEL, (RedactedThinking("AAAA"),), True),
        (ADAPTIVE, (), True),
    ],
)
def test_complaint_29_claude_is_not_told_to_think_amid_a_tools_use_that_lost_its_thinking(
    model: str, opening: tuple[Part, ...], is_thinking: bool
) -> None:
    loop = (user(), assistant(*opening, ToolCall("a", "f", "{}")), tool(result("a")))
    for more in ((), (user(Text("Quick!")),)):
        wire = encoded(chat(*loop, *more, reasoning=Reasoning("high"), model=model))
        assert ("additionalModelRequestFields" in wire) is is_thinking
    done = (*loop, assistant(Text("Done.")), user())
    assert "thinking" in encoded(chat(*done, reasoning=Reasoning("high"), model=model))["additionalModelRequestFields"]


def test_claude_is_not_told_to_think_beside_a_forced_tool() -> None:
    forced = ToolChoice(ToolMode.REQUIRED)
    wire = encoded(chat(tools=(WEATHER,), tool_choice=forced, reasoning=Reasoning("high")))
    assert wire["toolConfig"]["toolChoice"] == {"any": {}}
    assert "additionalModelRequestFields" not in wire
    other = encoded(chat(tools=(WEATHER,), tool_choice=forced, reasoning=Reasoning("high"), model=GPT_OSS))
    assert other["additionalModelRequestFields"] == {"reasoning_effort": "high"}


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (ADAPTIVE, {"top_k": 5}),
        (
            "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-sonnet-4-20250514-v1:0",
            {"top_k": 5},
        ),
        (NOVA, {"inferenceConfig": {"topK": 5}}),
        (LLAMA, None),
        ("arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abcdef123456", None),
    ],
)
def test_each_family_is_told_in_its_own_words_how_many_candidates_to_draw_from(model: str, fields: Any) -> None:
    assert encoded(chat(sampling=Sampling(top_k=5), model=model)).get("additionalModelRequestFields") == fields


@pytest.mark.parametrize(
    ("model", "is_budgeted"),
    [
        ("anthropic.claude-3-7-sonnet-20250219-v1:0", True),
        ("anthropic.claude-opus-4-20250514-v1:0", True),
        ("us.anthropic.claude-opus-4-1-20250805-v1:0", True),
        ("anthropic.claude-haiku-4-5-20251001-v1:0", True),
        ("anthropic.claude-opus-4-6-v1", False),
        ("anthropic.claude-sonnet-4-6", False),
        ("anthropic.claude-opus-5", False),
        ("anthropic.claude-fable-5-1", False),
    ],
)
def test_which_claude_thinks_within_a_budget_is_read_off_its_name(model: str, is_budgeted: bool) -> None:
    fields = encoded(chat(reasoning=Reasoning("high"), model=model))["additionalModelRequestFields"]
    assert (fields["thinking"]["type"] == "enabled") is is_budgeted


# ---------------------------------------------------------------------------------------- what callers of Converse say


def test_what_a_family_takes_is_understood_for_other_dialects_too() -> None:
    fields = {"thinking": {"type": "enabled", "budget_tokens": 2000}, "top_k": 7, "anthropic_beta": ["x"]}
    read = decoded({"additionalModelRequestFields": fields, "outputConfig": {"effort": "low"}}, "smart")
    assert read.sampling.top_k == 7
    assert read.reasoning is not None
    assert (read.reasoning.budget_tokens, read.reasoning.is_enabled, read.reasoning.effort) == (2000, True, "low")
    assert encoded(read)["additionalModelRequestFields"] == fields


@pytest.mark.parametrize(
    "thinking",
    [{"type": "adaptive"}, {"type": "disabled"}, {"type": "enabled"}, {"type": "adaptive", "budget_tokens": 1}, 7],
)
def test_thinking_goes_back_as_it_came(thinking: Any) -> None:
    wire = {"additionalModelRequestFields": {"thinking": thinking}}
    assert encoded(decoded(wire)) == wire


@pytest.mark.parametrize(
    "wire",
    [
        {"additionalModelRequestFields": "text"},
        {"additionalModelRequestFields": {}},
        {"inferenceConfig": {}, "outputConfig": {}, "toolConfig": {"tools": []}, "requestMetadata": {}},
        {"outputConfig": {"effort": "low"}},
        {"outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": "{"}}}}},
        {"outputConfig": {"textFormat": {"type": "json_schema", "structure": {"other": {}}}}},
        {"messages": [], "system": []},
        {"toolConfig": {"tools": [{"cachePoint": {"type": "default"}}]}},
        {"toolConfig": {"tools": [{"toolSpec": {"name": "f"}}], "toolChoice": {"a": {}, "b": {}}}},
        {
            "toolConfig": {
                "tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": {}}}}],
                "toolChoice": {"any": {}},
            }
        },
        {
            "toolConfig": {
                "tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": {}}}}],
                "toolChoice": {"tool": {"name": "f"}},
            }
        },
        {"toolConfig": {"tools": [{"a": 1, "b": 2}]}},
        {"serviceTier": {"type": 7}},
        {"x": None},
    ],
)
def test_what_is_empty_or_odd_goes_back_as_it_came(wire: Any) -> None:
    assert encoded(decoded(wire), is_judged=False) == wire


@pytest.mark.parametrize(
    "block",
    [
        {"text": "a", "image": {}},
        {"image": {"format": "PNG", "source": {"bytes": "AAAA"}}},
        {"image": {"format": "png", "source": {"text": "a picture"}}},
        {"image": {"format": "png", "source": {"bytes": "AAAA", "s3Location": {"uri": "s3://b"}}}},
        {"image": {"format": "png", "source": {}}},
        {"video": {"format": "mp4", "source": {"text": "a film"}}},
        {"audio": {"format": "mp3", "source": {"text": "a song"}}},
        {"document": {"format": "pdf", "name": "a", "source": {"bytes": "AAAA", "text": "b"}}},
        {"reasoningContent": {"redactedContent": "AAAA", "reasoningText": {"text": ""}}},
        {"guardContent": {"image": {"format": "png", "source": {"bytes": "AAAA"}}, "text": {"text": "a"}}},
        {"guardContent": {"text": {"text": "a"}, "x": 1}},
        {"citationsContent": {"content": [{"text": "a"}, {"text": "b"}], "citations": []}},
        {"citationsContent": {"content": [{"video": "a"}], "citations": []}},
        {"citationsContent": {"content": [{"text": "a"}], "citations": [7]}},
        {"citationsContent": {"content": [{"text": "a"}], "citations": [{"sourceContent": [{"text": "a", "x": 1}]}]}},
        {"citationsContent": {"content": [{"text": "a"}], "citations": [{"location": {"searchResultLocation": {}}}]}},
        {"citationsContent": {"content": [{"text": "a"}], "citations": [{"location": {"web": 7}}]}},
        {"toolUse": {"toolUseId": "a", "name": "f", "input": [1]}},
        {"toolUse": {"name": "f"}},
        {"toolUse": {"toolUseId": "a", "name": "f", "input": {}}, "text": "b"},
        {"toolResult": {"toolUseId": "a"}},
        {"toolResult": {"toolUseId": "a", "content": [], "status": 7}},
        {"toolResult": {"toolUseId": "a", "content": []}, "text": "b"},
        {"toolResult": {"toolUseId": "a", "content": [{"a": 1, "b": 2}, {"json": [1, 2]}, {"json": None}]}},
        {"cachePoint": {"type": "default"}},
        {"cachePoint": {"type": "default"}, "text": "a"},
        {"cachePoint": 7},
    ],
)
def test_blocks_of_an_odd_shape_go_back_as_they_came(block: Any) -> None:
    wire = {"messages": [{"role": "user", "content": [block]}]}
    again = encoded(decoded(wire), is_judged=False)
    assert again["messages"] == wire["messages"]


@pytest.mark.parametrize("point", [{"cachePoint": 7}, {"cachePoint": {"type": "odd"}}, {"cachePoint": {}, "text": "a"}])
def test_a_cache_point_that_nobody_can_read_goes_back_as_it_came(point: Any) -> None:
    wire = {"messages": [{"role": "user", "content": [{"text": "a"}, point]}]}
    assert encoded(decoded(wire), is_judged=False)["messages"] == wire["messages"]


def test_a_search_result_may_leave_open_whether_it_is_cited() -> None:
    block = {"searchResult": {"source": "s", "title": "t", "content": [{"text": "x", "y": 1}]}}
    assert encoded(decoded({"messages": [{"role": "user", "content": [block]}]}), is_judged=False)["messages"][0][
        "content"
    ] == [block]


def test_parts_that_have_no_place_in_a_result_are_left_out() -> None:
    answer = result("a", Text("x"), Document(FileSource("file-1")), ToolCall("b", "f", "{}"))
    wire = encoded(chat(user(), assistant(ToolCall("a", "f", "{}")), tool(answer)))
    assert wire["messages"][-1]["content"][0]["toolResult"]["content"] == [{"text": "x"}]


def test_a_text_that_a_stage_has_made_no_json_of_is_told_as_text() -> None:
    block = {"toolResult": {"toolUseId": "a", "content": [{"json": {"secret": 1}}]}}
    read = decoded({"messages": [{"role": "user", "content": [block]}]})
    (answer,) = read.messages[0].parts
    assert isinstance(answer, ToolResult)
    (words,) = answer.parts
    masked = msgspec.structs.replace(answer, parts=(msgspec.structs.replace(words, text="[masked"),))
    wire = encoded(msgspec.structs.replace(read, messages=(Message(Role.TOOL, (masked,)),)))
    assert wire["messages"][0]["content"][0]["toolResult"]["content"] == [{"text": "[masked"}]


def test_the_users_words_may_stand_before_the_results_where_the_caller_put_them() -> None:
    answers = [{"toolResult": {"toolUseId": identity, "content": [{"text": "x"}]}} for identity in "ab"]
    content = [{"text": "first"}, answers[0], {"text": "between"}, answers[1]]
    wire = {"messages": [{"role": "user", "content": content}]}
    read = decoded(wire)
    assert [message.role for message in read.messages] == [Role.USER, Role.TOOL, Role.USER, Role.TOOL]
    assert encoded(read)["messages"] == wire["messages"]


def test_a_word_that_is_also_a_members_name_is_no_second_member() -> None:
    wire = {"requestMetadata": {"about": "system"}, "system": [{"text": "Hi"}]}
    assert encoded(decoded(wire)) == wire
    with pytest.raises(InvalidRequest, match="Duplicate"):
        request.decode(b'{"\\u0073ystem":[],"system":[]}', model=MODEL, is_stream=False)


def test_members_of_other_dialects_are_left_out() -> None:
    foreign = Opaque("openai_chat", {"x": msgspec.Raw(b"1")})
    wire = encoded(chat(Message(Role.USER, (Text("Hi", opaque=foreign),), opaque=foreign), opaque=foreign))
    assert wire == {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}


@pytest.mark.parametrize(
    ("wire", "param"),
    [
        ([], None),
        ({"messages": 7}, "messages"),
        ({"messages": [7]}, "messages[0]"),
        ({"messages": [{"role": "tool", "content": []}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": "Hi"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{}]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": [7]}]}, "messages[0].content[0]"),
        (
            {"messages": [{"role": "user", "content": [{"toolResult": {"toolUseId": "a", "content": [7]}}]}]},
            "messages[0].content[0].toolResult.content[0]",
        ),
        ({"system": "x"}, "system"),
        ({"inferenceConfig": {"maxTokens": "x"}}, "inferenceConfig.maxTokens"),
        ({"toolConfig": 7}, "toolConfig"),
        ({"toolConfig": {"tools": {}}}, "toolConfig.tools"),
        ({"requestMetadata": {"a": 7}}, "requestMetadata"),
        ({"outputConfig": 7}, "outputConfig"),
    ],
)
def test_wrong_types_are_refused_by_path(wire: Any, param: str | None) -> None:
    with pytest.raises(InvalidRequest) as refused:
        decoded(wire)
    assert refused.value.param == param


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b'{"a":"\xff"}', b'{"messages":' + b"[" * 3000 + b"]" * 3000 + b"}", b'{"a":1,"a":2}']
)
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        request.decode(body, model=MODEL, is_stream=False)
