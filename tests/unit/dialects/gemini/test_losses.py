"""What this dialect cannot say: each field once, refused or dropped, and everything else silent."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from stellwerk.core.chat import AudioOutput, ChatRequest, JsonSchemaFormat, Message, Role
from stellwerk.core.loss import judge
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
    SearchResult,
    Text,
    Thinking,
    ToolResult,
    UrlSource,
    Video,
)
from stellwerk.core.tool import CustomTool, FunctionTool, OpaqueTool
from stellwerk.dialects.gemini import request
from stellwerk.dialects.gemini.losses import LOSSES, VERTEX_LOSSES
from stellwerk.errors import InvalidRequest

RAW = msgspec.Raw(b"{}")
PICTURE = Image(InlineSource("image/png", "AA"))
CACHE = CacheMark()


def asked(*parts: Part, role: Role = Role.USER, **fields: Any) -> ChatRequest:
    return ChatRequest("m", (Message(role, parts),), **fields)


REFUSED = [
    ("messages.source.url", asked(Image(UrlSource("https://example.com/a.png")))),
    ("messages.source.url", asked(Document(UrlSource("s3://bucket/a.pdf")))),
    ("messages.source.url", asked(ToolResult("1", (Image(UrlSource("http://x/a.png")),)), role=Role.TOOL)),
    ("messages.source.file_id", asked(Document(FileSource("file-abc")))),
    ("tools.custom", asked(tools=(CustomTool("c"),))),
    ("tools.provider_tool", asked(tools=(OpaqueTool("openai_responses", "web_search", RAW),))),
]
DROPPED = [
    ("messages.role", ChatRequest("m", (Message(Role.USER, ()), Message(Role.SYSTEM, ())))),
    ("messages.name", ChatRequest("m", (Message(Role.USER, (), name="ann"),))),
    ("messages.cache", ChatRequest("m", (Message(Role.USER, (), cache=CACHE),))),
    ("messages.cache", asked(Text("a", CACHE))),
    ("messages.cache", asked(tools=(FunctionTool("f", cache=CACHE),))),
    ("messages.thinking", asked(Thinking("hm", "sig"))),
    ("messages.thinking", asked(RedactedThinking("x"))),
    ("messages.provider_part", asked(OpaquePart("anthropic_messages", "server_tool_use", RAW))),
    ("messages.citations", asked(Text("a", citations=(Citation("u"),)))),
    ("messages.image.detail", asked(Image(InlineSource("image/png", "AA"), "high"))),
    ("messages.audio.id", asked(Audio(id="a"))),
    ("messages.document.name", asked(Document(InlineSource("a/b", ""), "n"))),
    ("messages.document.name", asked(Document(InlineSource("a/b", ""), cites=True))),
    ("messages.document.name", asked(Document(InlineSource("a/b", ""), context="c"))),
    ("messages.document.name", asked(SearchResult("s", "t", (), cites=True))),
    ("tools.strict", asked(tools=(FunctionTool("f", is_strict=True),))),
    ("is_parallel_allowed", asked(is_parallel_allowed=False)),
    ("output_format.description", asked(output_format=JsonSchemaFormat(None, "n", "d"))),
    ("audio.format", asked(audio=AudioOutput("v", "mp3"))),
    ("verbosity", asked(verbosity="low")),
    ("user", asked(user="u")),
    ("safety_identifier", asked(safety_identifier="s")),
    ("metadata", asked(metadata={"a": "b"})),
    ("service_tier", asked(service_tier="flex")),
    ("cache_key", asked(cache_key="k")),
    ("is_stored", asked(is_stored=True)),
]


@pytest.mark.parametrize(("field", "asking"), REFUSED, ids=range(len(REFUSED)))
def test_what_would_be_another_question_is_refused_by_name(field: str, asking: ChatRequest) -> None:
    with pytest.raises(InvalidRequest, match=field) as refused:
        judge(LOSSES, asking)
    assert refused.value.param == field


@pytest.mark.parametrize(("field", "asking"), DROPPED, ids=range(len(DROPPED)))
def test_what_the_answer_may_do_without_is_dropped_by_name(field: str, asking: ChatRequest) -> None:
    assert judge(LOSSES, asking) == (field,)
    request.encode(asking)


def test_every_loss_has_its_case_and_vertex_takes_labels() -> None:
    assert {loss.field for loss in LOSSES} == {field for field, _ in (*REFUSED, *DROPPED)}
    assert judge(VERTEX_LOSSES, asked(metadata={"a": "b"})) == ()


@pytest.mark.parametrize(
    "part",
    [
        Text("a"),
        PICTURE,
        Video(UrlSource("gs://b/v.mp4")),
        Video(UrlSource("https://www.youtube.com/watch?v=x")),
        Document(FileSource("https://generativelanguage.googleapis.com/v1beta/files/x")),
        SearchResult("s", "t", ()),
    ],
)
def test_what_can_be_said_is_no_loss(part: Part) -> None:
    assert judge(LOSSES, asked(part, tools=(FunctionTool("f"), OpaqueTool("gemini", "googleSearch", RAW)))) == ()


def test_what_this_dialect_read_is_no_loss() -> None:
    body = (
        b'{"systemInstruction":{"parts":[{"text":"s"}]},"contents":[{"role":"model","parts":[{"text":"t","thought":true},'
        b'{"newKind":1},{"inlineData":{"mimeType":"text/csv","data":"","displayName":"n"}}]}]}'
    )
    assert judge(LOSSES, request.decode(body, model="m", is_stream=False)) == ()
