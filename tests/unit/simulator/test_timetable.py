"""Appointments on one timer."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest
import uvloop

from stellwerk.simulator.timetable import MOST_IN_A_TURN, Timetable

Run = Callable[[Coroutine[None, None, None]], None]


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine on one of the event loops."""
    return asyncio.run if request.param == "asyncio" else uvloop.run


def test_appointments_are_kept_in_order_and_never_too_early(run: Run) -> None:
    async def check() -> None:
        timetable = Timetable(asyncio.get_running_loop())
        begin = timetable.time()
        kept: list[tuple[int, bool]] = []
        done = asyncio.Event()

        def keep(number: int, delay_s: float) -> Callable[[], None]:
            def act() -> None:
                kept.append((number, timetable.time() >= begin + delay_s))
                if len(kept) == 4:
                    done.set()

            return act

        for number, delay_s in ((3, 0.0213), (1, 0.0051), (2, 0.0052), (0, 0.0)):
            timetable.at(begin + delay_s, keep(number, delay_s))
        await asyncio.wait_for(done.wait(), 10)
        assert kept == [(0, True), (1, True), (2, True), (3, True)]

    run(check())


def test_what_is_called_off_is_not_done(run: Run) -> None:
    async def check() -> None:
        timetable = Timetable(asyncio.get_running_loop())
        now = timetable.time()
        done = asyncio.Event()
        kept: list[str] = []
        timetable.at(now, lambda: kept.append("called off")).cancel()
        timetable.at(now + 0.002, done.set)
        await asyncio.wait_for(done.wait(), 10)
        assert kept == []

    run(check())


def test_the_loop_turns_between_many_appointments(run: Run) -> None:
    async def check() -> None:
        loop = asyncio.get_running_loop()
        timetable = Timetable(loop)
        now = timetable.time()
        done = asyncio.Event()
        kept = 0
        seen: list[int] = []

        def keep() -> None:
            nonlocal kept
            kept += 1
            if kept == 3 * MOST_IN_A_TURN:
                done.set()

        def look() -> None:
            seen.append(kept)
            if not done.is_set():
                loop.call_soon(look)

        for _ in range(3 * MOST_IN_A_TURN):
            timetable.at(now, keep)
        look()
        await asyncio.wait_for(done.wait(), 10)
        assert {MOST_IN_A_TURN, 2 * MOST_IN_A_TURN} <= set(seen)

    run(check())


def test_an_appointment_may_make_the_next_one(run: Run) -> None:
    async def check() -> None:
        timetable = Timetable(asyncio.get_running_loop())
        done = asyncio.Event()
        kept: list[float] = []

        def keep() -> None:
            kept.append(timetable.time())
            if len(kept) == 5:
                done.set()
            else:
                timetable.at(kept[0] + 0.003 * len(kept), keep)

        timetable.at(timetable.time() + 0.001, keep)
        await asyncio.wait_for(done.wait(), 10)
        assert kept[4] - kept[0] >= 0.012 - 1e-9

    run(check())
