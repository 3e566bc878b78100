"""How models of Anthropic are told to think, wherever they run: read off the model's name."""

from __future__ import annotations

import re

from stellwerk.core.chat import ChatRequest, Reasoning, Role
from stellwerk.core.part import Part, RedactedThinking, Thinking, ToolCall
from stellwerk.core.tool import ToolMode

# Claude up to 4.5 thinks within a budget of tokens; from 4.6 on it decides itself, steered by an effort.
_BUDGETED = re.compile(r"claude-(?:3|[a-z]+-4(?:-[0-5])?(?=-20\d{6}|-v\d|[:@]|$))")

MIN_BUDGET_TOKENS = 1024
LEAST_TOP_P = 0.95
BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16_384, "xhigh": 32_768, "max": 32_768}
"""Efforts as budgets of tokens, for models that know budgets only."""


def is_budgeted(model: str) -> bool:
    """Whether the model thinks within a budget, and knows no other measure of it."""
    return _BUDGETED.search(model) is not None


def takes_effort(model: str) -> bool:
    """Whether the model knows an effort: later ones do, and of those with a budget one."""
    return not is_budgeted(model) or "claude-opus-4-5" in model


def budget_of(reasoning: Reasoning, output_cap: int | None) -> int | None:
    """The caller's budget, or one for its effort, below the output cap; ``None`` where that leaves too little."""
    budget = reasoning.budget_tokens or 0
    if budget <= 0:
        budget = BUDGETS.get(reasoning.effort or "medium", BUDGETS["medium"])
    if output_cap is not None:
        budget = min(budget, output_cap - 1)
    return budget if budget >= MIN_BUDGET_TOKENS else None


def may_think(request: ChatRequest) -> bool:
    """Whether the model takes a wish to think along with the rest of a request.

    It refuses it beside a forced tool, and, where it thinks within a budget, beside a narrower sampling, and in the
    midst of a tool's use that began without signed thinking: what another dialect has lost of it cannot be made up.
    """
    if request.tool_choice is not None and request.tool_choice.mode is ToolMode.REQUIRED:
        return False
    if not is_budgeted(request.model):
        return True
    sampling = request.sampling
    if sampling.temperature not in {None, 1.0} or sampling.top_k is not None or (sampling.top_p or 1.0) < LEAST_TOP_P:
        return False
    has_results = False
    for message in reversed(request.messages):
        if message.role is Role.ASSISTANT:
            is_calling = any(isinstance(part, ToolCall) for part in message.parts)
            return not (has_results and is_calling) or any(_is_signed(part) for part in message.parts)
        has_results |= message.role is Role.TOOL
    return True


def _is_signed(part: Part) -> bool:
    return isinstance(part, RedactedThinking) or (isinstance(part, Thinking) and part.signature is not None)
