"""Words of the dialect and its own ways with JSON objects, shared by requests, replies and streams."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from stellwerk.core.chat import ChatRequest
from stellwerk.core.opaque import Opaque
from stellwerk.dialects import members
from stellwerk.dialects.members import RAW, UnreadableError

DIALECT = "bedrock_converse"
"""The name by which this dialect marks what only it understands."""

OWN = Opaque(DIALECT, {})
"""Marks a value that came in this dialect, so that it goes back as it came."""

_T = TypeVar("_T")

NOTHING = (msgspec.Raw(b"null"), msgspec.Raw(b"[]"), msgspec.Raw(b"{}"))
"""Values that say nothing."""

NO_NAMES: Mapping[str, str] = {}
"""Where no tool was renamed."""


class Members(members.Members):
    """The members of one of this dialect's objects."""

    __slots__ = ()

    dialect = DIALECT

    @property
    def names(self) -> tuple[str, ...]:
        """Names of what is not taken yet."""
        return tuple(self._left)


def merge(wire: dict[str, Any], opaque: Opaque | None) -> dict[str, Any]:
    """Writes this dialect's opaque members back into the object they came from, which is also returned."""
    return members.merge(wire, opaque, DIALECT)


def is_own(opaque: Opaque | None) -> bool:
    """Whether a value came in this dialect."""
    return opaque is not None and opaque.dialect == DIALECT


def is_spelled(opaque: Opaque | None, name: str) -> bool:
    """Whether a neutral value came under this name rather than the usual one."""
    return members.is_spelled(opaque, name, DIALECT)


def mark(name: str, opaque: Opaque | None = None) -> Opaque:
    """The opaque members with the mark that ``is_spelled`` reads."""
    return Opaque(DIALECT, {**(opaque.members if opaque is not None else {}), **members.spelled(name)})


def unmark(opaque: Opaque | None, name: str) -> Opaque | None:
    """The opaque members without a mark, for writing."""
    if opaque is None or name not in opaque.members:
        return opaque
    return Opaque(opaque.dialect, {known: value for known, value in opaque.members.items() if known != name})


def left(part: Members) -> Opaque:
    """What was not taken, never ``None``: an object that came empty goes back empty."""
    return part.opaque() or OWN


def only_member(raw: msgspec.Raw) -> tuple[str, Members]:
    """The name of a union's member, and the object. Raises ``UnreadableError`` when there is not exactly one."""
    union = Members(raw)
    names = union.names
    if len(names) != 1:
        raise UnreadableError("a union of not exactly one member")
    return names[0], union


def open_block(raw: msgspec.Raw, path: str, refuse: members.Refuse) -> tuple[str, Members | None]:
    """The kind of an entry of a list, which is the name of its first member, and the entry's members.

    ``None`` for an entry of several members, which no version of the dialect has. Refuses what is no object, or an
    empty one.
    """
    try:
        block = Members(raw)
    except UnreadableError:
        block = Members(raw, path, refuse)
    names = block.names
    if not names:
        raise refuse(f"Invalid value for '{path}': it holds nothing.", path)
    return names[0], block if len(names) == 1 else None


def understood(part: Members, name: str, decode_value: Callable[[msgspec.Raw], _T]) -> _T | None:
    """A member that stays opaque when its shape is not known."""
    if part.peek(name) in NOTHING:
        return None
    try:
        value = decode_value(part.peek(name))
    except (UnreadableError, msgspec.ValidationError):
        return None
    part.take(name, RAW)
    return value


def own_member(request: ChatRequest, name: str) -> msgspec.Raw | Opaque | None:
    """What is left of a member of a request that came in this dialect."""
    return None if request.opaque is None else request.opaque.of(DIALECT).get(name)
