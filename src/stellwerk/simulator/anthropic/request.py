"""Reads requests for messages and for counts of tokens as strictly as Anthropic does."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from stellwerk.simulator.anthropic.blocks import CacheControl, Text, ToolResult, ToolUse, cache_of, measure
from stellwerk.simulator.anthropic.body import (
    BETA_FIELDS,
    Adaptive,
    BetweenTools,
    CountRequest,
    Disabled,
    Enabled,
    MessagesRequest,
)
from stellwerk.simulator.anthropic.history import Turn, check_text, read_turns
from stellwerk.simulator.anthropic.places import decoded, refusal
from stellwerk.simulator.anthropic.structured import check_strict
from stellwerk.simulator.anthropic.tools import choose, read_tools
from stellwerk.simulator.ask import Ask, Segment
from stellwerk.simulator.prompt_cache import AN_HOUR_S, FIVE_MINUTES_S, least_cached

FIRST_TOKENS = 3
MOST_CACHE_MARKS = 4
_EARLY = re.compile(r"claude-(?:3|[a-z]+-4(?:-[0-5])?(?:-20\d{6})?$)")
REDACTING = "ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING"
"""Anthropic's own test string begins like this; a prompt with it gets thoughts that nobody can read."""


class Form(msgspec.Struct, frozen=True):
    """What answers repeat of their request, or depend on beside it."""

    long_mark: int = 0
    """After how many segments the last mark stands that keeps the prompt for an hour."""
    is_redacted: bool = False
    is_omitted: bool = False
    """Whether the thoughts stay with the model, and only their signature goes out."""


def read_messages(body: bytes, beta: str) -> Ask:
    """What a request for a message asks, with this ``anthropic-beta``. Raises ``Refusal``."""
    request = decoded(body, MessagesRequest)
    _check_sampling(request)
    budget = request.thinking.budget_tokens if isinstance(request.thinking, Enabled) else None
    if budget is not None and budget >= request.max_tokens and "interleaved-thinking" not in beta:
        raise refusal("`max_tokens` must be greater than `thinking.budget_tokens`")
    ask = _read(request, beta)
    return msgspec.structs.replace(
        ask,
        is_stream=bool(request.stream),
        max_tokens=request.max_tokens,
        stop=tuple(request.stop_sequences or ()),
        parameters=ask.parameters + msgspec.json.encode((request.temperature, request.top_p, request.top_k)),
    )


def read_count(body: bytes, beta: str) -> Ask:
    """What a request for a count of tokens asks. Raises ``Refusal``."""
    return _read(decoded(body, CountRequest), beta)


def _read(request: CountRequest, beta: str) -> Ask:
    _check_beta(request, beta)
    custom, segments, marks = read_tools(request)
    offered, must_call, named = choose(request, custom)
    turns = read_turns(request)
    results = _tool_results(turns)
    thinking = request.thinking if isinstance(request.thinking, Enabled | Adaptive) else None
    thinks = thinking is not None or (isinstance(request.thinking, BetweenTools) and bool(results))
    if thinking is not None and must_call:
        raise refusal("Thinking may not be enabled when tool_choice forces tool use.")
    for block in _system(request):
        segments.append(measure("system", block))
        marks.append(block.cache_control)
    for turn in turns:
        for one in turn.blocks:
            segments.append(measure(turn.role, one.block))
            marks.append(cache_of(one.block))
    if request.cache_control is not None and marks[-1] is None:
        marks[-1] = request.cache_control
    kept = _marks(marks)
    segments.append(Segment(b"", FIRST_TOKENS))
    choice = request.tool_choice
    return Ask(
        model=request.model,
        is_stream=False,
        segments=tuple(segments),
        parameters=msgspec.json.encode((request.model, request.tool_choice, request.output_config, thinks)),
        text=_text(turns),
        tools=offered,
        must_call=must_call,
        named_tool=named,
        may_call_in_parallel=choice is None or not choice.disable_parallel_tool_use,
        tool_results=results,
        output=_output(request),
        effort=_effort(request),
        thinks=thinks,
        most_thoughts=thinking.budget_tokens if isinstance(thinking, Enabled) else None,
        shows_thoughts=thinks,
        cache_marks=tuple(kept),
        cache_lives=tuple([AN_HOUR_S if mark.ttl == "1h" else FIVE_MINUTES_S for mark in kept.values()]),
        least_cached=least_cached(request.model),
        speaks_before_calls=not must_call,
        form=Form(
            long_mark=max((number for number, mark in kept.items() if mark.ttl == "1h"), default=0),
            is_redacted=any(REDACTING.encode() in segment.canonical for segment in segments),
            is_omitted=thinking is not None and thinking.display == "omitted",
        ),
    )


