"""What Converse cannot say: every field of the table, refused or dropped, and no request that has none of it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

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
from stellwerk.core.loss import judge
from stellwerk.core.part import (
    Audio,
    Citation,
    Document,
    FileSource,
    Image,
    InlineSource,
    OpaquePart,
    Part,
    RedactedThinking,
    Text,
    TextSource,
    Thinking,
    ToolCall,
    ToolResult,
    UrlSource,
)
from stellwerk.core.tool import CustomTool, FunctionTool, OpaqueTool, ToolChoice, ToolMode
from stellwerk.dialects.bedrock_converse import request
from stellwerk.dialects.bedrock_converse.losses import LOSSES
from stellwerk.errors import InvalidRequest
from tests.golden.test_bedrock_converse import REQUESTS, name

CLAUDE = "anthropic.claude-sonnet-4-5-20250929-v1:0"
LLAMA = "meta.llama3-1-8b-instruct-v1:0"
EMPTY = msgspec.Raw(b"{}")


def chat(*parts: Part, role: Role = Role.USER, model: str = LLAMA, **more: object) -> ChatRequest:
    return ChatRequest(model, (Message(role, parts),), **more)  # type: ignore[arg-type]


REFUSED = {
    "messages.url": chat(Image(UrlSource("https://example.com/a.png"))),
    "messages.file_id": chat(ToolResult("a", (Document(FileSource("file-1")),))),
    "messages.media_type": chat(Image(InlineSource("image/tiff", "AAAA"))),
    "messages.source.text": chat(Image(TextSource("a picture"), opaque=None)),
    "messages.audio.id": chat(Audio(id="said-before")),
    "messages.tool_result.audio": chat(ToolResult("a", (Audio(InlineSource("audio/wav", "AAAA")),))),
    "messages.tool_result.name": chat(ToolResult("", (), "f")),
    "messages.system": chat(Text("x"), Image(InlineSource("image/png", "AAAA")), role=Role.SYSTEM),
    "tools.custom": chat(tools=(CustomTool("f"),)),
    "tools": chat(tools=(FunctionTool("f"), OpaqueTool("gemini", "googleSearch", EMPTY))),
    "choices": chat(choices=2),
    "output_format": chat(output_format=JsonObjectFormat()),
    "output_format.schema": chat(output_format=JsonSchemaFormat(None)),
    "modalities": chat(modalities=("text", "audio"), audio=AudioOutput("alloy")),
}
DROPPED = {
    "messages.opaque": chat(OpaquePart("gemini", "executableCode", EMPTY)),
    "messages.thinking": chat(Thinking("unsigned"), role=Role.ASSISTANT),
    "messages.redacted_thinking": chat(RedactedThinking("no base64!"), role=Role.ASSISTANT),
    "messages.citations": chat(Text("x", citations=(Citation("u"),)), role=Role.ASSISTANT),
    "messages.image.detail": chat(Image(InlineSource("image/png", "AAAA"), "low")),
    "messages.role": ChatRequest(
        LLAMA,
        (Message(Role.USER, (Text("x"),)), Message(Role.SYSTEM, (Text("later"),)), Message(Role.USER, (Text("y"),))),
    ),
    "messages.name": ChatRequest(LLAMA, (Message(Role.USER, (Text("x"),), name="Ann"),)),
    "tool_choice": ChatRequest(
        LLAMA,
        (Message(Role.ASSISTANT, (ToolCall("a", "f", "{}"),)), Message(Role.TOOL, (ToolResult("a", ()),))),
        tool_choice=ToolChoice(ToolMode.NONE),
    ),
    "is_parallel_allowed": chat(tools=(FunctionTool("f"),), is_parallel_allowed=False),
    "sampling.top_k": chat(sampling=Sampling(top_k=1)),
    "sampling.frequency_penalty": chat(sampling=Sampling(frequency_penalty=0.5)),
    "sampling.presence_penalty": chat(sampling=Sampling(presence_penalty=0.5)),
    "sampling.seed": chat(sampling=Sampling(seed=7)),
    "reasoning": chat(reasoning=Reasoning("low")),
    "verbosity": chat(verbosity="low"),
    "wants_logprobs": chat(wants_logprobs=True),
    "top_logprobs": chat(top_logprobs=3),
    "user": chat(user="ann"),
    "safety_identifier": chat(safety_identifier="x"),
    "service_tier": chat(service_tier="scale"),
    "cache_key": chat(cache_key="k"),
    "is_stored": chat(is_stored=True),
}


def test_the_table_names_each_field_once_and_every_one_is_tested() -> None:
    fields = [loss.field for loss in LOSSES]
    assert len(set(fields)) == len(fields)
    assert {loss.field for loss in LOSSES if loss.is_refused} == set(REFUSED)
    assert {loss.field for loss in LOSSES if not loss.is_refused} == set(DROPPED)
    assert all(loss.why for loss in LOSSES)


@pytest.mark.parametrize("field", REFUSED)
def test_what_would_make_another_answer_is_refused_by_name(field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        judge(LOSSES, REFUSED[field])
    assert refused.value.param == field
    assert field in refused.value.message
    request.encode(REFUSED[field])


@pytest.mark.parametrize("field", DROPPED)
def test_what_an_answer_can_do_without_is_dropped_and_told(field: str) -> None:
    assert judge(LOSSES, DROPPED[field]) == (field,)
    request.encode(DROPPED[field])


def test_claude_can_be_told_more() -> None:
    for field in ("tool_choice", "is_parallel_allowed", "sampling.top_k", "reasoning"):
        assert judge(LOSSES, msgspec.structs.replace(DROPPED[field], model=CLAUDE)) == ()


@pytest.mark.parametrize("path", REQUESTS, ids=name)
def test_a_request_of_this_dialect_loses_nothing(path: Path) -> None:
    assert judge(LOSSES, request.decode(path.read_bytes(), model=CLAUDE, is_stream=False)) == ()


def test_claude_may_lose_its_thinking_to_a_forced_tool() -> None:
    forced = chat(tools=(FunctionTool("f"),), tool_choice=ToolChoice(ToolMode.REQUIRED), reasoning=Reasoning("low"))
    assert judge(LOSSES, msgspec.structs.replace(forced, model=CLAUDE)) == ("reasoning",)


def test_media_that_bedrock_can_reach_are_no_loss() -> None:
    parts = (
        Image(UrlSource("s3://b/a.png")),
        Document(TextSource("x")),
        Document(InlineSource("text/markdown", "AAAA")),
        Audio(id="x", transcript="words"),
        RedactedThinking("AA+/"),
        RedactedThinking(""),
    )
    assert judge(LOSSES, chat(*parts, service_tier="auto", output_format=JsonSchemaFormat(EMPTY))) == ()
