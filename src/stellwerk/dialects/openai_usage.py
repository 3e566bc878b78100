"""Token counts as OpenAI's older dialects and their hosts write them, and in the neutral convention."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, TypeAlias

import msgspec

from stellwerk.core.cost import nanos_of_dollars
from stellwerk.core.usage import MOST_TOKENS, Usage

_Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=MOST_TOKENS)]


class WireCached(msgspec.Struct, gc=False):
    """``cached_tokens_details``: parts of a part."""

    audio_tokens: _Count = 0


class WirePart(msgspec.Struct, gc=False):
    """``prompt_tokens_details`` or ``completion_tokens_details``: parts of a total."""

    cached_tokens: _Count = 0
    cache_write_tokens: _Count = 0
    audio_tokens: _Count = 0
    reasoning_tokens: _Count = 0
    image_tokens: _Count = 0
    cached_tokens_details: WireCached | None = None


class WireSearches(msgspec.Struct, gc=False):
    """``server_tool_use``, which OpenRouter has from Anthropic."""

    web_search_requests: _Count = 0


class WireCost(msgspec.Struct, gc=False):
    """Perplexity's ``cost``, in dollars."""

    total_cost: float | None = None


class WireCostDetails(msgspec.Struct, gc=False):
    """OpenRouter's ``cost_details``: what the maker asks where the caller's own key was used, in dollars."""

    upstream_inference_cost: float | None = None


class WireUsage(msgspec.Struct, gc=False):
    """The ``usage`` object, with the places where hosts differ.

    DeepSeek has ``prompt_cache_hit_tokens``, Moonshot ``cached_tokens`` at the top. Searches are counted by Perplexity
    (``num_search_queries``), xAI (``num_sources_used``) and OpenRouter (``server_tool_use``). What the call cost is
    told by OpenRouter (``cost``, a number), Perplexity (``cost``, an object) and xAI (``cost_in_usd_ticks``).
    """

    prompt_tokens: _Count = 0
    completion_tokens: _Count = 0
    total_tokens: _Count = 0
    prompt_tokens_details: WirePart | None = None
    completion_tokens_details: WirePart | None = None
    prompt_cache_hit_tokens: _Count = 0
    cached_tokens: _Count = 0
    num_search_queries: _Count = 0
    num_sources_used: _Count = 0
    server_tool_use: WireSearches | None = None
    cost: float | WireCost | None = None
    cost_details: WireCostDetails | None = None
    is_byok: bool | None = None
    cost_in_usd_ticks: int | None = None


_NOTHING = WirePart()
_TICK_USD = Decimal("1e-10")


def neutral(wire: WireUsage, tier: str | None = None) -> Usage:
    """The counts in the neutral convention; ``tier`` is the reply's ``service_tier``.

    xAI leaves reasoning out of ``completion_tokens``, and Gemini's endpoint does not even name it: the total shows it.
    """
    prompt, completion = wire.prompt_tokens, wire.completion_tokens
    heard = wire.prompt_tokens_details or _NOTHING
    said = wire.completion_tokens_details or _NOTHING
    reasoning = said.reasoning_tokens
    beyond = wire.total_tokens - prompt - completion
    if beyond > 0 and prompt and reasoning in {0, beyond}:
        completion += beyond
        reasoning = beyond
    cached = heard.cached_tokens or wire.prompt_cache_hit_tokens or wire.cached_tokens
    cached_details, tools = heard.cached_tokens_details, wire.server_tool_use
    return Usage(
        prompt,
        completion,
        cached,
        heard.cache_write_tokens,
        reasoning,
        heard.audio_tokens,
        said.audio_tokens,
        cache_read_audio_tokens=0 if cached_details is None else cached_details.audio_tokens,
        input_image_tokens=heard.image_tokens,
        output_image_tokens=said.image_tokens,
        web_searches=(tools.web_search_requests if tools is not None else 0)
        or wire.num_search_queries
        or wire.num_sources_used,
        service_tier=tier or "",
        reported_nanos=None if wire.cost is None and wire.cost_in_usd_ticks is None else _reported(wire),
    )


