"""Token counts between this dialect and the neutral convention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

import msgspec

from stellwerk.core.usage import MOST_TOKENS, Usage
from stellwerk.dialects.openai_usage import reported

_Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=MOST_TOKENS)]


class WirePart(msgspec.Struct, gc=False):
    """``input_tokens_details`` or ``output_tokens_details``: parts of a total."""

    cached_tokens: _Count = 0
    cache_write_tokens: _Count = 0
    audio_tokens: _Count = 0
    reasoning_tokens: _Count = 0
    image_tokens: _Count = 0


class WireUsage(msgspec.Struct, gc=False):
    """The ``usage`` object. What the response cost is told by xAI (``cost_in_usd_ticks``) and OpenRouter (``cost``)."""

    input_tokens: _Count = 0
    output_tokens: _Count = 0
    input_tokens_details: WirePart | None = None
    output_tokens_details: WirePart | None = None
    cost: float | None = None
    cost_in_usd_ticks: int | None = None


SEARCH = "web_search_call"
_NOTHING = WirePart()


def neutral(wire: WireUsage, searches: int = 0, tier: str | None = None) -> Usage:
    """The counts in the neutral convention: this dialect's totals contain their parts already.

    ``searches`` and ``tier`` stand elsewhere in a response: among its items, and beside ``usage``.
    """
    heard, said = wire.input_tokens_details or _NOTHING, wire.output_tokens_details or _NOTHING
    return Usage(
        wire.input_tokens,
        wire.output_tokens,
        heard.cached_tokens,
        heard.cache_write_tokens,
        said.reasoning_tokens,
        heard.audio_tokens,
        said.audio_tokens,
        input_image_tokens=heard.image_tokens,
        output_image_tokens=said.image_tokens,
        web_searches=searches,
        service_tier=tier or "",
        reported_nanos=None
        if wire.cost is None and wire.cost_in_usd_ticks is None
        else reported(wire.cost, wire.cost_in_usd_ticks),
    )


def searches_in(output: Any) -> int:
    """How many of the items of a decoded ``output`` are searches: what else the tool does is not paid for."""
    items = [item for item in output if type(item) is dict] if type(output) is list else []
    actions = [item.get("action") for item in items if item.get("type") == SEARCH]
    return sum(type(action) is not dict or action.get("type", "search") == "search" for action in actions)


def decode_usage(wire: Mapping[str, Any], searches: int = 0, tier: Any = None) -> Usage:
    """Reads a decoded ``usage`` object tolerantly: what is not a count, or no word, says nothing."""
    heard, said = _part(wire.get("input_tokens_details")), _part(wire.get("output_tokens_details"))
    cost: Any = wire.get("cost")
    ticks: Any = wire.get("cost_in_usd_ticks")
    counts = WireUsage(
        **_counts(wire, WireUsage),
        input_tokens_details=heard,
        output_tokens_details=said,
        cost=float(cost) if type(cost) in {int, float} else None,
        cost_in_usd_ticks=ticks if type(ticks) is int else None,
    )
    return neutral(counts, searches, tier if type(tier) is str else None)


def encode_usage(usage: Usage) -> dict[str, Any]:
    """The ``usage`` object. The SDKs' types want the details there."""
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.total_tokens,
    }


def _part(value: Any) -> WirePart:
    return WirePart(**_counts(value, WirePart)) if type(value) is dict else _NOTHING


def _counts(wire: Mapping[str, Any], kind: type[msgspec.Struct]) -> dict[str, Any]:
    defaults = zip(kind.__struct_fields__, kind.__struct_defaults__, strict=True)
    names = (name for name, default in defaults if default == 0)  # the others are objects
    return {name: value for name in names if type(value := wire.get(name)) is int and 0 <= value <= MOST_TOKENS}
