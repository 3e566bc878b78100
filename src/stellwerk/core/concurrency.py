"""How many calls at a time a target takes, learned from its own refusals: additive increase, multiplicative decrease.

Nothing is limited until the target says that it is too much. Then seven tenths of what it had in hand are allowed, and
one more for each round of successes that used all that was allowed. Where it does not object, the limit goes away.
A limit is a guess: where most calls are taken all the same, whoever has nobody else to ask may exceed it.
"""

from __future__ import annotations

from math import floor

DECREASE = 0.7
HOLD_OFF_S = 1.0
QUIET_S = 60.0
RECENT = 8
"""About so many answers and refusals count as the latest."""


class ConcurrencyLimit:
    """The limit of one target. ``in_flight`` are its calls; when one ends, with that one."""

    __slots__ = ("_held_until", "_lowered_to", "_refused", "_seen", "_signalled_at", "limit")

    def __init__(self) -> None:
        self.limit: float | None = None
        """Calls at a time, with the fraction of the next that has been earned; ``None``: as many as there are."""
        self._refused = 0.5
        self._lowered_to = 0
        self._seen = 0
        self._held_until = 0.0
        self._signalled_at = 0.0

    def has_room(self, in_flight: int) -> bool:
        """Whether one more call can be made beside those in flight."""
        return self.limit is None or in_flight + 1 <= self.limit

    @property
    def may_be_exceeded(self) -> bool:
        """Whether most of the latest calls were taken, so that one too many is worth a try."""
        return self._refused < 0.5

    def limited(self, now: float, in_flight: int, typical_s: float = 0.0) -> None:
        """The target has refused a call because there are too many: 429, or what it says when it is overloaded.

        ``typical_s`` is how long its calls take. Refusals come in swarms, and what the last decrease has done shows
        only after a round of calls: until then, and for a second, there is no other.
        """
        self._signalled_at = now
        self._refused = self._refused + (1 - self._refused) / RECENT if self.limit is not None else 0.5
        if now < self._held_until:
            return
        lowered_to = max(1, floor(in_flight * DECREASE))
        if self.limit is not None:
            lowered_to = min(lowered_to, floor(self.limit))
        self.limit = self._lowered_to = lowered_to
        self._seen = in_flight
        self._held_until = now + max(HOLD_OFF_S, typical_s)

    def succeeded(self, now: float, in_flight: int) -> None:
        """The target has answered a call."""
        limit = self.limit
        if limit is None:
            return
        self._refused -= self._refused / RECENT
        if in_flight >= floor(limit):
            self.limit = limit = limit + 1 / limit
        is_doubled = limit >= 2 * self._lowered_to
        if limit > 2 * self._seen or (is_doubled and now - self._signalled_at >= QUIET_S):
            self.limit = None
