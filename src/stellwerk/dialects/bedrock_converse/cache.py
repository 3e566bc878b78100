"""Cache marks between this dialect, where they are blocks of their own, and the neutral form."""

from __future__ import annotations

from typing import Any

from stellwerk.core.part import CacheMark
from stellwerk.dialects.bedrock_converse.types import Members, merge
from stellwerk.dialects.members import STRING, UnreadableError, without_nulls

CACHE_POINT = "cachePoint"


def decode_cache(block: Members | None) -> CacheMark | None:
    """The mark that an opened ``cachePoint`` is; ``None`` for one of a sort that nobody knows."""
    if block is None:
        return None
    try:
        point = Members(block.peek(CACHE_POINT))
        kind, ttl = point.need("type", STRING), point.take("ttl", STRING)
    except UnreadableError:
        return None
    return CacheMark(ttl, point.opaque()) if kind == "default" else None


def encode_cache(mark: CacheMark) -> dict[str, Any]:
    """The block that stands behind what is marked."""
    return {CACHE_POINT: merge(without_nulls({"type": "default", "ttl": mark.ttl}), mark.opaque)}
