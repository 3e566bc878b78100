"""The memory of prompts that workers share: what several have seen is what one would have."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import resource
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stellwerk.core.prompt_memory import MOST_BEGINNINGS, MOST_CLASSES, Beginning, OwnMemory, Tally
from stellwerk.core.prompt_reuse import Arrival, PromptReuse, is_warm
from stellwerk.gateway import prompt_memory as memories
from stellwerk.gateway.prompt_memory import FILE, SharedMemory, prompt_memory

CALLS = st.lists(
    st.tuples(
        st.integers(0, 3),  # worker
        st.integers(0, 2),  # application
        st.integers(0, 4),  # conversation
        st.integers(0, 3),  # turns before
        st.floats(0.0, 90.0, allow_nan=False),  # pause
    ),
    max_size=60,
)


def shared(directory: Path) -> SharedMemory:
    """One worker's view."""
    found = prompt_memory(directory, time.monotonic)
    assert isinstance(found, SharedMemory)
    return found


def told(arrival: Arrival) -> tuple[object, ...]:
    """What there is to see of an arrival."""
    known = [each and (each.at, each.recent, each.tally.trials, each.tally.within) for each in arrival.known]
    return arrival.chances, arrival.cases, arrival.stage, known


@settings(deadline=None)
@given(CALLS)
def test_what_several_workers_have_seen_is_what_one_would_have(
    calls: list[tuple[int, int, int, int, float]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        workers = [PromptReuse(shared(Path(folder))) for _ in range(4)]
        alone, now = PromptReuse(OwnMemory()), 0.0
        for worker, application, conversation, turns, pause_s in calls:
            now += pause_s
            names = [
                b"%d" % application,
                *(b"%d %d %d" % (application, conversation, turn) for turn in range(turns + 1)),
            ]
            prompt = [(name, True) for name in names], b"a%d" % application, b"tenant", turns, now
            # Who has seen a turn judges it, a moment sooner or later than another would.
            for each in workers:
                each.arrive((), b"", b"", 0, now)
            assert told(workers[worker].arrive(*prompt)) == told(alone.arrive(*prompt))
            workers[worker].settle(b"account", turns - 1)
            alone.settle(b"account", turns - 1)
            assert workers[-1].credit(b"account") == alone.credit(b"account")


def test_what_is_warm_is_so_for_every_worker(tmp_path: Path) -> None:
    one, other = PromptReuse(shared(tmp_path)), PromptReuse(shared(tmp_path))
    one.warm(b"x", "a/m", 0.0, 300.0)
    (known,) = other.arrive([(b"x", True)], b"a", b"t", 0, 10.0).known
    assert known is not None
    assert is_warm(known, "a/m", 299.0)
    assert not is_warm(known, "b/m", 10.0)
    assert other.per_minute(b"x") > 1.0


def test_it_is_bounded_and_lately_used_things_stay(tmp_path: Path) -> None:
    clock = itertools.count()
    memory = prompt_memory(tmp_path, lambda: float(next(clock)))
    size = (tmp_path / FILE).stat().st_size
    for number in range(2 * MOST_BEGINNINGS):
        memory.remember(b"%d" % number, Beginning(float(number)))
    for number in range(2 * MOST_CLASSES):
        memory.count(b"%d" % number, Tally(1.0))
        memory.settle(b"%d" % number, 1)
    assert (tmp_path / FILE).stat().st_size == size < 2_000_000
    late = [memory.beginning(b"%d" % number) for number in range(2 * MOST_BEGINNINGS - 500, 2 * MOST_BEGINNINGS)]
    assert all(late)
    assert sum(memory.beginning(b"%d" % number) is not None for number in range(500)) < 50
    assert memory.tally(b"0").trials in {0.0, 1.0}
    memory.settle(b"rich", 2**63)
    assert memory.credit(b"rich") == 2**63 - 1


def _write(directory: str, worker: int) -> None:
    memory = shared(Path(directory))
    for number in range(2_000):
        one = Beginning(float(number))
        one.tally = Tally(float(number), (1.0, 2.0, 3.0))
        memory.remember(b"%d" % (number % 50), one)
        memory.settle(b"account %d" % worker, 1)


def test_processes_that_write_at_once_leave_whole_records(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(str(tmp_path), worker)) for worker in range(2)]
    for each in writers:
        each.start()
    memory, seen = shared(tmp_path), 0
    while any(each.is_alive() for each in writers):
        for number in range(50):
            found = memory.beginning(b"%d" % number)
            if found is not None:
                seen += 1
                assert found.tally.within == [1.0, 2.0, 3.0]
    assert all(each.exitcode == 0 for each in writers)
    assert [memory.credit(b"account %d" % worker) for worker in range(2)] == [2_000, 2_000]
    assert seen


def test_another_boot_or_version_begins_anew_and_leaves_others_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = shared(tmp_path)
    before.settle(b"a", 5)
    assert shared(tmp_path).credit(b"a") == 5
    boot = tmp_path / "boot"
    boot.write_text("another boot\n")
    monkeypatch.setattr(memories, "BOOT", boot)
    assert shared(tmp_path).credit(b"a") == 0
    before.settle(b"a", 1)
    assert (before.credit(b"a"), shared(tmp_path).credit(b"a")) == (6, 0)
    (tmp_path / FILE).write_bytes(b"cut short")
    assert shared(tmp_path).credit(b"a") == 0
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_where_there_can_be_no_such_file_each_worker_remembers_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    assert isinstance(prompt_memory(tmp_path / "file", time.monotonic), OwnMemory)
    monkeypatch.setattr(memories, "BOOT", tmp_path / "nowhere")
    assert isinstance(prompt_memory(tmp_path, time.monotonic), OwnMemory)
    assert os.listdir(tmp_path) == ["file"]  # noqa: PTH208  # names alone


def test_all_of_the_file_is_on_the_disk_or_none_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared(tmp_path)
    told = (tmp_path / FILE).stat()
    assert told.st_blocks * 512 >= told.st_size  # where a block is missing when the disk is full, a worker would die
    monkeypatch.setattr(memories, "_VERSION", b"another version ")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, limits[1]))
    try:
        assert isinstance(prompt_memory(tmp_path, time.monotonic), OwnMemory)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not [*tmp_path.glob(".*")]
