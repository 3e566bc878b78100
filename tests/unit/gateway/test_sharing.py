"""What workers of a host tell one another: circuits within a quarter of a second, and the calls that are under way."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from stellwerk.buses.local import LocalBus
from stellwerk.core.breaker import Rules
from stellwerk.core.health import NOTHING, OTHER, Signs
from stellwerk.errors import UpstreamCredentials, UpstreamUnavailable
from stellwerk.gateway.sharing import TOPIC, Sharing
from stellwerk.gateway.standing import Standing, Standings
from stellwerk.ports.bus import Notice
from stellwerk.supervisor.board import MOST_TARGETS, STALE_S, Board, Page
from stellwerk.supervisor.log import Log
from tests.integration.http.loop import eventually, on_loop

AT_ONCE_S = 0.25
NOW = 1_000.0
IDENTITY = "one/gpt-5-mini"
DOWN = UpstreamUnavailable("No connection.")

SILENT_WORKER = """
import sys
from pathlib import Path
from stellwerk.core.breaker import Rules
from stellwerk.gateway.sharing import Sharing
from stellwerk.gateway.standing import Standings
from stellwerk.supervisor.board import Board, Page
from stellwerk.supervisor.log import Log
folder = Path(sys.argv[1])
standings = Standings()
standings.adopt(Rules(), {})
sharing = Sharing(standings, Page(folder, 7), Board(folder), 7, lambda: 1.0, Log(sys.stderr))
for _ in range(5):
    standings.of("one/gpt-5-mini").begin(1.0)
sharing.beat()
print("told", flush=True)
sys.stdin.read()
"""


class Worker:
    """One worker's targets and its part in the sharing."""

    def __init__(self, folder: Path, slot: int) -> None:
        self.now = NOW
        self.page = Page(folder, slot, clock=lambda: self.now)
        self.board = Board(folder, clock=lambda: self.now)
        self.standings = Standings()
        self.standings.adopt(Rules(), {})
        self.log = io.StringIO()
        self.sharing = Sharing(self.standings, self.page, self.board, slot, lambda: self.now, Log(self.log))
        self.target: Standing = self.standings.of(IDENTITY)

    def trip(self, identity: str = IDENTITY, now: float = NOW) -> None:
        """Sees a target fail."""
        standing = self.standings.of(identity)
        for _ in range(4):
            standing.begin(now)
            standing.failed(now, now, DOWN)
            standing.end()
        assert standing.verdict(now)

    def close(self) -> None:
        """Leaves."""
        self.sharing.leave()
        self.page.close()
        self.board.close()


@contextmanager
def workers(folder: Path, *, with_bus: bool, count: int = 2) -> Iterator[list[Worker]]:
    """Workers of one host."""
    with ExitStack() as stack:
        found = []
        for slot in range(count):
            worker = Worker(folder, slot)
            stack.callback(worker.close)
            if with_bus:
                worker.sharing.join(LocalBus(folder, slot, asyncio.get_running_loop()))
            found.append(worker)
        yield found


