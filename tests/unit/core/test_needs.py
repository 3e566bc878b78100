"""What a request needs of a model: what it cannot do without, and nothing that it merely wishes."""

from typing import Any

import msgspec
import pytest

from stellwerk.core.catalog import CAPABILITIES
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
from stellwerk.core.needs import needs_of
from stellwerk.core.part import (
    Audio,
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
    ToolResult,
    UrlSource,
    Video,
)
from stellwerk.core.tool import CustomTool, FunctionTool, OpaqueTool, ToolChoice, ToolMode

RAW = msgspec.Raw(b'{"type":"object"}')
PNG, PDF, NOTE = (InlineSource(kind, "AAAA") for kind in ("image/png", "application/pdf", "text/markdown"))
CALL, OTHER = ToolCall("c1", "weather", "{}"), ToolCall("c2", "weather", "{}")
HELLO = (Message(Role.USER, (Text("hello"),)),)


def needs(*parts: Part, role: Role = Role.USER, **rest: Any) -> set[str]:
    """What a request with one message of these parts needs."""
    return set(needs_of(ChatRequest("m", (*HELLO, Message(role, parts)), **rest)))


@pytest.mark.parametrize(
    ("part", "needed"),
    [
        (Text("a picture, a tool and a json_schema"), set()),
        (Image(UrlSource("https://example.com/a.png")), {"vision"}),
        (Video(FileSource("file-1")), {"vision"}),
        (Audio(InlineSource("audio/wav", "AAAA")), {"audio_in"}),
        (Audio(id="audio_1"), set()),
        (Audio(InlineSource("audio/wav", "AAAA"), transcript="hello"), set()),
        (Document(PDF), {"files"}),
        (Document(FileSource("file-1")), {"files"}),
        (Document(UrlSource("https://example.com/a")), {"files"}),
        (Document(NOTE), set()),
        (Document(TextSource("words")), set()),
        (SearchResult("https://example.com", "t", (Text("words"),)), set()),
        (Refusal("no"), set()),
        (Thinking("hm"), set()),
        (RedactedThinking("AAAA"), set()),
        (OpaquePart("gemini", "executableCode", RAW), set()),
        (CALL, {"tools"}),
        (ToolResult("c1", (Text("sunny"),)), {"tools"}),
        (ToolResult("c1", (Image(PNG), Document(PDF))), {"tools", "vision", "files"}),
    ],
)
def test_what_a_message_holds_has_to_be_understood(part: Part, needed: set[str]) -> None:
    assert needs(part) == needed
    assert needs(Text("look"), part, Text("there")) == needed


@pytest.mark.parametrize(
    ("asked", "needed"),
    [
        ({"tools": (FunctionTool("f"),)}, {"tools"}),
        ({"tools": (CustomTool("sql"),), "tool_choice": ToolChoice(ToolMode.NONE)}, {"tools"}),
        ({"tools": (OpaqueTool("gemini", "googleSearch", RAW),)}, set()),
        ({"tools": (FunctionTool("f"),), "is_parallel_allowed": True}, {"tools"}),
        ({"output_format": JsonSchemaFormat(RAW)}, {"json_schema"}),
        ({"output_format": JsonSchemaFormat(None)}, set()),
        ({"output_format": JsonObjectFormat()}, set()),
        ({"is_stream": True}, {"streaming"}),
        ({"modalities": ("text", "audio"), "audio": AudioOutput("alloy")}, {"audio_out"}),
        ({"modalities": ("text", "image")}, {"image_out"}),
        ({"modalities": ("text",), "audio": AudioOutput("alloy")}, set()),
    ],
)
def test_what_an_answer_has_to_be_is_needed(asked: dict[str, Any], needed: set[str]) -> None:
    assert needs(Text("hi"), **asked) == needed


def test_settings_are_the_providers_to_judge() -> None:
    asked: dict[str, Any] = {
        "reasoning": Reasoning("high", 9_000, is_enabled=True),
        "sampling": Sampling(temperature=2, top_k=3, seed=1),
        "wants_logprobs": True,
        "top_logprobs": 5,
        "choices": 3,
        "output_cap": 10**6,
        "verbosity": "low",
        "service_tier": "flex",
    }
    assert needs(Text("hi"), **asked) == set()


def test_calls_side_by_side_in_the_history_are_more_than_tools() -> None:
    assert needs(CALL, OTHER, role=Role.ASSISTANT) == {"tools", "parallel_tools"}
    turns = (Message(Role.ASSISTANT, (CALL,)), Message(Role.ASSISTANT, (OTHER,)))
    assert needs_of(ChatRequest("m", turns)) == {"tools"}


def test_a_need_is_one_of_the_catalogues_words() -> None:
    every = needs(
        Image(PNG),
        Audio(PNG),
        Document(PDF),
        CALL,
        OTHER,
        output_format=JsonSchemaFormat(RAW),
        is_stream=True,
        modalities=("audio", "image"),
    )
    assert every == set(CAPABILITIES) - {"reasoning", "long_context"}
