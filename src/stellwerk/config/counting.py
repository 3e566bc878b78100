"""The counter of limits and budgets that a configuration names: workers count with it, alerts read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from stellwerk import plugins
from stellwerk.core.snapshot import StateSpec

if TYPE_CHECKING:
    from stellwerk.ports.counter import Counter


def open_counter(state: StateSpec) -> Counter:
    """The counter, not connected yet. Raises ``ConfigurationError`` where it cannot be used."""
    return cast("Counter", plugins.build("counters", "sqlite", {}, directory=state.directory))
