"""A worker's vital signs on the board, and the host's as every worker tells them."""

import asyncio
import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stellwerk.analytics.writer import EventWriter
from stellwerk.config.compile import compile_file
from stellwerk.core.event import RequestEvent
from stellwerk.core.health import Health, Probe, State
from stellwerk.errors import UpstreamCredentials, UpstreamError
from stellwerk.gateway import wiring
from stellwerk.gateway.endpoints.operation import Operation
from stellwerk.gateway.metrics import Metrics, merge
from stellwerk.gateway.monitor import Report
from stellwerk.gateway.published import pack, reports, series
from stellwerk.gateway.vitals import Vitals
from stellwerk.http.deadlines import Deadlines
from stellwerk.supervisor import board
from stellwerk.supervisor.log import Log

PATIENCE_S = 10.0
EVENT = RequestEvent(
    *(
        1_700_000_000_000,
        "0" * 32,
        "openai_chat",
        "web",
        "",
        "smart",
        "north",
        "gpt-4.1",
        "complete",
        200,
        "",
        False,
        1,
    ),
    *(7_000, 6_000, 500, 3, 5, 0, 0, 0, 100, 200, "stop", ""),
)


@dataclass
class Worker:
    """One worker's parts, without its process."""

    vitals: Vitals
    gateway: wiring.Gateway
    page: board.Page


PROVIDER = """
[[providers]]
name = "one"
kind = "compatible"
base_url = "http://127.0.0.1:9/v1"

[[models]]
name = "smart"
targets = [{ provider = "one", model = "m" }]
"""
TARGET = "one/m"


@contextmanager
def working(folder: Path, slot: int = 0, text: str = "") -> Iterator[Worker]:
    """A worker in a slot of the host whose board lies in ``folder``."""
    loop = asyncio.get_running_loop()
    source = folder / "stellwerk.toml"
    source.write_text(text)
    snapshot = compile_file(source)
    writer = EventWriter(wiring.open_events(snapshot))
    operation = Operation(is_ready=lambda: False, metrics=bytes, health=dict)
    deadlines = Deadlines(time.monotonic, loop.call_at)
    gateway = wiring.assemble(snapshot, deadlines, loop.call_later, writer.record, operation, Log(io.StringIO()))
    page = board.Page(folder, slot)
    vitals = Vitals(page, board.Board(folder), gateway, writer, slot=slot)
    try:
        yield Worker(vitals, gateway, page)
    finally:
        gateway.monitor.probing.stop()
        vitals.stop()
        gateway.pool.close()
        writer.close(PATIENCE_S)


def lines(vitals: Vitals, name: str) -> list[str]:
    """The samples of a name."""
    return [line for line in vitals.prometheus().decode().splitlines() if line.startswith(name)]


