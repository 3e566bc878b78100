"""What is remembered of beginnings of prompts, of how conversations went on, and of what marks have saved."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, Protocol

HORIZONS_S: Final = (300.0, 1_800.0, 3_600.0)
"""How long providers keep a beginning: five minutes, half an hour, an hour."""
SHORT, MIDDLE, LONG = range(3)
"""Places in ``HORIZONS_S``."""
MOST_BEGINNINGS: Final = 16_384
MOST_CLASSES: Final = 4_096
"""So many are remembered, the least recent ones forgotten first."""
FADES_AT: Final = 64.0
"""From so many cases on, older ones count for half."""
NO_STAGE: Final = -1
_OWN_PRIOR: Final = (0.25, 2.0)


class Tally:
    """How many cases there were, and in how many of them the beginning came again within each horizon."""

    __slots__ = ("trials", "within")

    def __init__(self, trials: float = 0.0, within: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> None:
        self.trials = trials
        self.within = [*within]

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

    __slots__ = ("at", "is_counted", "recent", "stage", "tally", "warm_at", "warm_until")

    def __init__(self, at: float) -> None:
        self.at = at
        """When it came last, in seconds of a monotonic clock."""
        self.recent = 1.0
        """How often it came in the last minute, about."""
        self.tally = Tally()
        """How it came again."""
        self.stage = NO_STAGE
        """How far the conversation had come whose newest turn it ended, until that turn is taken up."""
        self.is_counted = False
        """Whether that turn counts as the last one already."""
        self.warm_at = b""
        """The target that was last asked to keep it, as ``PromptReuse`` names it, and until when it does."""
        self.warm_until = 0.0

    def chance(self, horizon: int) -> float:
        """How likely it comes again within a horizon; 0 where it never has."""
        return self.tally.chance(horizon, *_OWN_PRIOR) if self.tally.trials else 0.0


class PromptMemory(Protocol):
    """Bounded: what was used longest ago is forgotten. What is told was true a moment ago, where several remember."""

    def beginning(self, digest: bytes) -> Beginning | None:
        """The beginning with that digest."""
        ...

    def remember(self, digest: bytes, beginning: Beginning) -> None:
        """How a beginning stands now."""
        ...

    def tally(self, name: bytes) -> Tally:
        """How cases of that kind went on; an empty one where nothing is known."""
        ...

    def count(self, name: bytes, tally: Tally) -> None:
        """How a tally stands now."""
        ...

    def credit(self, account: bytes) -> int:
        """What marks have saved so far, in nano-dollars, and not staked again."""
        ...

    def settle(self, account: bytes, nanos: int) -> None:
        """Adds what marks have saved, or have cost where that is negative."""
        ...


class OwnMemory:
    """The memory of one process, gone with it."""

    __slots__ = ("beginnings", "credits", "tallies")

    def __init__(self) -> None:
        self.beginnings: OrderedDict[bytes, Beginning] = OrderedDict()
        self.tallies: OrderedDict[bytes, Tally] = OrderedDict()
        self.credits: OrderedDict[bytes, int] = OrderedDict()

    def beginning(self, digest: bytes) -> Beginning | None:
        """The beginning with that digest."""
        found = self.beginnings.get(digest)
        if found is not None:
            self.beginnings.move_to_end(digest)
        return found

    def remember(self, digest: bytes, beginning: Beginning) -> None:
        """How a beginning stands now."""
        self.beginnings[digest] = beginning
        if len(self.beginnings) > MOST_BEGINNINGS:
            self.beginnings.popitem(last=False)

    def tally(self, name: bytes) -> Tally:
        """How cases of that kind went on."""
        return self.tallies.get(name) or Tally()

    def count(self, name: bytes, tally: Tally) -> None:
        """How a tally stands now."""
        self.tallies[name] = tally
        self.tallies.move_to_end(name)
        if len(self.tallies) > MOST_CLASSES:
            self.tallies.popitem(last=False)

    def credit(self, account: bytes) -> int:
        """What marks have saved."""
        return self.credits.get(account, 0)

    def settle(self, account: bytes, nanos: int) -> None:
        """Adds to it."""
        self.credits[account] = self.credits.pop(account, 0) + nanos
        if len(self.credits) > MOST_CLASSES:
            self.credits.popitem(last=False)
