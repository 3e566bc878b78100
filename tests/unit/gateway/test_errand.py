"""Work that the compute process does, and that is done here where it cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from stellwerk.gateway.errand import LONGEST_S, Errand, Work
from stellwerk.ports.compute import ComputeUnavailable, JobFailure, Outcome


class Far:
    """A compute process whose answers the test gives."""

    def __init__(self, *, is_away: bool = False) -> None:
        self.is_away = is_away
        self.asked: list[tuple[str, bytes, float]] = []
        self.cancelled = 0
        self.answer: Callable[[Outcome], None]

    def ask(self, job: str, payload: bytes, timeout_s: float, done: Callable[[Outcome], None]) -> Far:
        """Asks, or fails at once."""
        if self.is_away:
            raise ComputeUnavailable
        self.asked.append((job, payload, timeout_s))
        self.answer = done
        return self

    def cancel(self) -> None:
        """Notes that nobody waits any more."""
        self.cancelled += 1


class Timer:
    """A timer that has fired already."""

    def cancel(self) -> None:
        """Nothing waits."""


class Case:
    """An errand, and what became of it."""

    def __init__(self, far: Far | None, *, fails: bool = False) -> None:
        self.way = ""
        self.ended: list[str] = []
        self._fails = fails
        work = Work("add", lambda: b"1+1", self._take, self._steps)
        self.errand = Errand(work, far, self._call_later, self._done, lambda error: self.ended.append(str(error)))

    def _call_later(self, delay_s: float, call: Callable[[], None]) -> Timer:
        assert delay_s == 0
        call()
        return Timer()

    def _take(self, answer: bytes) -> None:
        if answer != b"2":
            raise ValueError(answer)
        self.way = "far"

    def _steps(self) -> Iterator[None]:
        yield
        self.way = "here"

    def _done(self) -> None:
        if self._fails:
            raise RuntimeError("a defect")
        self.ended.append(self.way)


def test_the_compute_process_is_asked_and_its_answer_taken() -> None:
    far = Far()
    case = Case(far)
    case.errand.start(3.0)
    assert far.asked == [("add", b"1+1", 3.0)]
    assert case.ended == []
    far.answer(b"2")
    case.errand.cancel()
    assert (case.ended, far.cancelled) == (["far"], 0)


def test_it_is_not_waited_for_longer_than_that() -> None:
    far = Far()
    Case(far).errand.start(600.0)
    assert far.asked[0][2] == LONGEST_S


@pytest.mark.parametrize("far", [None, Far(is_away=True)], ids=["none", "away"])
def test_without_it_the_work_is_done_here(far: Far | None) -> None:
    case = Case(far)
    case.errand.start(3.0)
    assert case.ended == ["here"]


@pytest.mark.parametrize("outcome", [JobFailure("away", "it has ended"), b"nonsense"])
def test_where_nothing_comes_of_it_the_work_is_done_here(outcome: Outcome) -> None:
    far = Far()
    case = Case(far)
    case.errand.start(3.0)
    far.answer(outcome)
    assert case.ended == ["here"]


def test_when_the_caller_has_left_nobody_goes_on() -> None:
    far = Far()
    case = Case(far)
    case.errand.start(3.0)
    case.errand.cancel()
    case.errand.cancel()
    assert (case.ended, far.cancelled) == ([], 1)


@pytest.mark.parametrize("is_far", [True, False])
def test_a_defect_in_what_follows_is_told(is_far: bool) -> None:
    far = Far(is_away=not is_far)
    case = Case(far, fails=True)
    case.errand.start(3.0)
    if is_far:
        far.answer(b"2")
    assert case.ended == ["a defect"]
