"""What a cache outside of the process has to be able to do: wait for its answers, in a thread of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from stellwerk.core.cached import CacheFigures, Entry, Purge
from stellwerk.core.purges import Numbered


class Write(NamedTuple):
    """An entry to be written: the small bytes of it, and the number of the newest purge that it comes after."""

    entry: Entry
    blob: bytes
    after: int


class Found(NamedTuple):
    """What lies under a key: an entry's bytes, sealed, and the number of the newest purge that it came after."""

    content: bytes
    after: int


class Look(NamedTuple):
    """The answer to some questions: the newest purge's number, those that are new, and what lies under each question.

    What was found was read after the purges: one that came in between is told with the next answer.
    """

    last: int
    purges: Sequence[Numbered]
    found: Sequence[Sequence[Found]]


class Told(NamedTuple):
    """Entries that were kept lately, without their answers: the last one's number, and whether some are missing.

    ``is_all`` says that there are no more by now.
    """

    last: int
    found: Sequence[Found]
    is_gap: bool = False
    is_all: bool = True


class Beat(NamedTuple):
    """The newest purge's number, all that are in force, and what the store holds."""

    last: int
    purges: Sequence[Numbered]
    figures: CacheFigures


class Reading(Protocol):
    """Asks the store. Every call waits, and raises ``StoreUnavailable`` where there is no answer."""

    def look(self, questions: Sequence[tuple[bytes, ...]], seen: int) -> Look:
        """What lies under these keys or aliases, and what was purged after the number ``seen``."""
        ...

    def beat(self) -> Beat:
        """How things are."""
        ...

    def news(self, after: int, most: int) -> Told:
        """What other hosts have kept since a number, or from the oldest on that is told of; nothing on one host."""
        ...

    def everything(self, now_ms: int) -> Iterator[Found]:
        """Every entry, in no order."""
        ...

    def close(self) -> None:
        """Lets go of the store."""
        ...


class Writing(Protocol):
    """Changes the store. Every call waits, and raises ``StoreUnavailable`` where it may not have been carried out."""

    def write(self, writes: Sequence[Write], now_ms: int) -> None:
        """Keeps all of these entries, or none."""
        ...

    def touch(self, keys: Iterable[bytes], now_ms: int) -> None:
        """These entries were used."""
        ...

    def purge(self, purge: Purge, now_ms: int) -> int:
        """Has a purge come into force, which takes the same time however much is held; its number."""
        ...

    def tend(self, now_ms: int) -> bool:
        """Deletes a part of what is over or was purged; whether there is more to do."""
        ...

    def close(self) -> None:
        """Lets go of the store."""
        ...
