"""Words of the dialect and its own ways with JSON objects, shared by requests, replies and streams."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.dialects import members

DIALECT = "openai_responses"
"""The name by which this dialect marks what only it understands."""

OWN = Opaque(DIALECT, {})
"""Marks a value that came in this dialect and of which nothing is opaque."""

ITEM = "item"
"""Names, in what is opaque of a part, the members of the item that begins with this part."""
PART = "part"
"""Marks, in a stream, that another part of the same item begins."""
EVENT = "event"
"""Names, in a stream, an event that is handed on as it came."""

_T = TypeVar("_T")
_NULL = msgspec.Raw(b"null")


class Members(members.Members):
    """The members of one of this dialect's objects. A ``null`` that means nothing is left where it is."""

    __slots__ = ()

    dialect = DIALECT

    def given(self, name: str, decoder: msgspec.json.Decoder[_T]) -> _T | None:
        """The member's value without taking a ``null``, so that it comes back as it was."""
        return None if self.peek(name) == _NULL else self.take(name, decoder)

    def understood(self, name: str, decode: Callable[[msgspec.Raw], _T]) -> _T | None:
        """The member's value, unless its shape is not known: then it stays opaque."""
        return None if self.peek(name) == _NULL else members.understood(self, name, decode)

    def marked(self, **marks: msgspec.Raw | Opaque) -> Opaque:
        """All that was not taken and these marks; never ``None``, which tells this dialect's values from others'."""
        left = self.opaque()
        return Opaque(DIALECT, {**(left.members if left is not None else {}), **marks})


def merge(wire: dict[str, Any], opaque: Opaque | None) -> dict[str, Any]:
    """Writes this dialect's opaque members back into the object they came from, which is also returned."""
    return members.merge(wire, opaque, DIALECT)


def own(opaque: Opaque | None) -> Mapping[str, msgspec.Raw | Opaque] | None:
    """This dialect's opaque members, perhaps none of them; ``None`` for a value that came from elsewhere."""
    return opaque.members if opaque is not None and opaque.dialect == DIALECT else None


def is_spelled(opaque: Opaque | None, name: str) -> bool:
    """Whether a neutral value came under this name rather than the usual one."""
    return members.is_spelled(opaque, name, DIALECT)


def without(opaque: Opaque | None, *names: str) -> Opaque | None:
    """What is opaque, without the marks that are no members on the wire."""
    if opaque is None or not any(name in opaque.members for name in names):
        return opaque
    return Opaque(opaque.dialect, {name: value for name, value in opaque.members.items() if name not in names})
