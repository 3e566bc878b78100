"""Token counts between this dialect, whose input count leaves out what a cache read or wrote, and the neutral form."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.usage import MOST_TOKENS, Usage
from stellwerk.dialects.bedrock_converse.types import DIALECT

USAGE = "usage"

_Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=MOST_TOKENS)]


class WireKept(msgspec.Struct, gc=False):
    """An entry of ``cacheDetails``: what was written, by how long it is kept (``5m``, ``1h``)."""

    ttl: str = ""
    inputTokens: _Count = 0  # noqa: N815 (the wire's name)


class WireTier(msgspec.Struct, gc=False):
    """``serviceTier``, which stands beside ``usage``."""

    type: str = ""


class WireUsage(msgspec.Struct, gc=False):
    """The ``usage`` object. Each part of the input stands for itself; the sum of all is ``totalTokens``."""

    inputTokens: _Count = 0  # noqa: N815 (the wire's name)
    outputTokens: _Count = 0  # noqa: N815 (the wire's name)
    cacheReadInputTokens: _Count | None = None  # noqa: N815 (the wire's name)
    cacheWriteInputTokens: _Count | None = None  # noqa: N815 (the wire's name)
    cacheDetails: list[WireKept] | None = None  # noqa: N815 (the wire's name)


_decode = msgspec.json.Decoder(WireUsage).decode
_decode_tier = msgspec.json.Decoder(WireTier).decode
_HOUR = "1h"
_NULL = msgspec.Raw(b"null")
_decode_loosely = msgspec.json.Decoder(dict[str, Any]).decode


def neutral(wire: WireUsage, tier: str = "") -> Usage:
    """The counts in the neutral convention."""
    read, written = wire.cacheReadInputTokens or 0, wire.cacheWriteInputTokens or 0
    kept_long = sum(part.inputTokens for part in wire.cacheDetails if part.ttl == _HOUR) if wire.cacheDetails else 0
    return Usage(
        wire.inputTokens + read + written,
        wire.outputTokens,
        read,
        written,
        cache_write_1h_tokens=kept_long,
        service_tier=tier,
    )


def read_tier(raw: msgspec.Raw) -> str:
    """The word of a raw ``serviceTier``; empty where there is none."""
    try:
        return "" if raw == _NULL else _decode_tier(raw).type
    except msgspec.ValidationError:
        return ""


def decode_usage(raw: msgspec.Raw, tier: str = "") -> Usage | None:
    """Reads a raw ``usage`` tolerantly: what is no count says nothing; ``None`` where it is no object."""
    try:
        return neutral(_decode(raw), tier)
    except msgspec.ValidationError:
        pass
    try:
        wire = _decode_loosely(raw)
    except msgspec.ValidationError:
        return None
    counts: dict[str, Any] = {name: wire.get(name) for name in WireUsage.__struct_fields__}
    return neutral(WireUsage(**{name: count for name, count in counts.items() if _is_count(count)}), tier)


def encode_usage(usage: Usage, opaque: Opaque | None) -> Any:
    """The ``usage`` object: as it came from this dialect, else of the counts, a cache's where there are any."""
    own = opaque.of(DIALECT).get(USAGE) if opaque is not None else None
    if own is not None:
        return own
    read, written = usage.cache_read_tokens, usage.cache_write_tokens
    wire: dict[str, Any] = {
        "inputTokens": max(0, usage.input_tokens - read - written),
        "outputTokens": usage.output_tokens,
        "totalTokens": usage.total_tokens,
    }
    if read or written:
        wire |= {"cacheReadInputTokens": read, "cacheWriteInputTokens": written}
    if kept_long := usage.cache_write_1h_tokens:
        short = {"ttl": "5m", "inputTokens": max(0, written - kept_long)}
        wire["cacheDetails"] = [short, {"ttl": _HOUR, "inputTokens": kept_long}]
    return wire


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MOST_TOKENS