def _check_beta(request: CountRequest, beta: str) -> None:
    for name in BETA_FIELDS:
        if not beta and getattr(request, name, None) is not None:
            raise refusal(f"{name}: Extra inputs are not permitted")


def _check_measure(request: MessagesRequest) -> None:
    """Models up to 4.5 think within a budget; an effort is known to later ones alone, and to Opus 4.5."""
    if _EARLY.search(request.model) is None:
        return
    effort = request.output_config.effort if request.output_config is not None else None
    if effort is not None and "opus-4-5" not in request.model:
        raise refusal("This model does not support the effort parameter.")
    if isinstance(request.thinking, Adaptive):
        raise refusal("adaptive thinking is not supported on this model")


def _check_sampling(request: MessagesRequest) -> None:
    _check_measure(request)
    for index, sequence in enumerate(request.stop_sequences or ()):
        if not sequence.strip():
            raise refusal(f"stop_sequences.{index}: each stop sequence must contain non-whitespace")
    if request.thinking is None or isinstance(request.thinking, Disabled):
        return
    where = "Please consult the documentation on extended thinking"
    if request.temperature not in {None, 1}:
        raise refusal(f"`temperature` may only be set to 1 when thinking is enabled. {where}.")
    if request.top_p is not None and not 0.95 <= request.top_p <= 1:
        raise refusal(f"`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled. {where}.")
    if request.top_k is not None:
        raise refusal(f"`top_k` must be unset when thinking is enabled. {where}.")


def _system(request: CountRequest) -> list[Text]:
    if request.system is None or isinstance(request.system, str):
        return [Text(text=request.system)] if request.system else []
    for index, block in enumerate(request.system):
        check_text(block, "system", f"system.{index}")
    return request.system


def _marks(marks: list[CacheControl | None]) -> dict[int, CacheControl]:
    """The marks, each after how many segments it stands. Raises ``Refusal``."""
    kept = {number: mark for number, mark in enumerate(marks, 1) if mark is not None}
    if len(kept) > MOST_CACHE_MARKS:
        raise refusal(f"A maximum of 4 blocks with cache_control may be provided. Found {len(kept)}.")
    lives = [mark.ttl or "5m" for mark in kept.values()]
    if lives != sorted(lives):
        raise refusal("cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' one.")
    return kept


def _text(turns: list[Turn]) -> str:
    """What the user said last."""
    for turn in reversed(turns):
        said = [one.block.text for one in turn.blocks if isinstance(one.block, Text) and not one.is_system]
        if turn.role == "user" and said:
            return "".join(said)
    return ""


def _tool_results(turns: list[Turn]) -> tuple[tuple[str, str], ...]:
    """The results of tools that the conversation ends with, under the names of the tools."""
    calls = (one.block for turn in turns for one in turn.blocks if isinstance(one.block, ToolUse))
    names = {call.id: call.name for call in calls}
    found = (one.block for one in turns[-1].blocks if isinstance(one.block, ToolResult))
    return tuple((names[result.tool_use_id], result.text) for result in found)


def _output(request: CountRequest) -> Any:
    config = request.output_config
    chosen = config.format if config is not None and config.format is not None else request.output_format
    if chosen is None:
        return None
    check_strict(chosen.schema, "output_config.format.schema")
    return chosen.schema


def _effort(request: CountRequest) -> str | None:
    return request.output_config.effort if request.output_config is not None else None
