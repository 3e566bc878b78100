"""The cache that a configuration names: workers keep answers in it, the admin process purges it."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast

from stellwerk import plugins
from stellwerk.config.references import resolve
from stellwerk.core.snapshot import CacheSpec, StateSpec
from stellwerk.errors import ConfigurationError

if TYPE_CHECKING:
    from stellwerk.ports.cache import Cache

_USUAL = CacheSpec()


def backend_of(state: StateSpec, spec: CacheSpec, workers: int) -> str:
    """Which backend is meant: the widest that everybody who is to share entries needs, unless one is named."""
    if spec.backend != "auto":
        return spec.backend
    if state.shared is not None:
        return "valkey"
    return "sqlite" if workers > 1 else "memory"


def open_cache(state: StateSpec, spec: CacheSpec = _USUAL, *, workers: int) -> Cache:
    """The cache, not connected yet. Raises ``ConfigurationError`` where it cannot be used."""
    name = backend_of(state, spec, workers)
    options: dict[str, Any] = {"tenant_share": spec.tenant_share, "max_entry_bytes": spec.max_entry_bytes}
    if name == "memory":
        options["max_bytes"] = min(spec.max_bytes, spec.memory_bytes)
    else:
        options |= {"max_bytes": spec.max_bytes, "memory_bytes": spec.memory_bytes}
        if spec.encryption_key is not None:
            if find_spec("cryptography") is None:
                raise ConfigurationError(("cache.encryption_key: pip install 'stellwerk[encryption]'",))
            options["encryption_key"] = resolve(spec.encryption_key)
    if name == "valkey":
        if find_spec("valkey") is None:
            raise ConfigurationError(("state.shared: its client is missing: pip install 'stellwerk[valkey]'",))
        if state.shared is None:
            raise ConfigurationError(("cache.backend: valkey needs a server: say which in state.shared",))
        options["url"] = resolve(state.shared)
    return cast("Cache", plugins.build("caches", name, options, directory=state.directory))
