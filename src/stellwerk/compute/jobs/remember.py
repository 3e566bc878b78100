"""Takes entries in, to be found by the meaning of their questions."""

from __future__ import annotations

from stellwerk.compute.recollection import recollection
from stellwerk.compute.ticket import Ticket
from stellwerk.core.recollection import Remembered, read_remember, written


def run(payload: bytes, ticket: Ticket) -> bytes:
    """A ``Remembered``. Raises ``ValueError`` for what is no such thing; entries before the one at fault stay."""
    told = read_remember(payload)
    here = recollection()
    return written(Remembered(here.life, here.remember(told.embedding, told.memories, ticket)))
