"""The directory of keys and scopes as files: whole versions in order, whatever a crash has left behind."""

from pathlib import Path

import pytest

from stellwerk.config.directory_file import BASE, DELTAS, append_delta, frames, pepper, write_base
from stellwerk.core.scope import DirectoryDelta, KeyRecord, ScopeKind, ScopeRecord

KEY = KeyRecord("key_1", "till", bytes(16), team="shop")
SCOPE = ScopeRecord(ScopeKind.TEAM, "shop", parent="acme")


def deltas(path: Path) -> list[DirectoryDelta]:
    return frames((path / DELTAS).read_bytes())[0]


def test_a_base_and_deltas_are_read_again(tmp_path: Path) -> None:
    write_base(tmp_path, 7, [KEY], [SCOPE])
    later = [DirectoryDelta(8, removed_keys=("key_1",)), DirectoryDelta(9, keys=(KEY,))]
    for delta in later:
        append_delta(tmp_path, delta)
    assert frames((tmp_path / BASE).read_bytes())[0] == [DirectoryDelta(7, keys=(KEY,), scopes=(SCOPE,))]
    assert deltas(tmp_path) == later
    write_base(tmp_path, 9, [KEY], [])
    assert deltas(tmp_path) == []
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())


def test_whatever_a_crash_leaves_of_a_delta_is_overwritten(tmp_path: Path) -> None:
    append_delta(tmp_path, DirectoryDelta(1, keys=(KEY,)))
    whole = (tmp_path / DELTAS).read_bytes()
    append_delta(tmp_path, DirectoryDelta(2, keys=(KEY,)))
    both = (tmp_path / DELTAS).read_bytes()
    for end in range(len(whole), len(both)):
        (tmp_path / DELTAS).write_bytes(both[:end])
        assert [delta.version for delta in deltas(tmp_path)] == [1]
        append_delta(tmp_path, DirectoryDelta(3, removed_keys=("x",)))
        assert [delta.version for delta in deltas(tmp_path)] == [1, 3]


def test_the_pepper_is_made_once_and_its_owners_alone(tmp_path: Path) -> None:
    made = pepper(tmp_path / "pepper")
    assert len(made) == 32
    assert pepper(tmp_path / "pepper") == made
    assert (tmp_path / "pepper").stat().st_mode & 0o777 == 0o600
    (tmp_path / "pepper").write_bytes(b"short")
    with pytest.raises(OSError, match="no pepper"):
        pepper(tmp_path / "pepper")
