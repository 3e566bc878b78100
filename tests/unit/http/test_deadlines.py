"""Many deadlines on one timer: everyone is called once its time has come, nobody before, whatever the others do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stellwerk.http.deadlines import NEVER, RESOLUTION_S
from tests.integration.http.loop import Clock


class Waiting:
    """Waits, remembers when it was called, and then waits no more unless it is told what to do."""

    def __init__(self, clock: Clock, deadline: float, then: Callable[[Waiting], None] | None = None) -> None:
        self.deadline = deadline
        self.called: list[float] = []
        self._clock = clock
        self._then = then

    def on_deadline(self, now: float) -> None:
        """Remembers."""
        assert now == self._clock.now
        self.deadline = NEVER
        self.called.append(now)
        if self._then is not None:
            self._then(self)


def test_each_is_called_when_its_time_has_come_and_only_once() -> None:
    clock = Clock()
    start = clock.now
    waiting = [Waiting(clock, start + after) for after in (5, 1, 3, 3, 10)]
    for each in waiting:
        clock.deadlines.watch(each)
    for second in range(20):
        clock.advance(1)
        for each, after in zip(waiting, (5, 1, 3, 3, 10), strict=True):
            assert len(each.called) == (second + 1 >= after)
    for each, after in zip(waiting, (5, 1, 3, 3, 10), strict=True):
        assert start + after <= each.called[0] <= start + after + 2 * RESOLUTION_S


def test_a_deadline_that_moved_on_is_not_called_at_its_old_time() -> None:
    clock = Clock()
    waiting = Waiting(clock, clock.now + 1)
    clock.deadlines.watch(waiting)
    for _ in range(10):
        clock.advance(0.5)
        waiting.deadline = clock.now + 1
    assert not waiting.called
    clock.advance(1.1)
    assert len(waiting.called) == 1


def test_an_earlier_deadline_hastens_the_timer() -> None:
    clock = Clock()
    late, early = Waiting(clock, clock.now + 100), Waiting(clock, NEVER)
    clock.deadlines.watch(late)
    clock.deadlines.watch(early)
    early.deadline = clock.now + 1
    assert early.deadline < clock.deadlines.wake
    clock.deadlines.hasten(early.deadline)
    clock.advance(1.1)
    assert len(early.called) == 1
    clock.advance(100)
    assert len(late.called) == 1


def test_whoever_is_forgotten_is_never_called() -> None:
    clock = Clock()
    waiting = Waiting(clock, clock.now + 1)
    clock.deadlines.watch(waiting)
    clock.deadlines.forget(waiting)
    clock.deadlines.forget(waiting)
    clock.advance(10)
    assert not waiting.called


def test_no_timer_runs_when_nobody_waits() -> None:
    clock = Clock()
    waiting = Waiting(clock, clock.now + 1)
    clock.deadlines.watch(waiting)
    clock.advance(2)
    assert clock.deadlines.wake == NEVER


def test_one_that_is_called_may_forget_or_postpone_another_that_was_due_with_it() -> None:
    clock = Clock()
    others: list[Waiting] = []

    def spare(_: Waiting) -> None:
        for number, other in enumerate(others):
            if not other.called:
                clock.deadlines.forget(other) if number % 2 else setattr(other, "deadline", clock.now + 100)

    others += [Waiting(clock, clock.now + 1, spare) for _ in range(10)]
    for other in others:
        clock.deadlines.watch(other)
    clock.advance(2)
    assert sum(len(other.called) for other in others) == 1


def test_one_that_is_called_may_watch_another_that_is_due_already() -> None:
    clock = Clock()
    late = Waiting(clock, clock.now)
    clock.deadlines.watch(Waiting(clock, clock.now + 1, lambda _: clock.deadlines.watch(late)))
    clock.advance(1.1)
    assert len(late.called) == 1


def test_one_that_fails_takes_nobodys_deadline_along() -> None:
    clock = Clock()

    def fail(_: Waiting) -> None:
        raise LookupError

    waiting = [Waiting(clock, clock.now + 1, fail)] + [Waiting(clock, clock.now + 1) for _ in range(5)]
    for each in waiting:
        clock.deadlines.watch(each)
    with pytest.raises(LookupError):
        clock.advance(1)
    clock.advance(1)
    assert [len(each.called) for each in waiting] == [1] * 6


def test_many_close_deadlines_share_one_wake_up() -> None:
    clock = Clock()
    waiting = [Waiting(clock, clock.now + 1 + number / 1_000_000) for number in range(1000)]
    for each in waiting:
        clock.deadlines.watch(each)
    clock.advance(1.1)
    assert len({each.called[0] for each in waiting}) <= 3
