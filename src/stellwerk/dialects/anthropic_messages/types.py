"""Words of the dialect and its own ways with JSON objects, shared by requests, replies and streams."""

from __future__ import annotations

from typing import Any, Self

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.dialects import members

DIALECT = "anthropic_messages"
"""The name by which this dialect marks what only it understands."""

COUNT_DIALECT = "anthropic_count_tokens"
"""The name under which requests go on record that only ask how many tokens they are."""

NULL = msgspec.Raw(b"null")

AS_LIST = "content"
"""Marks content that came as an array although a string would say the same."""

IN_PLACE = "role"
"""Marks a system message that stood among the messages, not in ``system``."""

OWN_FORMAT = "type"
"""Marks a schema for the answer that came in this dialect: it is the caller's to fit to the provider."""

_OBJECTS: msgspec.json.Decoder[list[dict[str, msgspec.Raw]]] = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])


class Members(members.Members):
    """The members of one of this dialect's objects."""

    __slots__ = ()

    dialect = DIALECT

    def objects(self, name: str) -> list[Self]:
        """The objects in the array that the member holds, which must be there: read in one pass with the array."""
        path, raw = self.path(name), self.peek(name)
        try:
            found = _OBJECTS.decode(raw)
        except msgspec.ValidationError:  # one is no object: which, the longer way tells
            entries = self.need(name, members.RAWS)
            return [type(self)(entry, f"{path}[{index}]", self._refuse) for index, entry in enumerate(entries)]
        del self._left[name]
        return [self._of(entry, f"{path}[{index}]") for index, entry in enumerate(found)]

    def whole(self) -> msgspec.Raw:
        """The object of all members that are left."""
        return msgspec.Raw(msgspec.json.encode(self._left))


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
