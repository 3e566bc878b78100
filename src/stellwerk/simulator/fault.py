"""What can go wrong with an answer, and the plan that says when."""

from __future__ import annotations

import math
from typing import Literal, get_args

import msgspec

from stellwerk.simulator.dice import Dice

Behaviour = Literal[
    "hang", "close", "reset", "cut", "stall", "malformed", "slow_drip", "short_length", "no_done", "error_in_stream"
]
"""Kinds of faults beside the status codes 400 to 599.

``hang`` never answers. ``close`` and ``reset`` end the connection before the first byte, with FIN or RST. ``cut``
ends it in the middle of an answer, ``stall`` falls silent there. ``malformed`` answers 200 with another thing than the
dialect.
``slow_drip`` sends byte by byte. ``short_length`` announces another length than it sends. ``no_done`` leaves the
closing event of a stream out, ``error_in_stream`` breaks it off with an error event; both leave answers that are no
streams alone.
"""

Shape = Literal["not_json", "html", "wrong_shape", "empty"]

BEHAVIOURS: tuple[str, ...] = get_args(Behaviour)
STREAM_ONLY = frozenset({"no_done", "error_in_stream"})


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One fault. Which fields matter depends on ``kind``: a status code, or one of ``Behaviour``."""

    kind: int | str
    after_events: int = 3
    """How many events of a stream still arrive, for ``cut``, ``stall``, ``malformed`` and ``error_in_stream``."""
    reset: bool = False
    """Whether ``cut`` ends the connection with RST instead of FIN."""
    retry_after_s: float | None = None
    """Sent as ``retry-after`` and ``retry-after-ms`` with a status code."""
    delay_ms: float = 0.0
    """How long a status code takes to come."""
    shape: Shape = "not_json"
    """What ``malformed`` sends."""
    byte_ms: float = 20.0
    """The pause between two bytes of ``slow_drip``."""
    length_offset: int = 64
    """How much more (or less, when negative) ``short_length`` announces than it sends."""
    code: str | None = None
    """The error's code, with a status code or ``error_in_stream``."""
    message: str | None = None
    """The error's message, with a status code or ``error_in_stream``."""

    def __post_init__(self) -> None:
        """Refuses what no fault can be."""
        if self.status is None and self.kind not in BEHAVIOURS:
            raise ValueError(f"expected `kind` as a status code from 400 to 599 or one of {', '.join(BEHAVIOURS)}")
        if self.after_events < 0:
            raise ValueError("expected `after_events` of at least 0")
        if not (
            0 <= self.delay_ms < math.inf and 0 < self.byte_ms < math.inf and 0 <= (self.retry_after_s or 0) < math.inf
        ):
            raise ValueError("expected times that are not negative, and `byte_ms` above 0")
        if self.length_offset == 0:
            raise ValueError("expected a `length_offset` other than 0")

    @property
    def status(self) -> int | None:
        """The status code, for kinds that are one."""
        text = str(self.kind)
        return int(text) if text.isascii() and text.isdecimal() and 400 <= int(text) <= 599 else None

    @property
    def name(self) -> str:
        """The kind as text."""
        return str(self.kind)


class PlannedFault(Fault, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A fault and when it happens: where all that is given holds; always, where nothing is."""

    requests: tuple[int, int] | None = None
    """The first and the last request that fails; the first of all is number 1."""
    seconds: tuple[float, float] | None = None
    """From when until when requests fail, in seconds since the start."""
    every: int | None = None
    """Only requests whose number is a multiple of this."""
    probability: float = 1.0
    models: tuple[str, ...] = ()
    """Only these models; empty for all."""

    def __post_init__(self) -> None:
        """Refuses a schedule that cannot be."""
        super().__post_init__()
        if self.requests is not None and not 1 <= self.requests[0] <= self.requests[1]:
            raise ValueError("expected `requests` as [first, last], counted from 1")
        if self.seconds is not None and not 0 <= self.seconds[0] <= self.seconds[1]:
            raise ValueError("expected `seconds` as [from, until]")
        if self.every is not None and self.every < 1:
            raise ValueError("expected `every` of at least 1")
        if not 0 <= self.probability <= 1:
            raise ValueError("expected `probability` from 0 to 1")

    def happens(self, number: int, elapsed_s: float, model: str, dice: Dice) -> bool:
        """Whether request ``number`` fails this way; ``dice`` are thrown only when nothing else rules it out."""
        if self.requests is not None and not self.requests[0] <= number <= self.requests[1]:
            return False
        if self.seconds is not None and not self.seconds[0] <= elapsed_s <= self.seconds[1]:
            return False
        if self.every is not None and number % self.every:
            return False
        if self.models and model not in self.models:
            return False
        return self.probability >= 1 or dice.has_luck(self.probability)


def planned(
    faults: tuple[PlannedFault, ...], number: int, elapsed_s: float, model: str, dice: Dice
) -> PlannedFault | None:
    """The first fault of a plan that happens to a request."""
    for fault in faults:
        if fault.happens(number, elapsed_s, model, dice):
            return fault
    return None
