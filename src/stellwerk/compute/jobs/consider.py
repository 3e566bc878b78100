"""Decides whether a kept answer serves a question that means the same."""

from __future__ import annotations

from stellwerk.compute.meaning import meaning
from stellwerk.compute.ticket import Ticket
from stellwerk.core.meaning import read_consider, written


def run(payload: bytes, ticket: Ticket) -> bytes:
    """A ``Considered``. Raises ``ValueError`` for what is no such question."""
    asked = read_consider(payload)
    ticket.check()
    return written(meaning().consider(asked))
