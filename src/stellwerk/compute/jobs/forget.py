"""Lets go of entries that nobody is to find any more."""

from __future__ import annotations

from stellwerk.compute.recollection import recollection
from stellwerk.compute.ticket import Ticket
from stellwerk.core.recollection import Forgotten, read_forget, written


def run(payload: bytes, ticket: Ticket) -> bytes:
    """A ``Forgotten``. Raises ``ValueError`` for what is no such thing. It is done even if nobody waits any more."""
    del ticket
    here = recollection()
    return written(Forgotten(here.life, here.forget(read_forget(payload))))
