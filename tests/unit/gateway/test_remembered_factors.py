"""What was learned of tokens outlives the process, and nothing that lies in its place does harm."""

from __future__ import annotations

import stat
from pathlib import Path

import msgspec
import pytest

from stellwerk.gateway.remembered_factors import EVERY_BEATS, LARGEST_BYTES, RememberedFactors
from stellwerk.gateway.standing import Standings

BODY = b'{"messages":"' + b"The signal box sets the route of every train. " * 40 + b'"}'


def knowing(*targets: str) -> Standings:
    """Targets of which nothing is known yet."""
    standings = Standings()
    for identity in targets:
        standings.of(identity)
    return standings


def learn(standings: Standings, identity: str, tokens: int) -> int:
    """Has a target count, and tells what it is expected to count next."""
    factors = standings.of(identity).factors
    for _ in range(30):
        factors.learn(BODY, tokens)
    return factors.likely(BODY)


def test_a_successor_begins_with_what_was_known_in_any_slot(tmp_path: Path) -> None:
    first, second = knowing("one/m", "two/m"), knowing("one/m", "two/m")
    one, two = learn(first, "one/m", 500), learn(second, "two/m", 300)
    RememberedFactors(tmp_path, 0, first).keep()
    RememberedFactors(tmp_path, 1, second).keep()
    after = knowing("one/m", "two/m", "three/m")
    RememberedFactors(tmp_path, 2, after).restore()
    assert after.of("one/m").factors.likely(BODY) == one
    assert after.of("two/m").factors.likely(BODY) == two
    assert after.of("three/m").factors.dump() == {}


def test_it_is_written_now_and_then_where_there_is_news(tmp_path: Path) -> None:
    standings = knowing("one/m")
    remembered, path = RememberedFactors(tmp_path, 0, standings), tmp_path / "tokens" / "0.msgpack"
    for _ in range(EVERY_BEATS):
        remembered.beat()
    assert not path.exists()
    learn(standings, "one/m", 500)
    for _ in range(EVERY_BEATS - 1):
        remembered.beat()
    assert not path.exists()
    remembered.beat()
    assert list(path.parent.iterdir()) == [path]
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.unlink()
    remembered.keep()
    assert not path.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xc1",
        b"\xff\xfe",
        msgspec.msgpack.encode({"one/m": {0: (5, float("nan"), 0.0)}}),
        msgspec.msgpack.encode({"one/m": [1, 2, 3]}),
        bytes(LARGEST_BYTES + 1),
    ],
)
def test_a_file_that_cannot_be_read_is_left_out(tmp_path: Path, content: bytes) -> None:
    standings = knowing("one/m")
    expected = learn(standings, "one/m", 500)
    RememberedFactors(tmp_path, 1, standings).keep()
    (tmp_path / "tokens" / "0.msgpack").write_bytes(content)
    after = knowing("one/m")
    RememberedFactors(tmp_path, 0, after).restore()
    assert after.of("one/m").factors.likely(BODY) == expected


def test_a_folder_that_cannot_be_written_does_not_matter(tmp_path: Path) -> None:
    standings = knowing("one/m")
    learn(standings, "one/m", 500)
    (tmp_path / "tokens").write_bytes(b"")
    remembered = RememberedFactors(tmp_path, 0, standings)
    remembered.restore()
    remembered.keep()
    (tmp_path / "tokens").unlink()
    remembered.keep()
    assert (tmp_path / "tokens" / "0.msgpack").exists()
