"""Which cache a configuration means, and what is wrong with one that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from stellwerk.config.caching import backend_of, open_cache
from stellwerk.core.snapshot import StateSpec
from stellwerk.errors import ConfigurationError


def test_the_backend_is_the_one_that_everybody_who_shares_can_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHARED", "valkey://127.0.0.1:1")
    alone, shared = StateSpec("state"), StateSpec("state", shared="env:SHARED")
    assert [backend_of(alone, 1), backend_of(alone, 2), backend_of(shared, 1)] == ["memory", "sqlite", "valkey"]
    assert backend_of(shared, 4, "sqlite") == "sqlite"


def test_each_is_opened_with_its_own_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHARED", "valkey://127.0.0.1:1")
    state = StateSpec(str(tmp_path), shared="env:SHARED")
    shared = {name: open_cache(state, workers=2, backend=name).is_shared for name in ("memory", "sqlite", "valkey")}
    assert shared == {"memory": False, "sqlite": True, "valkey": True}
    assert open_cache(state, workers=2, options={"prefix": "another", "max_bytes": 10_000}).is_shared
    with pytest.raises(ConfigurationError):
        open_cache(state, workers=2, options={"maximum": 10_000})


def test_a_server_has_to_be_named_and_its_client_to_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_cache(StateSpec(str(tmp_path)), workers=1, backend="valkey")
    assert "state.shared" in str(caught.value.problems)
    monkeypatch.setattr("stellwerk.config.caching.find_spec", lambda _: None)
    with pytest.raises(ConfigurationError) as caught:
        open_cache(StateSpec(str(tmp_path)), workers=1, backend="valkey")
    assert "pip install" in str(caught.value.problems)
