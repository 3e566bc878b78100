"""The port of time: whoever needs it gets it as an argument, so that tests can hold it still."""

from __future__ import annotations

from collections.abc import Callable

Clock = Callable[[], float]
"""Seconds since an arbitrary start, never going backwards."""

WallClock = Callable[[], float]
"""Seconds since the Unix epoch."""
