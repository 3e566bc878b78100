"""Learns whether an answer that was served, or might have been, was right."""

from __future__ import annotations

from stellwerk.compute.meaning import meaning
from stellwerk.compute.ticket import Ticket
from stellwerk.core.meaning import read_learn, written


def run(payload: bytes, ticket: Ticket) -> bytes:
    """A ``Learned``. Raises ``ValueError`` for what is no such thing."""
    told = read_learn(payload)
    ticket.check()
    return written(meaning().learn(told))
