"""The thin reading of a reply for accounting."""

from __future__ import annotations

from typing import Any

from stellwerk.core.reply import ReplyFacts
from stellwerk.core.usage import MOST_TOKENS, Usage
from stellwerk.dialects.whole_reading import complaint, read_loosely, word

__all__ = ["ReplyFacts", "read_usage"]

# Jina and Voyage, Cohere's tokens, what Cohere bills: where counts stand, the best of them first.
_PLACES = (("usage",), ("meta", "tokens"), ("meta", "billed_units"))
_COUNTS = ("prompt_tokens", "input_tokens", "total_tokens")


def read_usage(body: bytes) -> ReplyFacts:
    """What accounting needs of a reply that is passed on. Raises ``UpstreamInvalid`` when it is not the dialect's."""
    wire = read_loosely(body)
    if type(wire) is not dict or not any(type(wire.get(name)) is list for name in ("results", "data")):
        raise complaint(wire, "a ranking: it has no results")
    return ReplyFacts(_usage(wire), id=word(wire.get("id")))


def _usage(wire: Any) -> Usage | None:
    """The tokens that went in, wherever the host says them: a ranking has no others."""
    for place in _PLACES:
        found = wire
        for name in place:
            found = found.get(name) if type(found) is dict else None
        if type(found) is dict:
            for name in _COUNTS:
                if type(tokens := found.get(name)) is int and 0 <= tokens <= MOST_TOKENS:
                    return Usage(tokens)
    return None
