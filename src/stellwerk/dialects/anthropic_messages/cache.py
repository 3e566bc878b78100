"""Cache marks between this dialect and the neutral form."""

from __future__ import annotations

from typing import Any

from stellwerk.core.part import CacheMark
from stellwerk.dialects.anthropic_messages.types import Members
from stellwerk.dialects.members import RAW, STRING, UnreadableError

_NAME = "cache_control"
_LIFETIMES = {None, "5m", "1h"}


def decode_cache(item: Members) -> CacheMark | None:
    """The mark on an item. One of another shape is left where it is, and so stays opaque."""
    if _NAME not in item:
        return None
    try:
        mark = Members(item.peek(_NAME))
        kind, ttl = mark.take("type", STRING), mark.take("ttl", STRING)
    except UnreadableError:
        return None
    if kind != "ephemeral" or ttl not in _LIFETIMES or mark.opaque() is not None:
        return None
    item.take(_NAME, RAW)
    return CacheMark(ttl)


def encode_cache(mark: CacheMark | None) -> dict[str, Any]:
    """The member that carries the mark; empty without one. A lifetime that only others know is the default's."""
    if mark is None:
        return {}
    lifetime = {"ttl": mark.ttl} if mark.ttl in _LIFETIMES and mark.ttl else {}
    return {_NAME: {"type": "ephemeral", **lifetime}}
