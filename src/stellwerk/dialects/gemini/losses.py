"""What ``encode`` cannot say in this dialect: refused, or dropped."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from stellwerk.core.chat import ChatRequest, JsonSchemaFormat, Role
from stellwerk.core.loss import Loss
from stellwerk.core.part import (
    Audio,
    Document,
    FileSource,
    Image,
    OpaquePart,
    Part,
    RedactedThinking,
    SearchResult,
    Source,
    Text,
    Thinking,
    ToolResult,
    UrlSource,
    Video,
)
from stellwerk.core.tool import CustomTool, FunctionTool, OpaqueTool
from stellwerk.dialects.gemini.parts import FILES_URI
from stellwerk.dialects.gemini.types import DIALECT, is_marked

_Occurs = Callable[[ChatRequest], bool]
READABLE = ("gs://", FILES_URI, "https://www.youtube.com/", "https://youtube.com/", "https://youtu.be/")
"""How URLs begin that Google reads itself."""
_STANDING = frozenset({Role.SYSTEM, Role.DEVELOPER})


def _refused(field: str, why: str, occurs: _Occurs) -> Loss:
    return Loss(field, is_refused=True, why=why, occurs=occurs)


def _dropped(field: str, why: str, occurs: _Occurs) -> Loss:
    return Loss(field, is_refused=False, why=why, occurs=occurs)


def _parts(request: ChatRequest) -> Iterator[Part]:
    """All parts, those in results of tools included."""
    for message in request.messages:
        for part in message.parts:
            yield part
            if isinstance(part, ToolResult):
                yield from part.parts


def _part(judge: Callable[[Part], bool]) -> _Occurs:
    return lambda request: any(judge(part) for part in _parts(request))


def _said(name: str) -> _Occurs:
    return lambda request: getattr(request, name) is not None


def _source(part: Part) -> Source | None:
    return part.source if isinstance(part, Image | Audio | Video | Document) else None


def _is_foreign_url(part: Part) -> bool:
    source = _source(part)
    return isinstance(source, UrlSource) and not source.url.startswith(READABLE)


def _is_foreign_file(part: Part) -> bool:
    source = _source(part)
    return isinstance(source, FileSource) and not source.id.startswith(READABLE)


def _is_foreign_thinking(part: Part) -> bool:
    return isinstance(part, RedactedThinking) or (isinstance(part, Thinking) and not is_marked(part.opaque, "thought"))


def _is_described(part: Part) -> bool:
    """Whether a document says more of itself than its bytes do; a name goes back to callers of this dialect."""
    if isinstance(part, SearchResult):
        return part.cites is not None
    named = isinstance(part, Document) and part.name is not None and not is_marked(part.opaque, "displayName")
    return isinstance(part, Document) and (named or part.context is not None or part.cites is not None)


def _is_cached(request: ChatRequest) -> bool:
    marked = (
        *(message.cache for message in request.messages),
        *(getattr(part, "cache", None) for part in _parts(request)),
        *(getattr(tool, "cache", None) for tool in request.tools),
    )
    return any(mark is not None for mark in marked)


def _has_late_system(request: ChatRequest) -> bool:
    roles = (message.role in _STANDING for message in request.messages)
    return any(later and not before for before, later in itertools.pairwise(roles))


LOSSES: tuple[Loss, ...] = (
    _refused(
        "messages.source.url",
        "it reads URLs of Google's own storage only",
        _part(_is_foreign_url),
    ),
    _refused(
        "messages.source.file_id",
        "the file lies with another provider",
        _part(_is_foreign_file),
    ),
    _refused(
        "tools.custom",
        "its tools take JSON objects, not free text",
        lambda request: any(isinstance(tool, CustomTool) for tool in request.tools),
    ),
    _refused(
        "tools.provider_tool",
        "the tool is run by another provider",
        lambda request: any(isinstance(tool, OpaqueTool) and tool.dialect != DIALECT for tool in request.tools),
    ),
    _dropped(
        "messages.role",
        "system messages within the conversation are said as the user's",
        _has_late_system,
    ),
    _dropped(
        "messages.name",
        "speakers have roles and no names",
        lambda request: any(message.name is not None for message in request.messages),
    ),
    _dropped(
        "messages.cache",
        "its cache marks nothing in a prompt",
        _is_cached,
    ),
    _dropped(
        "messages.thinking",
        "another model's thinking cannot be verified",
        _part(_is_foreign_thinking),
    ),
    _dropped(
        "messages.provider_part",
        "the part is another provider's own",
        _part(lambda part: isinstance(part, OpaquePart) and part.dialect != DIALECT),
    ),
    _dropped(
        "messages.citations",
        "history has no citations",
        _part(lambda part: isinstance(part, Text) and bool(part.citations)),
    ),
    _dropped(
        "messages.image.detail",
        "resolution is set for the whole request",
        _part(lambda part: isinstance(part, Image) and part.detail is not None),
    ),
    _dropped(
        "messages.audio.id",
        "the sound lies with another provider; its transcript goes along",
        _part(lambda part: isinstance(part, Audio) and part.source is None),
    ),
    _dropped(
        "messages.document.name",
        "a document is its bytes alone",
        _part(_is_described),
    ),
    _dropped(
        "tools.strict",
        "schemas are followed without being enforced",
        lambda request: any(isinstance(tool, FunctionTool) and tool.is_strict for tool in request.tools),
    ),
    _dropped(
        "is_parallel_allowed",
        "parallel calls cannot be switched off",
        lambda request: request.is_parallel_allowed is False,
    ),
    _dropped(
        "output_format.description",
        "a schema is all that describes the answer",
        lambda request: (
            isinstance(request.output_format, JsonSchemaFormat) and request.output_format.description is not None
        ),
    ),
    _dropped(
        "audio.format",
        "sound comes in one format",
        lambda request: request.audio is not None and request.audio.format is not None,
    ),
    _dropped("verbosity", "there is no such setting", _said("verbosity")),
    _dropped("user", "end users are not told apart", _said("user")),
    _dropped("safety_identifier", "end users are not told apart", _said("safety_identifier")),
    _dropped("metadata", "only Vertex AI takes labels", _said("metadata")),
    _dropped("service_tier", "its tiers are its own", _said("service_tier")),
    _dropped("cache_key", "prefixes are cached without a key", _said("cache_key")),
    _dropped("is_stored", "answers are not kept for later requests", _said("is_stored")),
)
"""Of Google's own API, in the order in which it is judged."""

VERTEX_LOSSES: tuple[Loss, ...] = tuple(loss for loss in LOSSES if loss.field != "metadata")
"""Of Vertex AI."""
