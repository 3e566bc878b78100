"""The thin reading of a reply: there is nothing to account, it only has to be the dialect's."""

from __future__ import annotations

from stellwerk.core.reply import ReplyFacts
from stellwerk.dialects.whole_reading import complaint, read_loosely, word

__all__ = ["ReplyFacts", "read_usage"]


def read_usage(body: bytes) -> ReplyFacts:
    """Its id; moderation costs nothing. Raises ``UpstreamInvalid`` when it is not the dialect's."""
    wire = read_loosely(body)
    if type(wire) is not dict or type(wire.get("results")) is not list:
        raise complaint(wire, "a moderation: it has no results")
    return ReplyFacts(id=word(wire.get("id")))
