"""The directory of keys and scopes as files: what is written is what is read, whatever a crash has left behind."""

from __future__ import annotations

import concurrent.futures
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.config.directory_file import BASE, DELTAS, append_delta, frames, write_base
from stellwerk.config.pepper import FILE, digest_of, pepper
from stellwerk.config.register import FOLDER, Register
from stellwerk.core.scope import BudgetSpec, DirectoryDelta, KeyRecord, LimitSpec, Metric, ScopeKind, ScopeRecord

SCOPE = ScopeRecord(ScopeKind.TEAM, "shop", parent="acme", limits=(LimitSpec(Metric.REQUESTS, 5),))


def key(number: int, *, digest: int | None = None, team: str = "shop") -> KeyRecord:
    value = (number if digest is None else digest).to_bytes(16, "little")
    return KeyRecord(f"key_{number}", f"till {number}", value, team=team, budgets=(BudgetSpec(7),), expires_s=1.5)


def caught_up(register: Register) -> Register:
    register.follow()
    while register.is_behind:
        register.follow()
    assert register.problem == ""
    return register


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / FOLDER


def test_without_files_nobody_is_known(tmp_path: Path) -> None:
    register = Register(tmp_path)
    assert not register.follow()
    assert (register.version, register.problem) == (0, "")
    assert register.key(bytes(16)) is None
    assert register.scope("team:shop") is None


def test_a_base_and_deltas_are_read_and_followed(tmp_path: Path, folder: Path) -> None:
    keys = [key(number) for number in range(1_000)]
    write_base(folder, 7, keys, [SCOPE])
    register = caught_up(Register(tmp_path))
    assert register.version == 7
    assert [register.key(each.digest) for each in keys] == keys
    assert register.scope("team:shop") == SCOPE
    assert register.key(key(1_000).digest) is None
    append_delta(folder, DirectoryDelta(8, (key(1_000), key(1, team="lab")), ("key_0",), (), ("team:shop",)))
    assert register.follow()
    assert not register.follow()
    assert register.version == 8
    assert register.key(keys[0].digest) is None
    assert register.key(keys[1].digest) == key(1, team="lab")
    assert register.key(key(1_000).digest) == key(1_000)
    assert register.scope("team:shop") is None
    append_delta(folder, DirectoryDelta(8, keys=(keys[0],)))  # a writer that forgot how far it was
    assert not caught_up(register).follow()
    assert register.key(keys[0].digest) is None
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())


def test_a_key_of_one_id_is_known_by_its_last_digest_alone(tmp_path: Path, folder: Path) -> None:
    write_base(folder, 1, [key(1, digest=10)], [])
    register = caught_up(Register(tmp_path))
    for version, digest in ((2, 11), (3, 12), (4, 10)):
        append_delta(folder, DirectoryDelta(version, keys=(key(1, digest=digest),)))
        caught_up(register)
        known = [each for each in (10, 11, 12) if register.key(each.to_bytes(16, "little")) is not None]
        assert known == [digest]


def test_a_new_base_voids_the_deltas_of_the_former_one(tmp_path: Path, folder: Path) -> None:
    append_delta(folder, DirectoryDelta(50, keys=(key(1),)))
    register = caught_up(Register(tmp_path))
    assert register.key(key(1).digest) == key(1)
    write_base(folder, 3, [key(2)], [])  # of a database that has begun anew
    assert caught_up(register).version == 3
    assert register.key(key(1).digest) is None
    append_delta(folder, DirectoryDelta(4, keys=(key(3),)))
    assert caught_up(register).version == 4
    assert [delta.version for delta in frames((folder / DELTAS).read_bytes())[0]] == [4]
    assert [caught_up(Register(tmp_path)).key(key(number).digest) is not None for number in (1, 2, 3)] == [0, 1, 1]


