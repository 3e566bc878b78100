"""The vault: one secret for all workers of a host, and whose things are whose."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stellwerk.errors import StoreUnavailable
from stellwerk.gateway.vault import OWNERS_FILE, SECRET_FILE, Vault

HERE, THERE = b"12345678", b"87654321"


def test_the_secret_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    directory = tmp_path / "state"
    first = Vault(directory).sealer.seal("file-1", HERE, "team shop")
    assert Vault(directory).sealer.seal("file-1", HERE, "team shop") == first
    assert (directory / SECRET_FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in directory.iterdir()] == [SECRET_FILE]


def test_workers_that_start_at_once_agree_on_one_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        sealed = set(pool.map(lambda _: Vault(tmp_path).sealer.seal("file-1", HERE, "x"), range(32)))
    assert len(sealed) == 1
    assert [path.name for path in tmp_path.iterdir()] == [SECRET_FILE]


def test_everyone_sees_what_is_noted_and_owners_stay(tmp_path: Path) -> None:
    one, two = Vault(tmp_path), Vault(tmp_path)
    one.note(HERE, "shop", ["file-1", "file-2"])
    two.note(HERE, "other", ["file-2", "file-3"])
    asked = ["file-1", "file-2", "file-3", "file-4"]
    assert two.owned(HERE, "shop", asked) == {"file-1", "file-2"}
    assert one.owned(HERE, "other", asked) == {"file-3"}
    assert one.owned(THERE, "shop", asked) == set()
    two.forget(HERE, "file-1")
    assert one.owned(HERE, "shop", asked * 1_000) == {"file-2"}
    one.close()
    one.close()
    assert one.owned(HERE, "shop", asked) == {"file-2"}
    one.close()
    two.close()


def test_a_secret_that_is_not_whole_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / SECRET_FILE).write_bytes(b"short")
    with pytest.raises(StoreUnavailable, match="not whole"):
        _ = Vault(tmp_path).sealer


def test_a_place_where_nothing_can_be_kept_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_bytes(b"a file, no directory")
    vault = Vault(tmp_path / "state")
    with pytest.raises(StoreUnavailable):
        _ = vault.sealer
    with pytest.raises(StoreUnavailable):
        vault.note(HERE, "shop", ["file-1"])
    (tmp_path / "state").rename(tmp_path / OWNERS_FILE)
    with pytest.raises(StoreUnavailable):
        Vault(tmp_path).owned(HERE, "shop", ["file-1"])


def test_a_database_that_is_locked_is_told(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    vault.note(HERE, "shop", ["file-1"])
    vault.close()
    (tmp_path / OWNERS_FILE).write_bytes(b"no database" * 100)
    with pytest.raises(StoreUnavailable):
        vault.owned(HERE, "shop", ["file-1"])
    with pytest.raises(sqlite3.DatabaseError), sqlite3.connect(tmp_path / OWNERS_FILE) as raw:
        raw.execute("SELECT 1 FROM owned")
    raw.close()
