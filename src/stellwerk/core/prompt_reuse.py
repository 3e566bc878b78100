"""How often beginnings of prompts come again, and how soon: what a worker has seen of each tenant's traffic.

A beginning is known by a digest that its tenant is part of, so that nobody learns from, or of, another one's prompts.
Of beginnings that were seen before, their own intervals count. Of the end of a conversation's newest turn, which is new
by nature, it is told from how such turns went on before: those of the same application, and of the same tenant.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from math import exp
from typing import Final

import msgspec

HORIZONS_S: Final = (300.0, 1_800.0, 3_600.0)
"""How long providers keep a beginning: five minutes, half an hour, an hour."""
SHORT, MIDDLE, LONG = range(3)
"""Places in ``HORIZONS_S``."""
MOST_BEGINNINGS: Final = 16_384
MOST_CLASSES: Final = 4_096
"""So many are remembered, the least recent ones forgotten first."""
VERDICT_S: Final = 60.0
"""A turn that nobody has taken up after so long counts as the last one, until somebody does take it up."""
FADES_AT: Final = 64.0
"""From so many cases on, older ones count for half."""
OPENING, SECOND, LATER = range(3)
"""How far a conversation has come: nobody has answered yet, once, more often."""
_PRIOR: Final = ((0.1, 2.0), (0.6, 3.0), (0.6, 3.0))
"""What is taken to be likely of a turn's being taken up, and of how many cases that counts for, before any is known."""
_OWN_PRIOR: Final = (0.25, 2.0)
_MINUTE_S: Final = 60.0
_TENANT_CASES: Final = 4.0
"""What is known of a tenant counts for so many cases of one of its applications."""


class Tally:
    """How many cases there were, and in how many of them the beginning came again within each horizon."""

    __slots__ = ("trials", "within")

    def __init__(self) -> None:
        self.trials = 0.0
        self.within = [0.0, 0.0, 0.0]

    def try_(self) -> None:
        """One case more."""
        self.trials += 1
        if self.trials > FADES_AT:
            self.trials /= 2
            self.within = [count / 2 for count in self.within]

    def hit(self, gap_s: float) -> None:
        """In one of them it came again after so long."""
        for place, horizon_s in enumerate(HORIZONS_S):
            if gap_s <= horizon_s:
                self.within[place] += 1

    def chance(self, horizon: int, prior: float, cases: float) -> float:
        """How likely it is within a horizon, where ``prior`` was taken to be, as if after so many cases."""
        return min((self.within[horizon] + prior * cases) / (self.trials + cases), 1.0)


