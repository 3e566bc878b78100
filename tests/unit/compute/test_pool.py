"""The pool of the compute process: short jobs pass long ones, room is bounded, and nothing is done for nobody."""

from __future__ import annotations

import time
from collections.abc import Iterator
from queue import SimpleQueue

import pytest

from stellwerk.compute import pool as pools
from stellwerk.compute.jobs import NoSuchJob, find
from stellwerk.compute.pool import MOST_WAITING, MOST_WAITING_BYTES, SHORT_BYTES, Pool, Task
from stellwerk.compute.ticket import Ticket
from stellwerk.ports.compute import JobFailure, Outcome
from tests.unit.compute.kit import PATIENCE_S, Jobs, until

LONG = bytes(SHORT_BYTES)


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    found = Jobs()
    yield found
    found.go.set()  # else its threads would wait


class Outcomes:
    """What tasks came to, in the order in which they ended."""

    def __init__(self) -> None:
        self.queue: SimpleQueue[tuple[Task, Outcome | None]] = SimpleQueue()

    def task(self, job: str, payload: bytes = b"", *, timeout_s: float = PATIENCE_S) -> Task:
        """A task that tells of its end here."""
        return Task(job, payload, Ticket(time.monotonic() + timeout_s), self.hear)

    def hear(self, task: Task, outcome: Outcome | None, took_us: int) -> None:
        """The next answer, or what became of a task."""
        assert took_us >= 0
        self.queue.put((task, outcome))

    def next(self) -> Outcome | None:
        """What the next task to end came to."""
        return self.queue.get(timeout=PATIENCE_S)[1]


def test_short_jobs_are_done_while_long_ones_are_under_way(jobs: Jobs) -> None:
    pool, outcomes = Pool(1, jobs.find), Outcomes()
    for _ in range(3):
        assert pool.put(outcomes.task("wait", LONG))
    until(lambda: jobs.begun == 1)
    assert pool.put(outcomes.task("echo", b"short"))
    assert outcomes.next() == b"short"
    assert (jobs.begun, pool.waiting) == (1, 2)
    jobs.go.set()
    assert [outcomes.next() for _ in range(3)] == [LONG] * 3


def test_what_nobody_waits_for_counts_as_long(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {"learn", "reject", "remember"} == pools.UNHURRIED
    monkeypatch.setattr(pools, "UNHURRIED", frozenset({"wait"}))
    pool, outcomes = Pool(1, jobs.find), Outcomes()
    for _ in range(3):
        assert pool.put(outcomes.task("wait"))
    until(lambda: jobs.begun == 1)
    assert pool.put(outcomes.task("echo", b"short"))
    assert outcomes.next() == b"short"
    jobs.go.set()
    assert [outcomes.next() for _ in range(3)] == [b""] * 3


def test_what_nobody_waits_for_is_passed_by_what_somebody_does_and_leaves_room_for_it(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "UNHURRIED", frozenset({"wait"}))
    pool, outcomes = Pool(1, jobs.find), Outcomes()
    assert pool.put(outcomes.task("wait"))
    until(lambda: jobs.begun == 1)
    taken = sum(pool.put(outcomes.task("wait")) for _ in range(MOST_WAITING))
    assert pool.waiting == taken < MOST_WAITING
    assert pool.put(outcomes.task("echo", LONG))
    assert pool.put(outcomes.task("echo", b"short"))
    assert outcomes.next() == b"short"
    jobs.go.set()
    assert [outcomes.next() for _ in range(taken + 2)] == [b"", LONG, *[b""] * taken]


def test_a_failure_is_told_and_the_thread_goes_on(jobs: Jobs) -> None:
    pool, outcomes = Pool(1, jobs.find), Outcomes()
    for job in ("fail", "nothing", "echo"):
        assert pool.put(outcomes.task(job, LONG))
    assert outcomes.next() == JobFailure("failed", f"ValueError: cannot do {SHORT_BYTES} bytes")
    assert outcomes.next() == JobFailure("unknown_job", "no job is called 'nothing'")
    assert outcomes.next() == LONG


def test_jobs_that_came_too_late_or_were_dropped_are_not_begun(jobs: Jobs) -> None:
    pool, outcomes = Pool(1, jobs.find), Outcomes()
    assert pool.put(outcomes.task("wait", LONG))
    dropped = outcomes.task("watch", LONG)
    dropped.ticket.is_dropped = True
    assert pool.put(dropped)
    assert pool.put(outcomes.task("watch", LONG, timeout_s=0.0))
    jobs.go.set()
    assert [outcomes.next() for _ in range(3)] == [LONG, None, None]
    assert jobs.begun == 1


def test_a_job_that_looks_at_its_ticket_stops_when_nobody_waits(jobs: Jobs) -> None:
    pool, outcomes = Pool(1, jobs.find), Outcomes()
    task = outcomes.task("watch")
    assert pool.put(task)
    until(lambda: jobs.begun == 1)
    task.ticket.is_dropped = True
    assert outcomes.next() is None
    assert jobs.abandoned == 1


def test_there_is_room_for_so_many_jobs_and_so_many_bytes(jobs: Jobs) -> None:
    pool, outcomes = Pool(1, jobs.find), Outcomes()
    for _ in range(2):  # one for each thread
        assert pool.put(outcomes.task("wait"))
    until(lambda: jobs.begun == 2)
    assert all(pool.put(outcomes.task("echo")) for _ in range(MOST_WAITING))
    assert not pool.put(outcomes.task("echo"))
    jobs.go.set()
    for _ in range(MOST_WAITING + 2):
        outcomes.next()
    jobs.go.clear()
    assert pool.put(outcomes.task("wait", bytes(MOST_WAITING_BYTES)))
    assert not pool.put(outcomes.task("echo", b"x"))
    jobs.go.set()
    outcomes.next()
    assert pool.put(outcomes.task("echo", b"x"))


def test_it_is_known_for_how_long_a_job_is_overdue(jobs: Jobs) -> None:
    pool, outcomes = Pool(1, jobs.find), Outcomes()
    assert pool.overdue_s(time.monotonic()) == 0.0
    task = outcomes.task("wait")
    assert pool.put(task)
    until(lambda: jobs.begun == 1)
    assert pool.overdue_s(task.ticket.deadline_s + 5.0) == 5.0


@pytest.mark.parametrize("name", ["", "../tokens", "Tokens", "os", "__init__", "a" * 41, "tokens.x"])
def test_only_files_of_the_folder_are_jobs(name: str) -> None:
    with pytest.raises(NoSuchJob):
        find(name)


def test_a_job_is_imported_when_it_is_asked_for() -> None:
    assert find("tokens").__module__ == "stellwerk.compute.jobs.tokens"
    assert not hasattr(pools, "quicktok")


def test_a_job_whose_library_is_missing_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.delitem(sys.modules, "stellwerk.compute.jobs.tokens", raising=False)
    monkeypatch.setitem(sys.modules, "quicktok", None)
    with pytest.raises(NoSuchJob, match="'quicktok', which is not installed"):
        find("tokens")
