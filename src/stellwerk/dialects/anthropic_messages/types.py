"""Words of the dialect and its own ways with JSON objects, shared by requests, replies and streams."""

from __future__ import annotations

from typing import Any

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


def marked(opaque: Opaque | None, *names: str) -> Opaque | None:
    """The opaque members with marks of spelling beside them; ``None`` where there is neither."""
    if not names:
        return opaque
    left = opaque.members if opaque is not None else {}
    return Opaque(DIALECT, {**left, **dict.fromkeys(names, members.SPELLING)})
