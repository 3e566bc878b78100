"""The cache that a configuration names: workers keep answers in it, the admin process purges it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast

from stellwerk import plugins
from stellwerk.config.references import resolve
from stellwerk.core.snapshot import StateSpec
from stellwerk.errors import ConfigurationError

if TYPE_CHECKING:
    from stellwerk.ports.cache import Cache

AUTO = "auto"


def backend_of(state: StateSpec, workers: int, backend: str = AUTO) -> str:
    """Which backend is meant: the widest that everybody who is to share entries needs, unless one is named."""
    if backend != AUTO:
        return backend
    if state.shared is not None:
        return "valkey"
    return "sqlite" if workers > 1 else "memory"


def open_cache(
    state: StateSpec, *, workers: int, backend: str = AUTO, options: Mapping[str, Any] | None = None
) -> Cache:
    """The cache, not connected yet; ``options`` are the backend's own. Raises ``ConfigurationError``."""
    name, chosen = backend_of(state, workers, backend), dict(options or {})
    if name == "valkey":
        if find_spec("valkey") is None:
            raise ConfigurationError(("state.shared: its client is missing: pip install 'stellwerk[valkey]'",))
        if "url" not in chosen:
            if state.shared is None:
                raise ConfigurationError(("cache.backend: valkey needs a server: say which in state.shared",))
            chosen["url"] = resolve(state.shared)
    return cast("Cache", plugins.build("caches", name, chosen, directory=state.directory))
