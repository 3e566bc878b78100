"""How long a dead worker's slot waits before it gets its next one."""

from __future__ import annotations

from collections.abc import Callable

FIRST_S = 0.5
CAP_S = 30.0
HEALTHY_S = 60.0


class Backoff:
    """At once after the first death, then twice as long each time up to ``CAP_S``; a healthy life starts it anew."""

    __slots__ = ("_deaths", "_draw")

    def __init__(self, draw: Callable[[], float]) -> None:
        """``draw`` is uniform in [0, 1): slots that died together do not come back together."""
        self._draw = draw
        self._deaths = 0

    def delay_s(self, lived_s: float) -> float:
        """Seconds to wait after a life of ``lived_s`` seconds."""
        if lived_s >= HEALTHY_S:
            self._deaths = 0
        self._deaths += 1
        if self._deaths == 1:
            return 0.0
        bound_s = min(CAP_S, FIRST_S * 2.0 ** min(self._deaths - 2, 16))
        return bound_s * (0.5 + 0.5 * self._draw())
