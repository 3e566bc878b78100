"""Which cache a configuration means, and what is wrong with one that cannot be used."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from stellwerk.config.caching import backend_of, open_cache
from stellwerk.core.snapshot import CacheSpec, StateSpec
from stellwerk.errors import ConfigurationError


def named(backend: Literal["auto", "memory", "sqlite", "valkey"] = "auto") -> CacheSpec:
    """``[cache]`` with a backend."""
    return CacheSpec(backend=backend)


def test_the_backend_is_the_one_that_everybody_who_shares_can_reach() -> None:
    alone, shared = StateSpec("state"), StateSpec("state", shared="env:SHARED")
    chosen = [backend_of(alone, named(), 1), backend_of(alone, named(), 2), backend_of(shared, named(), 1)]
    assert chosen == ["memory", "sqlite", "valkey"]
    assert backend_of(shared, named("sqlite"), 4) == "sqlite"


def test_each_is_opened_with_what_concerns_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHARED", "valkey://127.0.0.1:1")
    state = StateSpec(str(tmp_path), shared="env:SHARED")
    opened = [open_cache(state, named(name), workers=2).is_shared for name in ("memory", "sqlite", "valkey")]
    assert opened == [False, True, True]
    assert open_cache(state, workers=2).is_shared


def test_a_server_has_to_be_named_and_its_client_to_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = StateSpec(str(tmp_path))
    with pytest.raises(ConfigurationError) as caught:
        open_cache(state, named("valkey"), workers=1)
    assert "state.shared" in str(caught.value.problems)
    monkeypatch.setattr("stellwerk.config.caching.find_spec", lambda _: None)
    with pytest.raises(ConfigurationError) as caught:
        open_cache(state, named("valkey"), workers=1)
    assert "pip install" in str(caught.value.problems)


def test_entries_are_encrypted_under_a_secret_from_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACHE_KEY", "a secret that nobody guesses, ever")
    spec = CacheSpec(backend="sqlite", encryption_key="env:CACHE_KEY")
    assert open_cache(StateSpec(str(tmp_path)), spec, workers=2).is_shared
    monkeypatch.setattr("stellwerk.config.caching.find_spec", lambda _: None)
    with pytest.raises(ConfigurationError) as caught:
        open_cache(StateSpec(str(tmp_path)), spec, workers=2)
    assert "stellwerk[encryption]" in str(caught.value.problems)
