"""Cache marks between this dialect, where they are blocks of their own, and the neutral form."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.part import CacheMark
from stellwerk.dialects.bedrock_converse.types import Members, merge
from stellwerk.dialects.members import STRING, UnreadableError, without_nulls

CACHE_POINT = "cachePoint"


def decode_cache(raw: msgspec.Raw) -> CacheMark | None:
    """The mark that a block of a list is; ``None`` for any other block, and for a mark of a kind nobody knows."""
    try:
        block = Members(raw)
        if CACHE_POINT not in block:
            return None
        point = block.within(CACHE_POINT)
        kind, ttl = point.need("type", STRING), point.take("ttl", STRING)
    except UnreadableError:
        return None
    if kind != "default" or block.opaque() is not None:
        return None
    return CacheMark(ttl, point.opaque())


def encode_cache(mark: CacheMark) -> dict[str, Any]:
    """The block that stands behind what is marked."""
    return {CACHE_POINT: merge(without_nulls({"type": "default", "ttl": mark.ttl}), mark.opaque)}