@on_loop
async def test_a_circuit_that_opens_or_closes_here_does_so_there_at_once(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    with workers(tmp_path, with_bus=True, count=3) as (one, two, three):
        began = loop.time()
        one.trip()
        await eventually(lambda: two.target.verdict(NOW) and three.target.verdict(NOW))
        assert loop.time() - began < AT_ONCE_S
        assert two.target.breaker.published == one.target.breaker.published
        well_at = two.target.breaker.until_s
        two.target.begin(well_at)
        two.target.answered(well_at + 1, well_at)
        began = loop.time()
        await eventually(lambda: not one.target.verdict(NOW) and not three.target.verdict(NOW))
        assert loop.time() - began < AT_ONCE_S
        assert one.target.breaker.published == three.target.breaker.published == (well_at, 2)


@on_loop
async def test_a_flood_of_changes_ends_with_the_last_of_them(tmp_path: Path) -> None:
    with workers(tmp_path, with_bus=True) as (one, two):
        names = [f"{number}/m" for number in range(60)]
        standings = {name: two.standings.of(name) for name in names}
        for name in names:
            one.trip(name)
            standing = one.standings.of(name)
            well_at = standing.breaker.until_s
            standing.begin(well_at)
            standing.answered(well_at, well_at)
            if name != names[0]:
                one.trip(name, well_at + 1)
        await eventually(lambda: [standing.breaker.version for standing in standings.values()] == [2] + [3] * 59)


def test_without_a_bus_news_travel_with_the_next_heartbeat(tmp_path: Path) -> None:
    with workers(tmp_path, with_bus=False) as (one, two):
        one.trip()
        assert not two.target.verdict(NOW)
        two.sharing.beat()
        assert two.target.verdict(NOW)
        well_at = one.target.breaker.until_s
        one.target.begin(well_at)
        one.target.answered(well_at, well_at)
        two.sharing.beat()
        assert not two.target.verdict(NOW)


def test_news_are_not_told_back_and_old_ones_change_nothing(tmp_path: Path) -> None:
    with workers(tmp_path, with_bus=False) as (one, two):
        one.trip()
        two.sharing.beat()
        well_at = two.target.breaker.until_s
        two.target.begin(well_at)
        two.target.answered(well_at, well_at)
        two.sharing.beat()  # reads again that the circuit of the other is open
        assert not two.target.verdict(NOW)
        one.sharing.beat()
        assert not one.target.verdict(NOW)


def test_a_worker_that_comes_later_learns_what_the_others_know(tmp_path: Path) -> None:
    with workers(tmp_path, with_bus=False, count=1) as (one,):
        one.trip()
        successor = Worker(tmp_path, 1)
        successor.sharing.beat()
        assert successor.target.verdict(NOW)
        successor.close()


def test_calls_under_way_are_those_of_all_workers(tmp_path: Path) -> None:
    with workers(tmp_path, with_bus=False, count=3) as (one, two, three):
        for worker, calls in ((one, 2), (two, 3)):
            for _ in range(calls):
                worker.target.begin(NOW)
        for _ in range(2):
            for worker in (one, two, three):
                worker.sharing.beat()
        assert [worker.target.in_flight for worker in (one, two, three)] == [5, 5, 5]
        for _ in range(3):
            two.target.end()
        for worker in (two, one, three):
            worker.sharing.beat()
        assert [worker.target.in_flight for worker in (one, two, three)] == [2, 2, 2]


def test_what_calls_have_shown_is_what_those_of_all_workers_have(tmp_path: Path) -> None:
    with workers(tmp_path, with_bus=False, count=3) as (one, two, three):
        one.target.begin(NOW)
        one.target.answered(NOW + 1, NOW)
        for moment, error in ((NOW + 2, DOWN), (NOW + 3, UpstreamCredentials("Who are you?"))):
            two.target.begin(NOW)
            two.target.failed(moment, NOW, error)
        two.target.block(NOW, 60.0)
        for _ in range(2):
            for worker in (one, two, three):
                worker.sharing.beat()
        shown = Signs(NOW + 60, NOW + 1, NOW + 3, "upstream_credentials", 2)
        assert [worker.target.all_signs for worker in (one, two, three)] == [shown] * 3
        assert three.target.signs == NOTHING
        assert [worker.target.latest for worker in (one, two, three)] == [NOW + 3] * 3


def test_a_reason_that_only_a_newer_worker_knows_is_read_as_some_failure(tmp_path: Path) -> None:
    with workers(tmp_path, with_bus=False) as (one, two):
        one.target.begin(NOW)
        one.target.failed(NOW, NOW, DOWN)
        one.sharing.beat()
        one.page.words[64 + 7] |= 0xFF
        two.sharing.beat()
        assert two.target.all_signs.failure == OTHER


def test_the_calls_of_a_worker_that_is_gone_silent_or_dead_are_not_counted(tmp_path: Path) -> None:
    with workers(tmp_path, with_bus=False, count=3) as (one, two, three):
        for worker in (two, three):
            worker.target.begin(NOW)
            worker.sharing.beat()
        one.sharing.beat()
        assert one.target.in_flight == 2
        two.page.words[1] = 0  # as a page is left by a worker that leaves
        one.sharing.beat()
        assert one.target.in_flight == 1
        one.now += STALE_S + 0.1
        one.sharing.beat()
        assert one.target.in_flight == 0


def test_the_calls_of_a_worker_that_was_killed_are_not_counted(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SILENT_WORKER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "told\n"
        one = Worker(tmp_path, 0)
        one.now = time.monotonic()
        one.sharing.beat()
        assert one.target.in_flight == 5
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        one.sharing.beat()
        assert one.target.in_flight == 0
        one.close()


def test_more_targets_than_a_page_has_room_for_are_each_workers_own_affair(tmp_path: Path) -> None:
    with workers(tmp_path, with_bus=False) as (one, two):
        for number in range(MOST_TARGETS + 5):
            one.trip(f"{number}/m")
            two.standings.of(f"{number}/m")
        one.sharing.beat()
        two.sharing.beat()
        shared = [not two.standings.of(f"{number}/m").breaker.is_closed for number in range(MOST_TARGETS + 5)]
        assert shared == [True] * MOST_TARGETS + [False] * 5
        assert one.standings.of(f"{MOST_TARGETS + 4}/m").verdict(NOW)
        one.sharing.beat()
        assert one.log.getvalue().count("board_full") == 1


def test_places_of_targets_that_have_left_the_configuration_are_others(tmp_path: Path) -> None:
    with workers(tmp_path, with_bus=False) as (one, two):
        for generation in range(3):
            names = [f"{generation}-{number}/m" for number in range(MOST_TARGETS)]
            for worker in (one, two):
                worker.standings.adopt(Rules(), {})
            for name in names:
                one.standings.of(name).begin(NOW)
                two.standings.of(name)
            one.sharing.beat()
            two.sharing.beat()
            assert all(two.standings.of(name).in_flight == 1 for name in names)
            for name in names:
                one.standings.of(name).end()
        assert not one.log.getvalue()
        one.standings.of("late/m").begin(NOW)
        one.sharing.beat()
        assert one.log.getvalue().count("board_full") == 1
        one.standings.adopt(Rules(), {})
        one.standings.of("late/m").end()
        one.sharing.beat()
        one.standings.of("later/m").begin(NOW)
        two.standings.of("later/m")
        one.sharing.beat()
        two.sharing.beat()
        assert two.standings.of("later/m").in_flight == 1
        assert one.log.getvalue().count("board_full") == 1


@on_loop
async def test_notices_of_other_things_are_not_for_it_and_after_leaving_none_is(tmp_path: Path) -> None:
    class Quiet:
        def __init__(self) -> None:
            self.notices: list[Notice] = []
            self.is_closed = False

        def publish(self, notice: Notice) -> None:
            """Keeps it."""
            self.notices.append(notice)

        def subscribe(self, listener: object) -> None:
            """Keeps whom to tell."""
            assert callable(listener)
            self.tell = listener

        def close(self) -> None:
            """Notes it."""
            self.is_closed = True

    with workers(tmp_path, with_bus=False) as (one, two):
        bus = Quiet()
        two.sharing.join(bus)
        one.trip()
        bus.tell(Notice("another", 1))
        assert not two.target.verdict(NOW)
        bus.tell(Notice(TOPIC, 1))
        assert two.target.verdict(NOW)
        two.trip("two/m")
        assert [notice.topic for notice in bus.notices] == [TOPIC]
        two.sharing.leave()
        two.sharing.leave()
        assert bus.is_closed
        two.trip("three/m")
        assert len(bus.notices) == 1


@pytest.mark.parametrize("own", [0, 1])
def test_a_target_that_a_configuration_drops_and_takes_up_again_is_shared_again(tmp_path: Path, own: int) -> None:
    with workers(tmp_path, with_bus=False) as pair:
        one, two = pair[own], pair[1 - own]
        one.trip()
        two.sharing.beat()
        for worker in pair:
            worker.standings.adopt(Rules(), {})
            worker.target = worker.standings.of(IDENTITY)
        one.target.begin(NOW)
        one.sharing.beat()
        two.sharing.beat()
        assert two.target.in_flight == 1
        assert not two.target.verdict(NOW)
