"""What this dialect cannot say of a neutral request, and what no other can say of a request in this one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from stellwerk.core.chat import ChatRequest, JsonSchemaFormat
from stellwerk.core.loss import Loss
from stellwerk.core.part import (
    Audio,
    Document,
    InlineSource,
    OpaquePart,
    Part,
    RedactedThinking,
    SearchResult,
    Thinking,
    ToolResult,
    Video,
)
from stellwerk.core.tool import OpaqueTool
from stellwerk.dialects.members import SPELLING
from stellwerk.dialects.openai_responses.item_encoder import is_welcome
from stellwerk.dialects.openai_responses.request import DISPLAYS
from stellwerk.dialects.openai_responses.types import DIALECT, own

_NOTHING = {b"null", b"false", b"[]", b"{}"}


def _parts(request: ChatRequest) -> Iterator[Part]:
    """All parts, those within results of tools included."""
    for message in request.messages:
        for part in message.parts:
            yield part
            if isinstance(part, ToolResult):
                yield from part.parts


def _any(is_lost: Callable[[Part], bool]) -> Callable[[ChatRequest], bool]:
    return lambda request: any(is_lost(part) for part in _parts(request))


def _is_cached(request: ChatRequest) -> bool:
    owners = (*request.messages, *request.tools, *_parts(request))
    marks = [mark for owner in owners if (mark := getattr(owner, "cache", None)) is not None]
    return any(own(mark.opaque) is None for mark in marks)


def _says_more(request: ChatRequest) -> bool:
    """Whether members of another dialect go with the request, beside marks of how something was spelled."""
    opaque = request.opaque
    return opaque is not None and opaque.dialect != DIALECT and any(v != SPELLING for v in opaque.members.values())


def _is_shown_otherwise(request: ChatRequest) -> bool:
    """Whether reasoning shall be shown in a way that only another dialect has a word for."""
    reasoning = request.reasoning
    if reasoning is None or reasoning.display is None or own(reasoning.opaque) is not None:
        return False
    return reasoning.display not in {"summarized", *DISPLAYS}


def _lacks_schema(request: ChatRequest) -> bool:
    return isinstance(request.output_format, JsonSchemaFormat) and request.output_format.schema is None


def _has_foreign_tools(request: ChatRequest) -> bool:
    return any(isinstance(tool, OpaqueTool) and tool.dialect != DIALECT for tool in request.tools)


def _refused(field: str, why: str, occurs: Callable[[ChatRequest], bool]) -> Loss:
    return Loss(field, is_refused=True, why=why, occurs=occurs)


def _dropped(field: str, why: str, occurs: Callable[[ChatRequest], bool]) -> Loss:
    return Loss(field, is_refused=False, why=why, occurs=occurs)


LOSSES: tuple[Loss, ...] = (
    _refused("stop", "Responses have no stop sequences", lambda r: bool(r.stop)),
    _refused("choices", "Responses have one candidate", lambda r: (r.choices or 1) > 1),
    _refused("modalities", "Responses are text", lambda r: bool(set(r.modalities) - {"text"})),
    _refused("audio", "Responses are text", lambda r: r.audio is not None),
    _refused("tools", "a built-in tool of another dialect", _has_foreign_tools),
    _refused(
        "messages.opaque",
        "a part that only another dialect has",
        _any(lambda part: isinstance(part, OpaquePart) and part.dialect != DIALECT),
    ),
    _refused("output_format.schema", "a schema is needed", _lacks_schema),
    _refused("messages.video", "Responses take no video", _any(lambda part: isinstance(part, Video))),
    _refused(
        "messages.audio",
        "Responses take sound only with its data",
        _any(lambda part: isinstance(part, Audio) and not isinstance(part.source, InlineSource)),
    ),
    _dropped("sampling.top_k", "no such member", lambda r: r.sampling.top_k is not None),
    _dropped("sampling.frequency_penalty", "no such member", lambda r: r.sampling.frequency_penalty is not None),
    _dropped("sampling.presence_penalty", "no such member", lambda r: r.sampling.presence_penalty is not None),
    _dropped("sampling.seed", "no such member", lambda r: r.sampling.seed is not None),
    _dropped(
        "reasoning.budget_tokens",
        "reasoning is limited by effort",
        lambda r: r.reasoning is not None and r.reasoning.budget_tokens is not None,
    ),
    _dropped(
        "reasoning.is_enabled",
        "reasoning is limited by effort",
        lambda r: r.reasoning is not None and r.reasoning.is_enabled is not None,
    ),
    _dropped("reasoning.display", "another provider's word", _is_shown_otherwise),
    _dropped("messages.name", "messages have no names", lambda r: any(m.name is not None for m in r.messages)),
    _dropped("cache", "OpenAI's models cache without being told", _is_cached),
    _dropped(
        "messages.thinking",
        "only reasoning that OpenAI encrypted comes back",
        _any(lambda part: isinstance(part, RedactedThinking) or (isinstance(part, Thinking) and not is_welcome(part))),
    ),
    _dropped(
        "messages.is_error",
        "a tool's answer says of itself that it failed",
        _any(lambda part: isinstance(part, ToolResult) and part.is_error is not None),
    ),
    _dropped(
        "messages.context",
        "a file has a name only",
        _any(lambda part: isinstance(part, Document) and part.context is not None),
    ),
    _dropped(
        "messages.cites",
        "citations are not asked for",
        _any(lambda part: isinstance(part, Document | SearchResult) and part.cites is not None),
    ),
    _dropped("opaque", "members that only another dialect has", _says_more),
)
"""Refused where the answer would be another one; else dropped."""


def _bound(name: str, why: str, *, is_refused: bool = True) -> Loss:
    def occurs(request: ChatRequest) -> bool:
        value = (own(request.opaque) or {}).get(name)
        return value is not None and not (isinstance(value, msgspec.Raw) and bytes(value) in _NOTHING)

    return Loss(name, is_refused, why, occurs)


BOUND: tuple[Loss, ...] = (
    _bound("previous_response_id", "it names what a host of the Responses API has stored"),
    _bound("conversation", "it names what a host of the Responses API has stored"),
    _bound("prompt", "it names what a host of the Responses API has stored"),
    _bound("background", "only hosts of the Responses API answer later"),
    _bound("truncation", "only hosts of the Responses API shorten the input", is_refused=False),
    _bound("include", "only hosts of the Responses API have more to include", is_refused=False),
    _bound("max_tool_calls", "only hosts of the Responses API call tools themselves", is_refused=False),
)
"""What of a request in this dialect no provider of another can do, whatever its own table says."""
