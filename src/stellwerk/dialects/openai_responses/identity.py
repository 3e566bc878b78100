"""Ids of items that came from another dialect: made of the reply's id and the position, and known by their form."""

from __future__ import annotations

_INVENTED = "_of_"
_REDACTED = "redacted" + _INVENTED


def invent(kind: str, reply_id: str, position: int) -> str:
    """The id of the item at ``position`` of a reply; ``kind`` is the dialect's prefix for such items."""
    return f"{kind}{_INVENTED}{reply_id}_{position}"


def invent_redacted(reply_id: str, position: int) -> str:
    """The id of reasoning that only its provider can read, so that it is told from a signature when it comes back."""
    return f"{_REDACTED}{reply_id}_{position}"


def is_invented(identity: str) -> bool:
    """Whether no provider knows this id."""
    return _INVENTED in identity


def is_redacted(identity: str) -> bool:
    """Whether ``invent_redacted`` made it."""
    return identity.startswith(_REDACTED)
