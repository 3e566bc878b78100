"""A mean in which the past fades with time."""

from __future__ import annotations

from math import exp


class Ewma:
    """An exponentially weighted moving average: a value counts 1 when it is added, and ``1/e`` after ``tau_s`` seconds.

    It is time, not the number of values, that fades: those of one moment count alike, and after a long pause the first
    new one is all but alone.
    """

    __slots__ = ("_at", "_tau_s", "value", "weight")

    def __init__(self, tau_s: float) -> None:
        self._tau_s = tau_s
        self._at = 0.0
        self.value = 0.0
        """The mean; 0 before the first value."""
        self.weight = 0.0
        """How many values the mean rested on when the last was added; faded ones count in part."""

    def add(self, now: float, value: float) -> None:
        """Count a value. Moments do not run backwards."""
        self.weight = self.weight * exp((self._at - now) / self._tau_s) + 1.0
        self.value += (value - self.value) / self.weight
        self._at = now