class Beginning:
    """One beginning of a prompt."""

    __slots__ = ("at", "classes", "is_counted", "recent", "tally", "warm_at", "warm_until")

    def __init__(self, at: float) -> None:
        self.at = at
        """When it came last, in seconds of a monotonic clock."""
        self.recent = 1.0
        """How often it came in the last minute, about."""
        self.tally = Tally()
        """How it came again."""
        self.classes: tuple[Tally, ...] = ()
        """Where it is to be told that it was taken up; none once that is done."""
        self.is_counted = False
        self.warm_at = ""
        """The target that was last asked to keep it, and until when it does."""
        self.warm_until = 0.0

    def chance(self, horizon: int) -> float:
        """How likely it comes again within a horizon; 0 where it never has."""
        return self.tally.chance(horizon, *_OWN_PRIOR) if self.tally.trials else 0.0

    def warm(self, target: str, until: float) -> None:
        """The target keeps it from now on."""
        self.warm_at, self.warm_until = target, until

    def is_warm(self, target: str, now: float) -> bool:
        """Whether the target most likely has it in its cache."""
        return self.warm_at == target and now < self.warm_until


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
    """The memory of one worker; bounded, and gone with it."""

    __slots__ = ("_beginnings", "_classes", "_credits", "_open")

    def __init__(self) -> None:
        self._beginnings: OrderedDict[bytes, Beginning] = OrderedDict()
        self._classes: OrderedDict[bytes, Tally] = OrderedDict()
        self._open: deque[tuple[float, Beginning]] = deque()
        """Ends of turns in the order in which they came, until it is told whether they were taken up."""
        self._credits: OrderedDict[bytes, int] = OrderedDict()

    def arrive(
        self, beginnings: Sequence[tuple[bytes, bool]], application: bytes, tenant: bytes, depth: int, now: float
    ) -> Arrival:
        """Takes note of a prompt that comes ``now``, in seconds of a monotonic clock.

        ``beginnings`` are digests from the shortest to the whole prompt, each with whether it is worth remembering.
        ``application`` and ``tenant`` are digests too; ``depth`` is how many answers are in the prompt.
        """
        self._judge(now)
        stage = min(depth, LATER)
        known = [self._beginnings.get(digest) for digest, _ in beginnings]
        longest = next((each for each in reversed(known) if each is not None), None)
        for (digest, is_kept), found in zip(beginnings, known, strict=True):
            if found is not None:
                self._beginnings.move_to_end(digest)
                _meet(found, now, is_longest=found is longest, is_all=found is known[-1])
            elif is_kept:
                self._remembered(digest, now)
        of_all, of_one = self._class(tenant, stage), self._class(application, stage)
        chances = [
            of_one.chance(horizon, of_all.chance(horizon, *_PRIOR[stage]), _TENANT_CASES)
            for horizon in range(len(HORIZONS_S))
        ]
        arrival = Arrival(tuple(known), (chances[0], chances[1], chances[2]), of_all.trials, stage)
        end = self._beginnings.get(beginnings[-1][0]) if beginnings else None
        if end is not None and known[-1] is None:
            end.classes = of_all, of_one
            self._open.append((now, end))
        return arrival

    def warm(self, digest: bytes, target: str, now: float, until: float) -> None:
        """The target was asked to keep this beginning."""
        self._remembered(digest, now).warm(target, until)

    def credit(self, account: bytes) -> int:
        """What marks have saved so far, and not staked again."""
        return self._credits.get(account, 0)

    def settle(self, account: bytes, nanos: int) -> None:
        """Adds what marks have saved, or have cost where that is negative."""
        self._credits[account] = self._credits.pop(account, 0) + nanos
        if len(self._credits) > MOST_CLASSES:
            self._credits.popitem(last=False)

    def per_minute(self, digest: bytes) -> float:
        """How often a beginning comes, of late; 0 where that is not known."""
        known = self._beginnings.get(digest)
        return known.recent if known is not None else 0.0

    # -- helpers

    def _remembered(self, digest: bytes, now: float) -> Beginning:
        found = self._beginnings.get(digest)
        if found is None:
            found = self._beginnings[digest] = Beginning(now)
            if len(self._beginnings) > MOST_BEGINNINGS:
                self._beginnings.popitem(last=False)
        return found

    def _class(self, name: bytes, stage: int) -> Tally:
        key = name + bytes((stage,))
        found = self._classes.pop(key, None) or Tally()
        self._classes[key] = found
        if len(self._classes) > MOST_CLASSES:
            self._classes.popitem(last=False)
        return found

    def _judge(self, now: float) -> None:
        """Turns that nobody has taken up count as the last ones of their conversations."""
        waiting = self._open
        while waiting and (now - waiting[0][0] >= VERDICT_S or len(waiting) > MOST_BEGINNINGS):
            _, end = waiting.popleft()
            end.is_counted = True
            for one in end.classes:
                one.try_()


def _meet(found: Beginning, now: float, *, is_longest: bool, is_all: bool) -> None:
    """A beginning comes again.

    Where it ended a turn, and there is more now, that turn is taken up. Else another prompt shares it, if none that is
    longer is known.
    """
    gap_s, found.at = now - found.at, now
    found.recent = found.recent * exp(-gap_s / _MINUTE_S) + 1
    classes = () if is_all else found.classes
    if classes:
        found.classes = ()
    for one in classes:
        if not found.is_counted:
            one.try_()
        one.hit(gap_s)
    if is_longest and not classes:
        found.tally.try_()
        found.tally.hit(gap_s)
