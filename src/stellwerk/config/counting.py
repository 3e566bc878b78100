"""The counter of limits and budgets that a configuration names: workers count with it, alerts read it."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

from stellwerk import plugins
from stellwerk.config.references import resolve
from stellwerk.core.snapshot import StateSpec
from stellwerk.errors import ConfigurationError

if TYPE_CHECKING:
    from stellwerk.ports.counter import Counter


def open_counter(state: StateSpec) -> Counter:
    """The counter, not connected yet. Raises ``ConfigurationError`` where it cannot be used."""
    if state.shared is None:
        return cast("Counter", plugins.build("counters", "sqlite", {}, directory=state.directory))
    if find_spec("valkey") is None:
        raise ConfigurationError(("state.shared: its client is missing: pip install 'stellwerk[valkey]'",))
    return cast("Counter", plugins.build("counters", "valkey", {"url": resolve(state.shared)}))
