"""Words of the dialect and its own ways with JSON objects, shared by requests, replies and streams."""

from __future__ import annotations

from typing import Any

from stellwerk.core.opaque import Opaque
from stellwerk.dialects import members

DIALECT = "openai_chat"
"""The name by which this dialect marks what only it understands."""


class Members(members.Members):
    """The members of one of this dialect's objects."""

    __slots__ = ()

    dialect = DIALECT


def merge(wire: dict[str, Any], opaque: Opaque | None) -> dict[str, Any]:
    """Writes this dialect's opaque members back into the object they came from, which is also returned."""
    return members.merge(wire, opaque, DIALECT)


def is_spelled(opaque: Opaque | None, name: str) -> bool:
    """Whether a neutral value came under this name rather than the usual one."""
    return members.is_spelled(opaque, name, DIALECT)
