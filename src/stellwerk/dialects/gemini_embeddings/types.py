"""Words of the dialect and its own ways with JSON objects."""

from __future__ import annotations

from stellwerk.dialects import members

DIALECT = "gemini_embeddings"
"""The name by which this dialect marks what only it understands."""


class Members(members.Members):
    """The members of one of this dialect's objects."""

    __slots__ = ()

    dialect = DIALECT
