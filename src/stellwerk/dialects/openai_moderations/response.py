"""The thin reading of a reply: there is nothing to account, it only has to be the dialect's."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.reply import ReplyFacts
from stellwerk.dialects.openai_errors import complaint, not_json

__all__ = ["ReplyFacts", "read_usage"]


def read_usage(body: bytes) -> ReplyFacts:
    """Its id; moderation costs nothing. Raises ``UpstreamInvalid`` when it is not the dialect's."""
    try:
        if not body.isascii():
            body.decode()
        wire: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise not_json(body) from None
    if type(wire) is not dict or type(wire.get("results")) is not list:
        raise complaint(wire, "a moderation: it has no results")
    identity = wire.get("id")
    return ReplyFacts(id=identity if type(identity) is str else "")
