"""Words of the dialect and its own ways with JSON objects, shared by requests, replies and streams."""

from __future__ import annotations

from typing import Any, Self

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.dialects import members

DIALECT = "anthropic_messages"
"""The name by which this dialect marks what only it understands."""

NULL = msgspec.Raw(b"null")

AS_LIST = "content"
"""Marks content that came as an array although a string would say the same."""

IN_PLACE = "role"
"""Marks a system message that stood among the messages, not in ``system``."""


class Members(members.Members):
    """The members of one of this dialect's objects."""

    __slots__ = ()

    dialect = DIALECT

    @property
    def least_size(self) -> int:
        """How many bytes an object of these members has at least: one of that size holds none of them twice."""
        return 1 + sum([len(name) + len(memoryview(raw)) + 4 for name, raw in self._left.items()])

    def leniently(self) -> Self:
        """The same members, which raise ``UnreadableError`` from now on."""
        self._refuse = None
        return self


def merge(wire: dict[str, Any], opaque: Opaque | None) -> dict[str, Any]:
    """Writes this dialect's opaque members back into the object they came from, which is also returned."""
    return members.merge(wire, opaque, DIALECT)


def is_spelled(opaque: Opaque | None, name: str) -> bool:
    """Whether a neutral value came under this name rather than the usual one."""
    return members.is_spelled(opaque, name, DIALECT)


def marked(opaque: Opaque | None, *names: str) -> Opaque | None:
    """The opaque members with marks of spelling beside them; ``None`` where there is neither."""
    if not names:
        return opaque
    left = opaque.members if opaque is not None else {}
    return Opaque(DIALECT, {**left, **dict.fromkeys(names, members.SPELLING)})
