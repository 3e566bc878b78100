"""What Converse says in the fields of single model families: read off the model's id, written beside the request.

Model ids name their maker: ``anthropic.claude-sonnet-4-5-20250929-v1:0``, with a region's prefix in inference profiles
and at the end of most ARNs. An application inference profile's ARN or a deployment's names no model: for such a target
nothing of a family's own is said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from stellwerk.core.chat import ChatRequest, Reasoning
from stellwerk.core.tool import ToolMode
from stellwerk.dialects.claude import budget_of, is_budgeted

_CLAUDE = re.compile(r"anthropic\.|(?:^|[./])claude-")
_NOVA = re.compile(r"amazon\.nova-")
_NOVA_2 = re.compile(r"amazon\.nova-2")
_OPENAI = re.compile(r"(?:^|[./])openai\.")

_EFFORTS = {"minimal": "low"}
_NOVA_EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}
_OFF = "none"


def is_claude(model: str) -> bool:
    """Whether the id names a model of Anthropic's."""
    return _CLAUDE.search(model) is not None


def takes_reasoning(model: str) -> bool:
    """Whether it is known how this model is told to reason."""
    return is_claude(model) or _NOVA_2.search(model) is not None or _OPENAI.search(model) is not None


def takes_top_k(model: str) -> bool:
    """Whether it is known how this model is told ``top_k``."""
    return is_claude(model) or _NOVA.search(model) is not None


def top_k_fields(model: str, top_k: int) -> dict[str, Any]:
    """``additionalModelRequestFields`` for ``top_k``; empty where it is not known how the model takes it."""
    if is_claude(model):
        return {"top_k": top_k}
    return {"inferenceConfig": {"topK": top_k}} if _NOVA.search(model) else {}


def thinking(model: str, reasoning: Reasoning, output_cap: int | None) -> dict[str, Any]:
    """How the model is told to reason; empty where it is not known, or nothing is to be said.

    Claude up to 4.5 takes a budget below the output cap: the caller's, or one that stands for its effort. Later ones
    think adaptively. OpenAI's models take the effort as it is, Nova 2 in its own words. To think nothing is every
    Claude's default, and some refuse to hear it said.
    """
    effort = reasoning.effort
    is_off = reasoning.is_enabled is False or effort == _OFF
    if is_claude(model):
        if is_off:
            return {}
        shown = {} if reasoning.display is None else {"display": reasoning.display}
        if not is_budgeted(model):
            return {"thinking": {"type": "adaptive", **shown}}
        budget = budget_of(reasoning, output_cap)
        return {} if budget is None else {"thinking": {"type": "enabled", "budget_tokens": budget, **shown}}
    if _OPENAI.search(model):
        return {} if effort is None else {"reasoning_effort": effort}
    if _NOVA_2.search(model):
        if is_off:
            return {"reasoningConfig": {"type": "disabled"}}
        return {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": _NOVA_EFFORTS.get(effort or "", "medium")}}
    return {}


def effort(model: str, reasoning: Reasoning) -> str | None:
    """``outputConfig.effort``, which later Claude models take."""
    if reasoning.effort in {None, _OFF} or not is_claude(model) or is_budgeted(model):
        return None
    return _EFFORTS.get(reasoning.effort or "", reasoning.effort)


def claude_choice(request: ChatRequest, names: Mapping[str, str]) -> dict[str, Any] | None:
    """``tool_choice`` of Claude's own, where Converse's says too little: no call at all, or no parallel ones.

    It stands in ``additionalModelRequestFields`` and then alone. ``None`` for other models and where it is not needed.
    """
    if not is_claude(request.model):
        return None
    choice = request.tool_choice
    mode = ToolMode.AUTO if choice is None else choice.mode
    if mode is ToolMode.NONE:
        return {"type": "none"}
    if request.is_parallel_allowed is not False or not request.tools:
        return None
    if mode is ToolMode.AUTO:
        return {"type": "auto", "disable_parallel_tool_use": True}
    if choice is not None and len(choice.only) == 1:
        return {"type": "tool", "name": names[choice.only[0].name], "disable_parallel_tool_use": True}
    return {"type": "any", "disable_parallel_tool_use": True}
