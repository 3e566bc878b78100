"""How much the model shall think, between this dialect's ``thinking`` and ``output_config`` and the neutral form."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.chat import Reasoning
from stellwerk.dialects.anthropic_messages.types import NULL, Members, merge
from stellwerk.dialects.members import INTEGER, RAW, STRING, UnreadableError

_EFFORTS = {"minimal": "low"}
"""Other providers' words; the rest are the same or the provider's to judge."""
_NO_EFFORT = "none"
_DISPLAYS = {"auto": "summarized", "concise": "summarized", "detailed": "summarized"}


def decode_reasoning(body: Members, effort: str | None) -> Reasoning | None:
    """Takes ``thinking``; one of a kind that is not known stays opaque. ``effort`` stands in ``output_config``."""
    thinking = _take_thinking(body)
    if thinking is None:
        return None if effort is None else Reasoning(effort)
    return msgspec.structs.replace(thinking, effort=effort)


def encode_thinking(reasoning: Reasoning) -> dict[str, Any] | None:
    """``thinking``: with a number of tokens, off, or as much as the model sees fit.

    A wish to see the reasoning switches it on. ``effort`` alone does not: it has a place of its own.
    """
    budget, display = reasoning.budget_tokens, reasoning.display
    if reasoning.is_enabled is False or budget == 0 or (reasoning.effort == _NO_EFFORT and not reasoning.is_enabled):
        return merge({"type": "disabled"}, reasoning.opaque)
    if budget is not None and budget > 0:
        wire: dict[str, Any] = {"type": "enabled", "budget_tokens": budget}
    elif reasoning.is_enabled or budget is not None or display is not None:
        wire = {"type": "adaptive"}
    else:
        return None
    if display is not None:
        wire["display"] = _DISPLAYS.get(display, display)
    return merge(wire, reasoning.opaque)


def encode_effort(reasoning: Reasoning) -> str | None:
    """``output_config.effort``."""
    if reasoning.effort == _NO_EFFORT:
        return None
    return _EFFORTS.get(reasoning.effort or "", reasoning.effort)


def _take_thinking(body: Members) -> Reasoning | None:
    raw = body.peek("thinking")
    if raw == NULL:
        body.take("thinking", RAW)
        return None
    try:
        thinking = Members(raw)
        kind = thinking.need("type", STRING)
        neutral = _neutral(thinking, kind)
    except UnreadableError:
        return None
    body.take("thinking", RAW)
    return neutral


def _neutral(thinking: Members, kind: str) -> Reasoning:
    match kind:
        case "enabled":
            budget, display = thinking.need("budget_tokens", INTEGER), thinking.take("display", STRING)
            if budget <= 0:
                raise UnreadableError("a budget is a number of tokens")
            return Reasoning(budget_tokens=budget, is_enabled=True, display=display, opaque=thinking.opaque())
        case "adaptive":
            return Reasoning(is_enabled=True, display=thinking.take("display", STRING), opaque=thinking.opaque())
        case "disabled":
            return Reasoning(is_enabled=False, opaque=thinking.opaque())
        case _:
            raise UnreadableError(kind)
