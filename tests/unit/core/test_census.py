"""What a request comes to by OpenAI's published rules, each worked out by hand here."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from stellwerk.core.census import Census, Texts
from stellwerk.core.chat import ChatRequest, JsonSchemaFormat, Message, Role
from stellwerk.core.part import (
    Audio,
    Document,
    Image,
    OpaquePart,
    Part,
    RedactedThinking,
    Refusal,
    SearchResult,
    Text,
    TextSource,
    Thinking,
    ToolCall,
    ToolResult,
    UrlSource,
)
from stellwerk.core.tokens import MEDIA_TOKENS, MESSAGE_TOKENS
from stellwerk.core.tool import CustomTool, FunctionTool, OpaqueTool, Tool
from stellwerk.core.vocabulary import Vocabulary, vocabulary_of

GPT = vocabulary_of("gpt-4o")
HALF = "\ud83d"
ELSEWHERE = UrlSource("https://example.com/x")


def chat(*parts: Part, role: Role = Role.USER, **options: Any) -> ChatRequest:
    return ChatRequest("m", (Message(role, parts),), **options)


def texts(census: Census) -> list[str]:
    return msgspec.msgpack.decode(census.payload(), type=Texts).texts


def total(census: Census, each: int) -> int:
    return census.total(msgspec.msgpack.encode([each] * len(texts(census))))


def test_a_message_takes_three_tokens_beside_its_role_and_text_and_so_does_the_answer() -> None:
    census = Census(chat(Text("Hello")), GPT)
    assert texts(census) == ["user", "Hello"]
    assert census.fixed == 6
    assert census.warning == ""
    assert total(census, 10) == 26


def test_a_name_takes_one_more() -> None:
    request = ChatRequest("m", (Message(Role.USER, (Text("Hello"), Text("")), name="ada"),))
    census = Census(request, GPT)
    assert texts(census) == ["user", "ada", "Hello"]
    assert census.fixed == 7


def function(parameters: Any, description: str | None = "Tells the weather.") -> FunctionTool:
    return FunctionTool("weather", description, msgspec.Raw(msgspec.json.encode(parameters)))


def test_a_tool_is_counted_by_the_rule_of_the_cookbook() -> None:
    tool = function(
        {
            "type": "object",
            "properties": {
                "place": {"type": "string", "description": "A city."},
                "unit": {"type": "string", "enum": ["c", "f"]},
            },
        }
    )
    census = Census(chat(Text("Hello"), tools=(tool,)), GPT)
    assert texts(census)[2:] == ["weather:Tells the weather", "place:string:A city", "c", "f", "unit:string:"]
    assert census.fixed == 6 + 12 + 7 + 3 + 2 * 3 - 3 + 2 * 3
    assert census.warning == "estimated tools"
    older = Census(chat(Text("Hello"), tools=(tool,)), vocabulary_of("gpt-4"))
    assert older.fixed == census.fixed + 3


@pytest.mark.parametrize("schema", [{}, {"properties": {}}, {"properties": []}, [], "x", None])
def test_a_tool_without_properties_is_its_name(schema: Any) -> None:
    census = Census(chat(tools=(function(schema, None),)), GPT)
    assert texts(census) == ["user", "weather:"]
    assert census.fixed == 6 + 12 + 7


def test_odd_schemas_are_counted_as_they_are_written() -> None:
    tool = function({"properties": {"a": True, "b": {"type": ["string", "null"], "items": {"$ref": "#"}, "enum": [1]}}})
    census = Census(chat(tools=(tool,)), GPT)
    assert texts(census)[2:] == ["a::", "1", 'b:["string","null"]:', '{"items":{"$ref":"#"}}']


@pytest.mark.parametrize("raw", [b"{", b"[" * 5_000])
def test_a_schema_that_cannot_be_read_counts_nothing(raw: bytes) -> None:
    census = Census(chat(tools=(FunctionTool("weather", None, msgspec.Raw(raw)), FunctionTool("other"))), GPT)
    assert texts(census) == ["user", "weather:", "other:"]


def test_other_tools_are_counted_as_they_are_written() -> None:
    tools: tuple[Tool, ...] = (CustomTool("sql", "Runs it.", msgspec.Raw(b'{"a":1}')), CustomTool("x"))
    census = Census(chat(tools=(*tools, OpaqueTool("openai_chat", "web", msgspec.Raw(b'{"b":2}')))), GPT)
    assert texts(census)[1:] == ["sql:Runs it", '{"a":1}', "x:", '{"b":2}']
    assert census.warning == "estimated tools"


@pytest.mark.parametrize(
    ("part", "counted", "fixed", "warning"),
    [
        (Refusal("No."), ["No."], 0, ""),
        (Thinking("Hm."), ["Hm."], 0, "thinking"),
        (RedactedThinking("abc"), ["abc"], 0, "thinking"),
        (Image(ELSEWHERE), [], MEDIA_TOKENS, "media"),
        (Audio(transcript="Hi"), ["Hi"], 0, "media"),
        (Document(ELSEWHERE), [], MEDIA_TOKENS, "media"),
        (Document(TextSource("Once"), "tale"), ["Once", "tale"], MESSAGE_TOKENS, "documents"),
        (SearchResult("s", "t", (Text("u"),)), ["s", "t", "u"], MESSAGE_TOKENS, "documents"),
        (ToolCall("1", "f", "{}"), ["f", "{}"], MESSAGE_TOKENS, "tool calls"),
        (ToolResult("1", (Text("ok"),), "f"), ["f", "ok"], 0, "tool calls"),
        (OpaquePart("gemini", "x", msgspec.Raw(b"{}")), ["{}"], 0, "opaque parts"),
    ],
)
def test_each_part_is_counted_and_what_is_estimated_is_named(
    part: Part, counted: list[str], fixed: int, warning: str
) -> None:
    census = Census(chat(part), GPT)
    assert texts(census)[1:] == counted
    assert census.fixed == 6 + fixed
    assert census.warning == (f"estimated {warning}" if warning else "")


def test_a_schema_for_the_answer_is_estimated() -> None:
    request = chat(Text("Hello"), output_format=JsonSchemaFormat(msgspec.Raw(b'{"type":"object"}')))
    census = Census(request, GPT)
    assert texts(census)[2:] == ['{"type":"object"}']
    assert census.warning == "estimated schema"
    assert Census(chat(output_format=JsonSchemaFormat(None)), GPT).fixed == 6


def test_without_a_vocabulary_of_its_own_a_model_gets_an_estimate() -> None:
    census = Census(chat(Text("Hello")), Vocabulary("o200k_base", is_own=False, factor=1.5))
    assert census.warning == "estimated vocabulary"
    assert total(census, 1) == 12


def test_half_a_surrogate_pair_does_not_stop_the_count() -> None:
    assert texts(Census(chat(Text(f"a{HALF}b")), GPT)) == ["user", "a?b"]


@pytest.mark.parametrize("answer", [b"", b"\xc1", b"\x91\x01", b"\xa1x", b"\x93\x01\x01\x01"])
def test_an_answer_to_something_else_is_refused(answer: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Census(chat(Text("Hello")), GPT).total(answer)
