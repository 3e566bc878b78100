"""What a request needs of a model, read off its neutral form, in the words of the catalogue.

A need is what the request cannot be served without, seen from what it holds; what it merely wishes is none. So effort
and other settings are no needs: a provider judges them. ``reasoning``, ``long_context`` and words of one's own, such as
a language or a region that cards name, are needs only where a model's ``requires`` says so; how much of the context a
request takes is measured in ``context``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stellwerk.core.chat import ChatRequest, JsonSchemaFormat, Message
from stellwerk.core.part import (
    Audio,
    Document,
    FileSource,
    Image,
    InlineSource,
    Part,
    TextSource,
    ToolCall,
    ToolResult,
    UrlSource,
    Video,
)
from stellwerk.core.tool import OpaqueTool

_SPOKEN = {"audio": "audio_out", "image": "image_out"}
"""What an answer may be besides text, and what it takes."""


def needs_of(request: ChatRequest) -> frozenset[str]:
    """The capabilities that a model must have to serve this request."""
    found = {need for message in request.messages for need in _of_message(message)}
    # Tools that a provider runs itself are no function calling: models without that have some.
    if any(not isinstance(tool, OpaqueTool) for tool in request.tools):
        found.add("tools")
    if isinstance(request.output_format, JsonSchemaFormat) and request.output_format.schema is not None:
        found.add("json_schema")
    if request.is_stream:
        found.add("streaming")
    found.update(need for word in request.modalities if (need := _SPOKEN.get(word)))
    return frozenset(found)


def _of_message(message: Message) -> Iterator[str]:
    yield from _of_parts(message.parts)
    # That calls may come in parallel is an offer; a conversation in which some did has to be told to the model.
    if sum(isinstance(part, ToolCall) for part in message.parts) > 1:
        yield "parallel_tools"


def _of_parts(parts: Iterable[Part]) -> Iterator[str]:
    for part in parts:
        match part:
            case Image() | Video():
                yield "vision"
            case Audio(source=source, transcript=None) if source is not None:
                yield "audio_in"
            case Document(source=source) if not _is_text(source):
                yield "files"
            case ToolCall():
                yield "tools"
            case ToolResult(parts=inner):
                yield "tools"
                yield from _of_parts(inner)
            case _:
                pass


def _is_text(source: UrlSource | InlineSource | FileSource | TextSource) -> bool:
    """Whether a document is words, which every model takes."""
    return isinstance(source, TextSource) or (source.media_type or "").startswith("text/")