async def until(condition: Any) -> None:
    """Waits, while the loop turns, for something to come true."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  # what is waited for happens by timers of the loop
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("is_ready", [True, False])
def test_readiness_is_seen_on_the_board_and_told(tmp_path: Path, is_ready: bool) -> None:
    async def scenario() -> None:
        with working(tmp_path) as worker:
            assert not worker.vitals.is_ready
            worker.vitals.be_ready(7, is_ready=is_ready)
            assert worker.vitals.is_ready is is_ready
            health: Any = worker.vitals.health()
            assert health["status"] == {True: "ok", False: "unready"}[is_ready]
            assert [(one["ready"], one["configuration"]) for one in health["workers"]] == [(is_ready, 7)]
            assert lines(worker.vitals, "stellwerk_workers_ready") == [f"stellwerk_workers_ready {int(is_ready)}"]
            assert lines(worker.vitals, "stellwerk_configuration_version") == ["stellwerk_configuration_version 7"]

    asyncio.run(scenario())


def test_the_metrics_are_those_of_all_workers(tmp_path: Path) -> None:
    async def scenario() -> None:
        with working(tmp_path, 0) as first, working(tmp_path, 1) as second:
            for worker, count in ((first, 2), (second, 3)):
                worker.gateway.front.served += count
                for _ in range(count):
                    worker.gateway.metrics.count(EVENT)
            second.vitals.prometheus()  # its page shows what it has counted from now on
            (counted,) = lines(first.vitals, "stellwerk_requests_total")
            assert counted.endswith('outcome="complete",status="200"} 5')
            assert lines(first.vitals, "stellwerk_http_requests_total") == ["stellwerk_http_requests_total 5"]
            assert lines(first.vitals, "stellwerk_workers ") == ["stellwerk_workers 2"]

    asyncio.run(scenario())


def test_totals_stay_when_a_worker_ends_and_go_on_with_its_successor(tmp_path: Path) -> None:
    async def scenario() -> None:
        with working(tmp_path, 0) as reader:
            with working(tmp_path, 1) as worker:
                worker.gateway.metrics.count(EVENT)
                worker.gateway.front.served += 1
            assert lines(reader.vitals, "stellwerk_http_requests_total") == ["stellwerk_http_requests_total 1"]
            assert lines(reader.vitals, "stellwerk_requests_total")[0].endswith(" 1")
            assert lines(reader.vitals, "stellwerk_workers ") == ["stellwerk_workers 1"]
            with working(tmp_path, 1) as successor:
                successor.gateway.metrics.restore(*series([successor.page.inherited]))
                successor.gateway.metrics.count(EVENT)
                assert lines(successor.vitals, "stellwerk_requests_total")[0].endswith(" 2")
            assert lines(reader.vitals, "stellwerk_requests_total")[0].endswith(" 2")

    asyncio.run(scenario())


def test_it_beats_and_publishes_by_itself(tmp_path: Path) -> None:
    async def scenario() -> None:
        beats: list[float] = []
        with working(tmp_path) as worker:
            worker.vitals.start(lambda: beats.append(time.monotonic()))
            assert len(beats) == 1
            worker.gateway.metrics.count(EVENT)
            worker.gateway.front.served += 4
            reader = board.Board(tmp_path)
            await until(lambda: reader.total(board.REQUESTS_TOTAL) == 4)
            assert len(beats) == 1  # publishing is not yet saying that it lives
            await until(lambda: len(beats) == 2)
            (counted,) = merge(series(reader.blobs()))
            assert counted.requests == 1
            assert worker.page.words[board.LOOP_LAG_MAX_US] >= worker.page.words[board.LOOP_LAG_LAST_US]
            reader.close()
        assert beats[1] - beats[0] >= 0.9

    asyncio.run(scenario())


def test_what_has_not_changed_is_not_written_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        beats: list[None] = []
        with working(tmp_path) as worker:
            worker.vitals.prometheus()
            assert not worker.gateway.metrics.has_changed
            worker.page.write_blob(b"as it was")
            worker.vitals.start(lambda: beats.append(None))
            await until(lambda: len(beats) == 2)
            reader = board.Board(tmp_path)
            assert reader.blobs() == [b"as it was"]
            reader.close()

    asyncio.run(scenario())


def test_a_loop_that_was_held_up_is_seen(tmp_path: Path) -> None:
    async def scenario() -> None:
        with working(tmp_path) as worker:
            worker.vitals.start(lambda: None)
            held_until = time.monotonic() + 0.4
            while time.monotonic() < held_until:
                pass
            await until(lambda: worker.page.words[board.LOOP_LAG_MAX_US] > 0)
            assert worker.page.words[board.LOOP_LAG_MAX_US] >= 100_000
            health: Any = worker.vitals.health()
            assert health["workers"][0]["loop_lag_max_ms"] >= 100

    asyncio.run(scenario())


def told(worker: Worker) -> dict[str, Any]:
    """What a worker tells of the target."""
    health: Any = worker.vitals.health()
    (found,) = health["providers"]
    assert isinstance(found, dict)
    return found


def on_duty(*workers: Worker) -> list[bool]:
    """Which of them watch the health of targets."""
    return [worker.gateway.monitor.is_on_duty for worker in workers]


def fail(worker: Worker, error: UpstreamError) -> None:
    """A call of the worker's fails."""
    standing, now = worker.gateway.standings.of(TARGET), time.monotonic()
    standing.begin(now)
    standing.failed(now, now, error)
    standing.end()


