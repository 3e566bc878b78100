"""Cache marks between this dialect and the neutral form."""

from __future__ import annotations

from typing import Any

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import CacheMark
from stellwerk.dialects.members import (
    RAW,
    STRING,
    UnreadableError,
    spelled,
    without_nulls,
)
from stellwerk.dialects.openai_chat.types import DIALECT, Members, is_spelled

_OF_HOSTS = "cache_control"
_OF_OPENAI = "prompt_cache_breakpoint"
_FIXED = {_OF_HOSTS: ("type", "ephemeral"), _OF_OPENAI: ("mode", "explicit")}


def decode_cache(item: Members) -> CacheMark | None:
    """The mark on an item: ``cache_control`` of many hosts, or OpenAI's ``prompt_cache_breakpoint``.

    A mark of another shape is left where it is, and so stays opaque.
    """
    for name, (key, word) in _FIXED.items():
        if name in item:
            try:
                mark = Members(item.peek(name))
                ttl = mark.take("ttl", STRING)
                is_known = mark.take(key, STRING) == word
            except UnreadableError:
                continue
            left = mark.opaque()
            if is_known and left is None:
                item.take(name, RAW)
                return CacheMark(ttl, Opaque(DIALECT, spelled(name)) if name == _OF_OPENAI else None)
    return None


def encode_cache(mark: CacheMark | None) -> dict[str, Any]:
    """The member that carries the mark; empty without one."""
    if mark is None:
        return {}
    name = _OF_OPENAI if is_spelled(mark.opaque, _OF_OPENAI) else _OF_HOSTS
    key, word = _FIXED[name]
    return {name: without_nulls({key: word, "ttl": mark.ttl})}
