"""Purges in a file: every process hears of those that others add, and of everything where it cannot know."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stellwerk.caches.memory import MemoryCache, Settings
from stellwerk.core.cached import Purge
from stellwerk.tiering.purge_log import FILE, LONG_BYTES, PurgeLog
from tests.caches import entry_of, now


def test_each_hears_of_the_others_alone_and_of_nothing_that_was_before(tmp_path: Path) -> None:
    one = PurgeLog(tmp_path)
    assert one.follow() == []
    assert one.add(Purge(tenant="a")) == []
    two = PurgeLog(tmp_path)
    assert two.follow() == []
    assert two.add(Purge(tenant="b")) == []
    assert two.add(Purge(tenant="c")) == []
    assert one.add(Purge(tenant="d")) == [Purge(tenant="b"), Purge(tenant="c")]
    assert one.follow() == []
    assert two.follow() == [Purge(tenant="d")]


def test_a_file_that_has_become_long_is_begun_anew_and_whoever_followed_it_forgets_everything(tmp_path: Path) -> None:
    one, two = PurgeLog(tmp_path), PurgeLog(tmp_path)
    one.add(Purge(tag="first"))
    two.follow()
    for _ in range(LONG_BYTES // 1_000 + 2):
        one.add(Purge(tag="x" * 1_000))
    assert (tmp_path / FILE).stat().st_size < LONG_BYTES
    assert Purge() in two.follow()
    one.add(Purge(tag="last"))
    assert two.follow() == [Purge(tag="last")]


def test_a_file_that_is_gone_means_everything_once(tmp_path: Path) -> None:
    one = PurgeLog(tmp_path)
    one.add(Purge(tag="x"))
    (tmp_path / FILE).unlink()
    assert one.follow() == [Purge()]
    assert one.follow() == []
    other = PurgeLog(tmp_path)
    other.add(Purge(tag="y"))
    assert one.follow() == [Purge(tag="y")]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(torn=st.binary(min_size=1, max_size=60))
def test_after_torn_bytes_everything_goes_and_what_is_added_later_is_heard_of(
    tmp_path_factory: pytest.TempPathFactory, torn: bytes
) -> None:
    folder = tmp_path_factory.mktemp("log")
    one, two = PurgeLog(folder), PurgeLog(folder)
    one.add(Purge(tag="x"))
    assert two.follow() == [Purge(tag="x")]
    with (folder / FILE).open("ab") as file:
        file.write(torn)
    assert two.follow()[-1] == Purge()
    one.add(Purge(tag="y"))
    assert two.follow()[-1] == Purge(tag="y")


def test_a_cache_whose_log_cannot_be_used_finds_nothing_and_counts_that(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.write_text("in the way")
    cache = MemoryCache(Settings(), folder)
    cache.keep(entry_of(1), now())
    cache._look_s = 0.0
    assert cache.peek(entry_of(1).key, now()) is None
    cache.purge(Purge(), now())
    assert cache.figures().troubles == 3
    folder.unlink()
    cache.keep(entry_of(1), now())
    assert cache.peek(entry_of(1).key, now()) is not None
    cache.close()