def test_whatever_a_crash_leaves_of_a_delta_is_passed_over_and_overwritten(tmp_path: Path, folder: Path) -> None:
    append_delta(folder, DirectoryDelta(1, keys=(key(1),)))
    whole = (folder / DELTAS).read_bytes()
    append_delta(folder, DirectoryDelta(2, keys=(key(2),)))
    both = (folder / DELTAS).read_bytes()
    for end in range(len(whole), len(both)):
        (folder / DELTAS).write_bytes(both[:end])
        register = caught_up(Register(tmp_path))
        assert register.version == 1
        append_delta(folder, DirectoryDelta(2, keys=(key(2),)))
        assert (folder / DELTAS).read_bytes() == both
        assert caught_up(register).version == 2


@given(st.data())
def test_one_flipped_bit_never_makes_a_key(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    state = tmp_path_factory.mktemp("state")
    append_delta(state / FOLDER, DirectoryDelta(1, keys=(key(1),)))
    content = bytearray((state / FOLDER / DELTAS).read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    (state / FOLDER / DELTAS).write_bytes(content)
    register = Register(state)
    register.follow()
    assert register.version == 0


@pytest.mark.parametrize("content", [b"", b"x" * 10, b"x" * 100])
def test_a_damaged_base_is_told_and_the_former_goes_on(tmp_path: Path, folder: Path, content: bytes) -> None:
    write_base(folder, 1, [key(1)], [])
    register = caught_up(Register(tmp_path))
    (folder / "draft").write_bytes(content)
    (folder / "draft").replace(folder / BASE)
    assert not register.follow()
    assert register.problem
    assert register.key(key(1).digest) == key(1)
    write_base(folder, 2, [key(2)], [])
    assert caught_up(register).version == 2


def test_a_base_that_is_cut_is_refused(tmp_path: Path, folder: Path) -> None:
    write_base(folder, 1, [key(1)], [])
    (folder / BASE).write_bytes((folder / BASE).read_bytes()[:-1])
    register = Register(tmp_path)
    assert not register.follow()
    assert "not whole" in register.problem
    (folder / BASE).write_bytes(b"")
    with pytest.raises(OSError, match="no base"):
        append_delta(folder, DirectoryDelta(2))


def test_much_news_is_taken_in_slices_and_told_in_the_end_where_the_base_is_new(tmp_path: Path, folder: Path) -> None:
    append_delta(folder, DirectoryDelta(1, tuple(key(number) for number in range(2_000))))  # more than a slice
    register = Register(tmp_path)
    assert register.follow()
    assert register.version == 1
    write_base(folder, 1, [key(1)], [])
    for version in range(2, 402):
        append_delta(folder, DirectoryDelta(version, keys=(key(version),), removed_keys=("key_1",)))
    slices = 0
    while register.follow() or register.is_behind:
        slices += 1
        assert register.version in {1, 401}
        assert (register.key(key(1_999).digest) is None) == (register.version == 401)
    assert slices > 1
    assert register.version == 401
    assert register.key(key(1).digest) is None


def test_a_key_is_found_among_others_that_share_its_beginning(tmp_path: Path, folder: Path) -> None:
    digests = [bytes(2) + bytes([at]) * 14 for at in range(256)] + [bytes(1) + bytes([1]) * 15]
    write_base(folder, 1, [KeyRecord(str(at), "n", digest) for at, digest in enumerate(digests)], [])
    register = caught_up(Register(tmp_path))
    found = [register.key(digest) for digest in digests]
    assert [each.id for each in found if each is not None] == [str(at) for at in range(257)]
    # A digest whose bytes stand across the border of two others is none.
    assert register.key(bytes(2) + bytes([0]) * 13 + bytes([1])) is None
    assert register.key(bytes(3) + bytes([9]) * 13) is None


def test_the_pepper_is_made_once_and_its_owners_alone(tmp_path: Path) -> None:
    with concurrent.futures.ThreadPoolExecutor(8) as several:
        made = set(several.map(lambda _: pepper(tmp_path / "state" / FILE), range(8)))
    assert [len(each) for each in made] == [32]
    path = tmp_path / "state" / FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == [FILE]
    assert digest_of(b"key", pepper(path)) == digest_of(b"key", made.pop()) != digest_of(b"key", bytes(32))
    path.write_bytes(b"short")
    with pytest.raises(OSError, match="no pepper"):
        pepper(path)
