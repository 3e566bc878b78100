"""How often beginnings of prompts come again, and how soon: what was seen of each tenant's traffic.

A beginning is known by a digest that its tenant is part of, so that nobody learns from, or of, another one's prompts.
Of beginnings that were seen before, their own intervals count. Of the end of a conversation's newest turn, which is new
by nature, it is told from how such turns went on before: those of the same application, and of the same tenant.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from math import exp
from typing import Final

import msgspec

from stellwerk.core.prompt_memory import (
    HORIZONS_S,
    MOST_BEGINNINGS,
    NO_STAGE,
    Beginning,
    OwnMemory,
    PromptMemory,
)

VERDICT_S: Final = 60.0
"""A turn that nobody has taken up after so long counts as the last one, until somebody does take it up."""
OPENING, SECOND, LATER = range(3)
"""How far a conversation has come: nobody has answered yet, once, more often."""
_PRIOR: Final = ((0.1, 2.0), (0.6, 3.0), (0.6, 3.0))
"""What is taken to be likely of a turn's being taken up, and of how many cases that counts for, before any is known."""
_MINUTE_S: Final = 60.0
_TENANT_CASES: Final = 4.0
"""What is known of a tenant counts for so many cases of one of its applications."""
_TARGET_BYTES: Final = 8


class Arrival(msgspec.Struct, frozen=True):
    """What was known of a prompt when it came. Chances are by horizon."""

    known: tuple[Beginning | None, ...]
    """Its beginnings, as far as they were seen before; in the order that was given."""
    chances: tuple[float, float, float]
    """How likely the conversation goes on within each horizon."""
    cases: float
    """How many cases that rests on."""
    stage: int

    @property
    def is_known(self) -> bool:
        """Whether any of its beginnings was seen before."""
        return any(each is not None for each in self.known)


class PromptReuse:
    """Learns from the prompts that come to one worker; others may share its memory."""

    __slots__ = ("_memory", "_open")

    def __init__(self, memory: PromptMemory | None = None) -> None:
        """``memory`` is one of its own where none is given."""
        self._memory = memory or OwnMemory()
        self._open: deque[tuple[float, bytes, tuple[bytes, bytes]]] = deque()
        """Ends of turns in the order in which they came, until it is told whether they were taken up."""

    def arrive(
        self, beginnings: Sequence[tuple[bytes, bool]], application: bytes, tenant: bytes, depth: int, now: float
    ) -> Arrival:
        """Takes note of a prompt that comes ``now``, in seconds of a monotonic clock.

        ``beginnings`` are digests from the shortest to the whole prompt, each with whether it is worth remembering.
        ``application`` and ``tenant`` are digests too; ``depth`` is how many answers are in the prompt.
        """
        self._judge(now)
        memory, stage, owners = self._memory, min(depth, LATER), (application, tenant)
        known = [memory.beginning(digest) for digest, _ in beginnings]
        longest = next((each for each in reversed(known) if each is not None), None)
        for at, ((digest, is_kept), found) in enumerate(zip(beginnings, known, strict=True)):
            is_all = at == len(beginnings) - 1
            if found is not None:
                self._meet(found, now, owners, is_longest=found is longest, is_all=is_all)
                memory.remember(digest, found)
            elif is_kept:
                fresh = Beginning(now)
                if is_all:
                    fresh.stage = stage
                    self._open.append((now, digest, owners))
                memory.remember(digest, fresh)
        of_one, of_all = (memory.tally(name) for name in _classes(owners, stage))
        chances = [
            of_one.chance(horizon, of_all.chance(horizon, *_PRIOR[stage]), _TENANT_CASES)
            for horizon in range(len(HORIZONS_S))
        ]
        return Arrival(tuple(known), (chances[0], chances[1], chances[2]), of_all.trials, stage)

    def warm(self, digest: bytes, target: str, now: float, until: float) -> None:
        """The target was asked to keep this beginning until then; no target, where it may not have done so."""
        found = self._memory.beginning(digest) or Beginning(now)
        found.warm_at, found.warm_until = _mark(target), until
        self._memory.remember(digest, found)

    def credit(self, account: bytes) -> int:
        """What marks have saved so far, and not staked again."""
        return self._memory.credit(account)

    def settle(self, account: bytes, nanos: int) -> None:
        """Adds what marks have saved, or have cost where that is negative."""
        self._memory.settle(account, nanos)

    def per_minute(self, digest: bytes) -> float:
        """How often a beginning comes, of late; 0 where that is not known."""
        known = self._memory.beginning(digest)
        return known.recent if known is not None else 0.0

    # -- helpers

    def _judge(self, now: float) -> None:
        """Turns that nobody has taken up count as the last ones of their conversations."""
        waiting, memory = self._open, self._memory
        while waiting and (now - waiting[0][0] >= VERDICT_S or len(waiting) > MOST_BEGINNINGS):
            _, digest, owners = waiting.popleft()
            end = memory.beginning(digest)
            if end is None or end.stage == NO_STAGE or end.is_counted:
                continue  # it was taken up, or is forgotten
            end.is_counted = True
            memory.remember(digest, end)
            for name in _classes(owners, end.stage):
                tally = memory.tally(name)
                tally.try_()
                memory.count(name, tally)

    def _meet(
        self, found: Beginning, now: float, owners: tuple[bytes, bytes], *, is_longest: bool, is_all: bool
    ) -> None:
        """A beginning comes again.

        Where it ended a turn, and there is more now, that turn is taken up. Else another prompt shares it, if none that
        is longer is known.
        """
        gap_s, found.at = max(now - found.at, 0.0), max(now, found.at)  # another worker may have been a moment later
        found.recent = found.recent * exp(-gap_s / _MINUTE_S) + 1
        is_taken_up = not is_all and found.stage != NO_STAGE
        if is_taken_up:
            for name in _classes(owners, found.stage):
                tally = self._memory.tally(name)
                if not found.is_counted:
                    tally.try_()
                tally.hit(gap_s)
                self._memory.count(name, tally)
            found.stage = NO_STAGE
        if is_longest and not is_taken_up:
            found.tally.try_()
            found.tally.hit(gap_s)


def is_warm(known: Beginning, target: str, now: float) -> bool:
    """Whether the target most likely has a beginning in its cache."""
    return now < known.warm_until and known.warm_at == _mark(target)


def _classes(owners: tuple[bytes, bytes], stage: int) -> Iterator[bytes]:
    """What cases are counted under: those of the same application, and of the same tenant."""
    for owner in owners:
        yield owner + bytes((stage,))


@lru_cache(1_024)
def _mark(target: str) -> bytes:
    return blake2b(target.encode(), digest_size=_TARGET_BYTES).digest()
