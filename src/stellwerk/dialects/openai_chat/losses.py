"""What this dialect cannot say of a neutral request."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from stellwerk.core.chat import ChatRequest
from stellwerk.core.loss import Loss
from stellwerk.core.part import (
    Audio,
    Document,
    InlineSource,
    OpaquePart,
    Part,
    RedactedThinking,
    SearchResult,
    Text,
    Thinking,
    ToolResult,
)
from stellwerk.core.tool import OpaqueTool
from stellwerk.dialects.openai_chat.messages import shown_apart
from stellwerk.dialects.openai_chat.types import DIALECT


def _parts(request: ChatRequest) -> Iterator[Part]:
    """All parts, those in results of tools included."""
    for message in request.messages:
        for part in message.parts:
            yield part
            if isinstance(part, ToolResult):
                yield from part.parts


def _any_part(is_it: Callable[[Part], bool]) -> Callable[[ChatRequest], bool]:
    return lambda request: any(is_it(part) for part in _parts(request))


def _is_unsayable_sound(part: Part) -> bool:
    return isinstance(part, Audio) and part.id is None and not isinstance(part.source, InlineSource)


def _thinks_by_number(request: ChatRequest) -> bool:
    reasoning = request.reasoning
    return reasoning is not None and reasoning.effort is None and reasoning.budget_tokens is not None


def _thinks_by_switch(request: ChatRequest) -> bool:
    reasoning = request.reasoning
    return reasoning is not None and reasoning.effort is None and reasoning.is_enabled is not None


def _is_thinking_shown(request: ChatRequest) -> bool:
    return request.reasoning is not None and request.reasoning.display is not None


LOSSES = (
    Loss(
        "messages.audio",
        is_refused=True,
        why="it hears sound in the request only",
        occurs=_any_part(_is_unsayable_sound),
    ),
    Loss(
        "tools.opaque",
        is_refused=True,
        why="another provider runs this tool",
        occurs=lambda request: any(isinstance(tool, OpaqueTool) and tool.dialect != DIALECT for tool in request.tools),
    ),
    Loss(
        "reasoning.budget_tokens",
        is_refused=False,
        why="it takes an effort, not a number of tokens",
        occurs=_thinks_by_number,
    ),
    Loss("reasoning.is_enabled", is_refused=False, why="it takes an effort, not a switch", occurs=_thinks_by_switch),
    Loss("reasoning.display", is_refused=False, why="it has no such setting", occurs=_is_thinking_shown),
    Loss(
        "messages.thinking.signature",
        is_refused=False,
        why="its hosts take no signatures",
        occurs=_any_part(lambda part: isinstance(part, Thinking) and part.signature is not None),
    ),
    Loss(
        "messages.redacted_thinking",
        is_refused=False,
        why="only the provider that encrypted it can read it",
        occurs=_any_part(lambda part: isinstance(part, RedactedThinking)),
    ),
    Loss(
        "messages.text.signature",
        is_refused=False,
        why="texts carry no signatures",
        occurs=_any_part(lambda part: isinstance(part, Text) and part.signature is not None),
    ),
    Loss(
        "messages.document.context",
        is_refused=False,
        why="documents have a name only",
        occurs=_any_part(
            lambda part: isinstance(part, Document) and (part.context is not None or part.cites is not None)
        ),
    ),
    Loss(
        "messages.search_result.cites",
        is_refused=False,
        why="citations are not asked for",
        occurs=_any_part(lambda part: isinstance(part, SearchResult) and part.cites is not None),
    ),
    Loss(
        "messages.tool_result.is_error",
        is_refused=False,
        why="results do not say whether they are errors",
        occurs=_any_part(lambda part: isinstance(part, ToolResult) and bool(part.is_error)),
    ),
    Loss(
        "messages.tool_result.media",
        is_refused=False,
        why="results are words: their media follow as the user's",
        occurs=lambda request: any(shown_apart(part) for message in request.messages for part in message.parts),
    ),
    Loss(
        "messages.opaque",
        is_refused=False,
        why="only another provider knows this part",
        occurs=_any_part(lambda part: isinstance(part, OpaquePart) and part.dialect != DIALECT),
    ),
)
"""Every neutral field that ``request.encode`` leaves out."""
