"""Token counts between this dialect and the neutral convention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

import msgspec

from stellwerk.core.usage import Usage

_Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]


class WirePart(msgspec.Struct, gc=False):
    """``input_tokens_details`` or ``output_tokens_details``: parts of a total."""

    cached_tokens: _Count = 0
    cache_write_tokens: _Count = 0
    audio_tokens: _Count = 0
    reasoning_tokens: _Count = 0


class WireUsage(msgspec.Struct, gc=False):
    """The ``usage`` object."""

    input_tokens: _Count = 0
    output_tokens: _Count = 0
    input_tokens_details: WirePart | None = None
    output_tokens_details: WirePart | None = None


_NOTHING = WirePart()


def neutral(wire: WireUsage) -> Usage:
    """The counts in the neutral convention: this dialect's totals contain their parts already."""
    heard, said = wire.input_tokens_details or _NOTHING, wire.output_tokens_details or _NOTHING
    return Usage(
        wire.input_tokens,
        wire.output_tokens,
        heard.cached_tokens,
        heard.cache_write_tokens,
        said.reasoning_tokens,
        heard.audio_tokens,
        said.audio_tokens,
    )


def decode_usage(wire: Mapping[str, Any]) -> Usage:
    """Reads a decoded ``usage`` object tolerantly: what is not a count says nothing."""
    heard, said = _part(wire.get("input_tokens_details")), _part(wire.get("output_tokens_details"))
    return neutral(WireUsage(**_counts(wire, WireUsage), input_tokens_details=heard, output_tokens_details=said))


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
    return {name: value for name in kind.__struct_fields__ if type(value := wire.get(name)) is int and value >= 0}
