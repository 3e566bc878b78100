"""Work in slices: little is done at once, much leaves turns to others, and what is cancelled goes no further."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter

from stellwerk.gateway.slices import SLICE_S, Slices


class Turns:
    """The turns of an event loop, taken one by one."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def call_later(self, delay_s: float, call: Callable[[], None]) -> Turns:
        """Waits for the next turn."""
        assert delay_s == 0
        self.waiting.append(call)
        return self

    def cancel(self) -> None:
        """Has nothing wait any more."""
        self.waiting.clear()

    def run(self) -> int:
        """Runs until nothing waits; how many turns it took."""
        taken = 0
        while self.waiting:
            self.waiting.pop()()
            taken += 1
        return taken


def busy(steps: int, done: list[int]) -> Iterator[None]:
    """Steps that each take a whole slice."""
    for number in range(steps):
        until = perf_counter() + SLICE_S
        while perf_counter() < until:
            pass
        done.append(number)
        yield


def fail(error: Exception) -> None:
    raise AssertionError(error)


def test_little_work_is_done_before_start_returns() -> None:
    turns, told = Turns(), list[str]()
    Slices(iter([None, None]), turns.call_later, lambda: told.append("done"), fail).start()
    assert told == ["done"]
    assert not turns.waiting


def test_others_have_a_turn_between_slices() -> None:
    turns, steps, told = Turns(), list[int](), list[str]()
    slices = Slices(busy(5, steps), turns.call_later, lambda: told.append("done"), fail)
    slices.start()
    assert (steps, told) == ([0], [])
    assert turns.run() == 5
    assert (steps, told) == ([0, 1, 2, 3, 4], ["done"])
    slices.cancel()


def test_what_is_cancelled_goes_no_further() -> None:
    turns, steps, told = Turns(), list[int](), list[str]()
    slices = Slices(busy(5, steps), turns.call_later, lambda: told.append("done"), fail)
    slices.start()
    slices.cancel()
    assert turns.run() == 0
    assert (steps, told) == ([0], [])


def test_a_defect_in_a_later_turn_is_told() -> None:
    def steps() -> Iterator[None]:
        yield from busy(2, [])
        raise ZeroDivisionError

    turns, told = Turns(), list[Exception]()
    Slices(steps(), turns.call_later, lambda: fail(AssertionError()), told.append).start()
    turns.run()
    assert [type(error) for error in told] == [ZeroDivisionError]
