"""Token counts between this dialect, whose input count excludes what the cache gave or took, and the neutral one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from stellwerk.core.usage import MOST_TOKENS, Usage


class WireDetails(msgspec.Struct, gc=False):
    """``output_tokens_details``."""

    thinking_tokens: int | None = None


class WireCreation(msgspec.Struct, gc=False):
    """``cache_creation``: what was written, by how long it is kept."""

    ephemeral_1h_input_tokens: int | None = None


class WireTools(msgspec.Struct, gc=False):
    """``server_tool_use``."""

    web_search_requests: int | None = None


class WireUsage(msgspec.Struct, gc=False):
    """The ``usage`` object, of a reply or of an event in a stream, which may leave out what has been said before."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    output_tokens_details: WireDetails | None = None
    cache_creation: WireCreation | None = None
    server_tool_use: WireTools | None = None
    service_tier: str | None = None
    speed: str | None = None


_WORDS = ("service_tier", "speed")
_FAST = "fast"
_COUNTS = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def neutral(wire: WireUsage) -> Usage:
    """The counts in the neutral convention, where a total contains its parts."""
    read, written = _count(wire.cache_read_input_tokens), _count(wire.cache_creation_input_tokens)
    details = wire.output_tokens_details
    reasoning = _count(details.thinking_tokens) if details is not None else 0
    created, tools = wire.cache_creation, wire.server_tool_use
    return Usage(
        _count(wire.input_tokens) + read + written,
        _count(wire.output_tokens),
        read,
        written,
        reasoning,
        cache_write_1h_tokens=_count(created.ephemeral_1h_input_tokens) if created is not None else 0,
        web_searches=_count(tools.web_search_requests) if tools is not None else 0,
        service_tier=_FAST if wire.speed == _FAST else wire.service_tier or "",
    )


def updated(before: WireUsage | None, news: WireUsage) -> WireUsage:
    """What a stream says of usage at two places, as one: the counts are cumulative, so the later replaces the earlier.

    What the later does not say, or says is nothing, stays: hosts tell the input in the first event, in the last, or in
    both.
    """
    if before is None:
        return news
    said = {name: getattr(news, name) or getattr(before, name) for name in WireUsage.__struct_fields__}
    return WireUsage(**said)


def read_wire(wire: Mapping[str, Any]) -> WireUsage:
    """Reads a decoded ``usage`` object tolerantly: what is not a count says nothing."""
    told: dict[str, Any] = {name: value for name in _COUNTS if type(value := wire.get(name)) is int}
    told |= {name: value for name in _WORDS if type(value := wire.get(name)) is str}
    thinking = _part(wire, "output_tokens_details", "thinking_tokens")
    kept_long = _part(wire, "cache_creation", "ephemeral_1h_input_tokens")
    searches = _part(wire, "server_tool_use", "web_search_requests")
    return WireUsage(
        **told,
        output_tokens_details=None if thinking is None else WireDetails(thinking),
        cache_creation=None if kept_long is None else WireCreation(kept_long),
        server_tool_use=None if searches is None else WireTools(searches),
    )


def encode_usage(usage: Usage) -> dict[str, Any]:
    """The ``usage`` object."""
    read, written = usage.cache_read_tokens, usage.cache_write_tokens
    wire: dict[str, Any] = {
        "input_tokens": max(0, usage.input_tokens - read - written),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "output_tokens": usage.output_tokens,
    }
    if usage.reasoning_tokens:
        wire["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    if usage.cache_write_1h_tokens:
        kept_long = usage.cache_write_1h_tokens
        wire["cache_creation"] = {
            "ephemeral_5m_input_tokens": max(0, written - kept_long),
            "ephemeral_1h_input_tokens": kept_long,
        }
    if usage.web_searches:
        wire["server_tool_use"] = {"web_search_requests": usage.web_searches, "web_fetch_requests": 0}
    return wire


def _part(wire: Mapping[str, Any], owner: str, name: str) -> int | None:
    part = wire.get(owner)
    value = part.get(name) if type(part) is dict else None
    return value if type(value) is int else None


def _count(value: int | None) -> int:
    return value if value is not None and 0 < value <= MOST_TOKENS else 0
