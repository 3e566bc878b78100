"""The purges that are in force in a store: numbered in their order, until everything that they concern is deleted."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from stellwerk.core.cached import Entry, Purge

Numbered = tuple[int, Purge]

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Purge).decode


def written(purge: Purge) -> bytes:
    """A purge for storage outside of the process."""
    return _encode(purge)


def read(content: bytes) -> Purge:
    """The purge that was written; for what is none one that takes everything: rather too much goes than too little."""
    try:
        return _decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Purge()


def is_taken(entry: Entry, after: int, purges: Iterable[Numbered]) -> bool:
    """Whether a purge takes an entry that was kept when ``after`` was the newest that its keeper had seen."""
    return any(number > after and purge.takes(entry) for number, purge in purges)


def is_gap(seen: int, last: int, numbers: Iterable[int]) -> bool:
    """Whether somebody who has seen everything up to ``seen`` is not told of all up to ``last`` by these numbers.

    Also where numbers have gone back, because the store was begun anew.
    """
    return last < seen or last - seen != len({number for number in numbers if seen < number <= last})


def covered(after: int, own: Iterable[int]) -> int:
    """Up to which number an entry's keeper knows all purges: those it had seen, and its own right after them.

    ``own`` are numbers of purges that the keeper has made before it kept the entry, in their order.
    """
    for number in own:
        if number == after + 1:
            after = number
    return after