def decode_usage(wire: Mapping[str, Any], tier: Any = None) -> Usage:
    """Reads a decoded ``usage`` object tolerantly: what is not a count, or no word, says nothing."""
    return neutral(read_counts(wire), tier if type(tier) is str else None)


def read_counts(wire: Mapping[str, Any]) -> WireUsage:
    """The counts of a decoded ``usage`` object; what is not a count says nothing."""
    heard, said = _part(wire.get("prompt_tokens_details")), _part(wire.get("completion_tokens_details"))
    tools = wire.get("server_tool_use")
    return WireUsage(
        **_counts(wire, WireUsage),
        prompt_tokens_details=heard,
        completion_tokens_details=said,
        server_tool_use=WireSearches(**_counts(tools, WireSearches)) if type(tools) is dict else None,
        **_costs(wire),
    )


def encode_usage(usage: Usage) -> dict[str, Any]:
    """The ``usage`` object; details only where there are any."""
    wire: dict[str, Any] = {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
    }
    prompt = {
        "cached_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "audio_tokens": usage.input_audio_tokens,
        "image_tokens": usage.input_image_tokens,
    }
    completion = {
        "reasoning_tokens": usage.reasoning_tokens,
        "audio_tokens": usage.output_audio_tokens,
        "image_tokens": usage.output_image_tokens,
    }
    for name, details in (("prompt_tokens_details", prompt), ("completion_tokens_details", completion)):
        if any(details.values()):
            wire[name] = {part: tokens for part, tokens in details.items() if tokens}
    return wire


def reported(usd: float | None, ticks: int | None = None) -> int | None:
    """Nano-dollars of a cost that is told in dollars, or in xAI's ticks of a ten-thousandth of a millionth of one."""
    if usd is not None:
        return nanos_of_dollars(Decimal(repr(usd)))  # the shortest digits that mean it, as they were written
    return None if ticks is None else nanos_of_dollars(ticks * _TICK_USD)


def _reported(wire: WireUsage) -> int | None:
    """What the host says that the call cost.

    OpenRouter's ``cost`` is what it takes itself; with a key of the caller's own (``is_byok``) the maker takes its
    part beside that.
    """
    if isinstance(wire.cost, WireCost):
        return reported(wire.cost.total_cost)
    beside = wire.cost_details.upstream_inference_cost if wire.is_byok and wire.cost_details is not None else None
    own, makers = reported(wire.cost, wire.cost_in_usd_ticks), reported(beside or 0.0)
    return None if own is None or makers is None else own + makers


def _costs(wire: Mapping[str, Any]) -> dict[str, Any]:
    """What a decoded ``usage`` object says of costs; what is no number says nothing."""
    told, details, ticks = wire.get("cost"), wire.get("cost_details"), wire.get("cost_in_usd_ticks")
    cost = WireCost(_number(told.get("total_cost"))) if type(told) is dict else _number(told)
    beside = _number(details.get("upstream_inference_cost")) if type(details) is dict else None
    return {
        "cost": cost,
        "cost_details": None if beside is None else WireCostDetails(beside),
        "is_byok": wire.get("is_byok") is True,
        "cost_in_usd_ticks": ticks if type(ticks) is int else None,
    }


def _number(value: Any) -> float | None:
    return float(value) if type(value) in {int, float} else None


def _part(value: Any) -> WirePart:
    if type(value) is not dict:
        return _NOTHING
    cached = value.get("cached_tokens_details")
    details = WireCached(**_counts(cached, WireCached)) if type(cached) is dict else None
    return WirePart(**_counts(value, WirePart), cached_tokens_details=details)


def _counts(wire: Mapping[str, Any], kind: type[msgspec.Struct]) -> dict[str, Any]:
    defaults = zip(kind.__struct_fields__, kind.__struct_defaults__, strict=True)
    names = (name for name, default in defaults if default == 0)  # the others are objects
    return {name: value for name in names if type(value := wire.get(name)) is int and 0 <= value <= MOST_TOKENS}
