"""The cache that a configuration names: workers keep answers in it."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast

from stellwerk import plugins
from stellwerk.config.references import resolve
from stellwerk.errors import ConfigurationError

if TYPE_CHECKING:
    from stellwerk.core.snapshot import CacheSpec, Snapshot
    from stellwerk.ports.cache import Cache


def backend_of(snapshot: Snapshot) -> str:
    """Where answers are kept: what is said, or what there is a use for."""
    if snapshot.cache.backend != "auto":
        return snapshot.cache.backend
    if snapshot.state.shared is not None:
        return "valkey"
    return "sqlite" if snapshot.server.workers > 1 else "memory"


def open_cache(snapshot: Snapshot) -> Cache:
    """The cache, not connected yet. Raises ``ConfigurationError`` where it cannot be used."""
    backend, state, spec = backend_of(snapshot), snapshot.state, snapshot.cache
    if backend == "memory":
        return cast("Cache", plugins.build("caches", backend, _bounds(spec, spec.memory_bytes)))
    options = {**_bounds(spec, spec.max_bytes), "memory_bytes": spec.memory_bytes}
    if backend == "sqlite":
        return cast("Cache", plugins.build("caches", backend, options, directory=state.directory))
    if state.shared is None:
        raise ConfigurationError(("cache.backend: 'valkey' needs state.shared",))
    if find_spec("valkey") is None:
        raise ConfigurationError(("cache.backend: its client is missing: pip install 'stellwerk[valkey]'",))
    del options["max_bytes"], options["tenant_share"]
    return cast("Cache", plugins.build("caches", backend, {**options, "url": resolve(state.shared)}))


def _bounds(spec: CacheSpec, max_bytes: int) -> dict[str, Any]:
    return {"max_bytes": max_bytes, "tenant_share": spec.tenant_share, "max_entry_bytes": spec.max_entry_bytes}
