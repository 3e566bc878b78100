"""The log of events: one for every request that was answered, whatever happened to its worker."""

import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

from stellwerk.simulator.process import Simulator
from tests.e2e.callers import Load, ask, get, question, sdk
from tests.e2e.kit import WEB, model, provider, server, up


def test_every_answered_request_is_on_record_after_the_end(north: Simulator, tmp_path: Path) -> None:
    with up(tmp_path, server(), provider("north", north.base_url), model("smart", "north"), WEB) as gateway:
        address = gateway.address
        with Load(lambda: ask(address).status) as load:
            gateway.until(lambda: len(load.attempts) >= 200)
            assert ask(address, key="sk-nobody").status == 401
            assert ask(address, model="unknown").status == 404
            assert ask(address, text="[[fault=400; message=Not like this.]]").status == 400
            with sdk(gateway) as client:
                assert len(list(client.chat.completions.create(model="smart", messages=question(), stream=True))) > 1

        def have_all_served() -> bool:
            workers = get(address, "/healthz?full").json["workers"]
            return len(workers) == 2 and all(worker["requests"] for worker in workers)

        gateway.until(have_all_served)  # each worker publishes its counters in turns of its own
        gateway.stop()
        events = gateway.recorded()
        assert load.failures == []
        assert Counter(event["status"] for event in events) == {200: len(load.attempts) + 1, 401: 1, 404: 1, 400: 1}
        assert len({event["request_id"] for event in events}) == len(events)
        assert sum(event["is_stream"] for event in events) == 1
        assert {event["key_name"] for event in events if event["status"] == 200} == {"web"}


def test_a_killed_worker_loses_at_most_the_events_of_its_last_moments(north: Simulator, tmp_path: Path) -> None:
    sections = (server(), provider("north", north.base_url), model("smart", "north"), WEB)
    with up(tmp_path, *sections, expected=("worker_died",)) as gateway:
        for _ in range(50):
            assert ask(gateway.address).status == 200
        gateway.until(lambda: len(gateway.recorded()) == 50, "the events are not written while it runs")
        for _ in range(20):
            assert ask(gateway.address).status == 200
        for pid in gateway.workers:
            os.kill(pid, signal.SIGKILL)
        gateway.event("worker_ready", 4)
        for _ in range(10):
            assert ask(gateway.address).status == 200
        gateway.stop()
        assert 60 <= len(gateway.recorded()) <= 80


def test_the_events_of_the_process_before_are_kept(north: Simulator, tmp_path: Path) -> None:
    sections = (server(workers=1), provider("north", north.base_url), model("smart", "north"), WEB)
    for count in (1, 2):
        with up(tmp_path, *sections) as gateway:
            assert ask(gateway.address).status == 200
            gateway.stop()
            assert len(gateway.recorded()) == count


def test_events_wait_while_they_cannot_be_written_and_requests_do_not(north: Simulator, tmp_path: Path) -> None:
    obstacle = tmp_path / "state" / "events"
    obstacle.parent.mkdir(mode=0o700)
    obstacle.touch()
    sections = (server(workers=1), provider("north", north.base_url), model("smart", "north"), WEB)
    with up(tmp_path, *sections) as gateway:
        for _ in range(10):
            assert ask(gateway.address).status == 200

        def writer() -> dict[str, Any]:
            found: dict[str, Any] = get(gateway.address, "/healthz?full").json["events"]
            return found

        gateway.until(lambda: bool(writer()["last_error"]), "nobody is told")
        assert writer()["pending"] == 10
        assert "they wait in memory" in gateway.event("message")["message"]
        obstacle.unlink()
        gateway.until(lambda: writer()["written"] == 10, "they are not written later either")
        assert writer()["last_error"] == ""
        assert writer()["dropped"] == 0
        assert len(gateway.recorded()) == 10
