"""Finds the entries of a scope whose questions mean about the same as a text.

The first question loads the embedder, which takes longer than anybody waits: it is a miss, as are those meanwhile.
"""

from __future__ import annotations

from stellwerk.compute.recollection import recollection
from stellwerk.compute.ticket import Ticket
from stellwerk.core.recollection import read_recall, written


def run(payload: bytes, ticket: Ticket) -> bytes:
    """A ``Recalled``. Raises ``ValueError`` for what is no such question."""
    asked = read_recall(payload)
    ticket.check()
    return written(recollection().recall(asked))
