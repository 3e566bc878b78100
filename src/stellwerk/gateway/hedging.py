"""When a second target is asked beside one that is slow to begin, and how often that may be."""

from __future__ import annotations

from stellwerk.core.snapshot import HedgeSpec
from stellwerk.gateway.standing import Standing

MOST_SAVED = 10.0
"""So many second calls may be made at once after a quiet time."""


class Hedging:
    """The hedges of one model: each request earns a share of one."""

    __slots__ = ("_saved", "_spec")

    def __init__(self, spec: HedgeSpec) -> None:
        self._spec = spec
        self._saved = 1.0

    def after_s(self, standing: Standing) -> float | None:
        """A request has been sent to a target: how long its answer may take to begin before another one is asked.

        ``None`` where too little is known of the target. Earns the request's share.
        """
        self._saved = min(MOST_SAVED, self._saved + self._spec.max_share)
        return standing.quantile_s(self._spec.quantile)

    def take(self) -> bool:
        """Whether a second target may be asked; if so, it is paid for."""
        if self._saved < 1.0:
            return False
        self._saved -= 1.0
        return True
