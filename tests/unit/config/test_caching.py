"""Which cache a configuration means, and what is wrong with one that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from stellwerk.config.caching import backend_of, open_cache
from stellwerk.core.snapshot import CacheSpec, StateSpec
from stellwerk.errors import ConfigurationError

AUTO = CacheSpec()
SHARED = "env:SHARED"


def test_the_backend_is_the_one_that_everybody_who_shares_can_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHARED", "valkey://127.0.0.1:1")
    alone, shared = StateSpec("state"), StateSpec("state", shared=SHARED)
    found = [backend_of(alone, AUTO, 1), backend_of(alone, AUTO, 2), backend_of(shared, AUTO, 1)]
    assert found == ["memory", "sqlite", "valkey"]
    assert backend_of(shared, CacheSpec("sqlite"), 4) == "sqlite"


def test_each_is_opened_within_its_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHARED", "valkey://127.0.0.1:1")
    state = StateSpec(str(tmp_path), shared=SHARED)
    assert not open_cache(state, CacheSpec("memory"), workers=2).is_shared
    assert open_cache(state, CacheSpec("sqlite"), workers=2).is_shared
    assert open_cache(state, CacheSpec("valkey"), workers=2).is_shared


def test_a_server_has_to_be_named_and_its_client_to_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_cache(StateSpec(str(tmp_path)), CacheSpec("valkey"), workers=1)
    assert "state.shared" in str(caught.value.problems)
    monkeypatch.setattr("stellwerk.config.caching.find_spec", lambda _: None)
    with pytest.raises(ConfigurationError) as caught:
        open_cache(StateSpec(str(tmp_path)), CacheSpec("valkey"), workers=1)
    assert "pip install" in str(caught.value.problems)