def test_one_worker_watches_the_health_of_targets_for_all_and_the_next_one_goes_on_where_it_ends(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        with working(tmp_path, 0, PROVIDER) as first, working(tmp_path, 1, PROVIDER) as second:
            for worker in (second, first):
                worker.vitals.be_ready(1, is_ready=True)
            assert told(second)["state"] == "unknown"
            fail(second, UpstreamCredentials("Who are you?"))
            second.vitals.sharing.beat()
            assert told(first)["state"] == "down"
            first.gateway.monitor.probing.results["gone"] = Probe(5.0)
            first.gateway.monitor.probing.results["one"] = Probe(5.0, "upstream_timeout", certificate_until=6.0)
            as_first = told(first)
            assert (as_first["reason"], as_first["last_failure"]) == ("credentials refused", "upstream_credentials")
            assert (as_first["probe_failure"], len(as_first["changes"])) == ("upstream_timeout", 1)
            as_second = told(second)
            assert as_second["changes"] == as_first["changes"]
            assert as_second["probe_failure"] == "upstream_timeout"
            assert lines(second.vitals, "stellwerk_target_up") == ['stellwerk_target_up{provider="one",model="m"} 0']
            assert on_duty(first, second) == [True, False]
            first.vitals.be_ready(1, is_ready=False)
            assert told(second)["changes"] == as_first["changes"]
            assert on_duty(first, second) == [True, True]  # for as long as the first has not looked
            assert set(second.gateway.monitor.probing.results) == {"one"}
            assert told(first)["since_s"] == as_first["since_s"]
            assert on_duty(first, second) == [False, True]

    asyncio.run(scenario())


def test_the_watch_passes_on_when_its_worker_is_gone_and_comes_back_with_its_successor(tmp_path: Path) -> None:
    async def scenario() -> None:
        with working(tmp_path, 1, PROVIDER) as second:
            second.vitals.be_ready(1, is_ready=True)
            with working(tmp_path, 0, PROVIDER) as first:
                first.vitals.be_ready(1, is_ready=True)
                fail(first, UpstreamCredentials("Who are you?"))
                before = told(first)
                assert told(second)["state"] == "down"
                assert on_duty(first, second) == [True, False]
            # What the calls of the one that is gone have shown went with it; how the target came to be here did not.
            assert told(second)["changes"][: len(before["changes"])] == before["changes"]
            assert on_duty(second) == [True]
            with working(tmp_path, 0, PROVIDER) as successor:
                successor.vitals.be_ready(1, is_ready=True)
                assert told(successor)["changes"] == told(second)["changes"]
                assert on_duty(successor, second) == [True, False]

    asyncio.run(scenario())


def test_the_health_of_targets_is_watched_and_published_with_the_heartbeat(tmp_path: Path) -> None:
    async def scenario() -> None:
        with working(tmp_path, 0, PROVIDER) as worker:
            worker.vitals.be_ready(1, is_ready=True)
            worker.vitals.start(lambda: None)
            fail(worker, UpstreamCredentials("Who are you?"))
            reader = board.Board(tmp_path)
            await until(lambda: any(b"credentials refused" in report for report in reports(reader.blobs())))
            reader.close()

    asyncio.run(scenario())


def test_counters_are_published_also_where_there_is_no_room_for_the_health_of_targets(tmp_path: Path) -> None:
    async def scenario() -> None:
        with working(tmp_path, 0, PROVIDER) as worker:
            worker.vitals.be_ready(1, is_ready=True)
            worker.gateway.metrics.count(EVENT)
            worker.vitals.prometheus()
            worker.gateway.metrics.count(EVENT)
            worker.gateway.monitor.probing.results["one"] = Probe(1.0, "upstream_error", message="x" * 200_000)
            assert lines(worker.vitals, "stellwerk_requests_total")[0].endswith(" 2")

    asyncio.run(scenario())


def test_what_an_older_version_has_published_is_left_out() -> None:
    blobs = [pack(b"counters", b"report"), b"", b"\x93123", pack(b"more", b""), Metrics(()).dump()]
    assert series(blobs) == [b"counters", b"more"]
    assert reports(blobs) == [b"report"]


def test_a_report_that_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        with working(tmp_path, 0, PROVIDER) as worker:
            worker.vitals.be_ready(1, is_ready=True)
            fail(worker, UpstreamCredentials("Who are you?"))
            before = told(worker)
            ahead = Report(time.monotonic() + 1e6, {TARGET: Health(State.HEALTHY)})  # from before a reboot, say
            worker.gateway.monitor.hear([b"\xc1", b"\x01", msgspec.msgpack.encode(ahead)])
            assert told(worker)["changes"] == before["changes"]

    asyncio.run(scenario())
