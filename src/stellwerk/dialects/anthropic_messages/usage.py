"""Token counts between this dialect, whose input count excludes what the cache gave or took, and the neutral one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from stellwerk.core.usage import Usage


class WireDetails(msgspec.Struct, gc=False):
    """``output_tokens_details``."""

    thinking_tokens: int | None = None


class WireUsage(msgspec.Struct, gc=False):
    """The ``usage`` object, of a reply or of an event in a stream, which may leave out what has been said before."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    output_tokens_details: WireDetails | None = None


_COUNTS = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def neutral(wire: WireUsage) -> Usage:
    """The counts in the neutral convention, where a total contains its parts."""
    read, written = _count(wire.cache_read_input_tokens), _count(wire.cache_creation_input_tokens)
    details = wire.output_tokens_details
    reasoning = _count(details.thinking_tokens) if details is not None else 0
    return Usage(_count(wire.input_tokens) + read + written, _count(wire.output_tokens), read, written, reasoning)


def updated(before: WireUsage | None, news: WireUsage) -> WireUsage:
    """What a stream says of usage at two places, as one: the counts are cumulative, so the later replaces the earlier.

    What the later does not say, or says is nothing, stays: hosts tell the input in the first event, in the last, or in
    both.
    """
    if before is None:
        return news
    said = {name: getattr(news, name) or getattr(before, name) for name in (*_COUNTS, "output_tokens_details")}
    return WireUsage(**said)


def read_wire(wire: Mapping[str, Any]) -> WireUsage:
    """Reads a decoded ``usage`` object tolerantly: what is not a count says nothing."""
    counts = {name: value for name in _COUNTS if type(value := wire.get(name)) is int}
    details = wire.get("output_tokens_details")
    thinking = details.get("thinking_tokens") if type(details) is dict else None
    return WireUsage(**counts, output_tokens_details=WireDetails(thinking) if type(thinking) is int else None)


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
    return wire


def _count(value: int | None) -> int:
    return value if value is not None and value > 0 else 0
