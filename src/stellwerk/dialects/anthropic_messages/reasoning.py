"""How much the model shall think, between this dialect's ``thinking`` and ``output_config`` and the neutral form."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.chat import ChatRequest, Reasoning
from stellwerk.core.opaque import Opaque
from stellwerk.dialects.anthropic_messages.types import DIALECT, NULL, Members, merge
from stellwerk.dialects.claude import budget_of, is_budgeted, may_think, takes_effort
from stellwerk.dialects.members import INTEGER, RAW, STRING, UnreadableError

_EFFORTS = {"minimal": "low"}
"""Other providers' words; the rest are the same or the provider's to judge."""
_NO_EFFORT = "none"
_OWN = Opaque(DIALECT, {})
_DISPLAYS = {"auto": "summarized", "concise": "summarized", "detailed": "summarized"}


def decode_reasoning(body: Members, effort: str | None) -> Reasoning | None:
    """Takes ``thinking``; one of a kind that is not known stays opaque. ``effort`` stands in ``output_config``."""
    thinking = _take_thinking(body)
    if thinking is None:
        return None if effort is None else Reasoning(effort, opaque=_OWN)
    return msgspec.structs.replace(thinking, effort=effort)


def encode_thinking(request: ChatRequest) -> dict[str, Any] | None:
    """``thinking``: with a number of tokens, off, or as much as the model sees fit.

    A wish to see the reasoning switches it on. ``effort`` alone does so where the model has no other measure of it.
    """
    reasoning = request.reasoning
    if reasoning is None:
        return None
    if is_own(reasoning):
        return _encode(reasoning)
    if loses_reasoning(request):
        return None
    if not is_budgeted(request.model) or is_off(reasoning) or (takes_effort(request.model) and not _is_on(reasoning)):
        return _encode(reasoning)
    budget = budget_of(reasoning, request.output_cap)
    return _encode(msgspec.structs.replace(reasoning, is_enabled=budget is not None, budget_tokens=budget))


def encode_effort(request: ChatRequest) -> str | None:
    """``output_config.effort``, for models that know it."""
    reasoning = request.reasoning
    if reasoning is None or reasoning.effort == _NO_EFFORT:
        return None
    if not (is_own(reasoning) or takes_effort(request.model)):
        return None
    return _EFFORTS.get(reasoning.effort or "", reasoning.effort)


def loses_reasoning(request: ChatRequest) -> bool:
    """Whether a caller of another dialect asks for thinking that the model refuses along with the rest."""
    reasoning = request.reasoning
    if reasoning is None or is_own(reasoning) or is_off(reasoning):
        return False
    is_told_by_effort = takes_effort(request.model) and not _is_on(reasoning)
    return not is_told_by_effort and not may_think(request)


def is_own(reasoning: Reasoning) -> bool:
    """Whether it came in this dialect: its caller knows the model."""
    return reasoning.opaque is not None and reasoning.opaque.dialect == DIALECT


def is_off(reasoning: Reasoning) -> bool:
    """Whether the model shall not think."""
    if reasoning.is_enabled is False or reasoning.budget_tokens == 0:
        return True
    return reasoning.effort == _NO_EFFORT and not reasoning.is_enabled


def _is_on(reasoning: Reasoning) -> bool:
    """Whether thinking itself is asked for, rather than an effort."""
    return bool(reasoning.is_enabled) or reasoning.budget_tokens is not None or reasoning.display is not None


def _encode(reasoning: Reasoning) -> dict[str, Any] | None:
    if is_off(reasoning):
        return merge({"type": "disabled"}, reasoning.opaque)
    budget, display = reasoning.budget_tokens, reasoning.display
    if budget is not None and budget > 0:
        wire: dict[str, Any] = {"type": "enabled", "budget_tokens": budget}
    elif _is_on(reasoning):
        wire = {"type": "adaptive"}
    else:
        return None
    if display is not None:
        wire["display"] = _DISPLAYS.get(display, display)
    return merge(wire, reasoning.opaque)


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
            return Reasoning(budget_tokens=budget, is_enabled=True, display=display, opaque=thinking.opaque() or _OWN)
        case "adaptive":
            return Reasoning(
                is_enabled=True, display=thinking.take("display", STRING), opaque=thinking.opaque() or _OWN
            )
        case "disabled":
            return Reasoning(is_enabled=False, opaque=thinking.opaque() or _OWN)
        case _:
            raise UnreadableError(kind)
