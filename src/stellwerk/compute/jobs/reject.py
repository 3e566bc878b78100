"""Lets go of an answer that somebody calls bad, and of those that say the same."""

from __future__ import annotations

from stellwerk.compute.meaning import meaning
from stellwerk.compute.ticket import Ticket
from stellwerk.core.meaning import read_reject, written


def run(payload: bytes, ticket: Ticket) -> bytes:
    """A ``Rejected``. Raises ``ValueError`` for what is no such thing. It is done even if nobody waits any more."""
    del ticket
    return written(meaning().reject(read_reject(payload)))
