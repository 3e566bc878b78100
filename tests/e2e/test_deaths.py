"""Processes that are killed: what is lost with them, and what takes their place."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from typing import Any

from openai import APIError

from stellwerk.simulator.process import Simulator
from tests.e2e.callers import Load, ask, get, question, sdk, statuses, totals
from tests.e2e.gate import CONTENT, Gate
from tests.e2e.kit import (
    WEB,
    Gateway,
    exists,
    model,
    provider,
    server,
    up,
)

MOST_STREAMS = 64


def workers_of(gateway: Gateway) -> list[dict[str, Any]]:
    """What ``/healthz?full`` says of the workers."""
    found: list[dict[str, Any]] = get(gateway.address, "/healthz?full").json["workers"]
    return found


class Streams:
    """Streams that stop in the middle, opened until every worker has some of them."""

    def __init__(self, gateway: Gateway, held: Gate) -> None:
        self._gateway = gateway
        self._executor = ThreadPoolExecutor(MOST_STREAMS)
        self.said = [self._executor.submit(self._read)]
        held.wait_until_begun(1)
        while min(self.in_flight().values()) < 2:
            assert len(self.said) < MOST_STREAMS
            self.said.append(self._executor.submit(self._read))
            held.wait_until_begun(len(self.said))
            gateway.until(lambda: sum(self.in_flight().values()) == len(self.said), "in flight")

    def in_flight(self) -> dict[int, int]:
        """How many each worker has, by its pid."""
        return {worker["pid"]: worker["in_flight"] for worker in workers_of(self._gateway)}

    def end(self) -> list[str | None]:
        """What each of them said in all; ``None`` for those that broke."""
        said = [running.result() for running in self.said]
        self._executor.shutdown()
        return said

    def _read(self) -> str | None:
        try:
            with sdk(self._gateway) as client:
                stream = client.chat.completions.create(model="held", messages=question(), stream=True)
                return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
        except (APIError, OSError):
            return None


class Poll:
    """Reads the totals again and again, and notes whichever ran backwards."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self.backwards: list[str] = []
        self.readings = 0
        self._thread.start()

    def end(self) -> None:
        """Ends."""
        self._is_over.set()
        self._thread.join()

    def _read(self) -> None:
        before: dict[str, float] = {}
        while not self._is_over.is_set():
            try:
                now = totals(self._address)
            except (OSError, HTTPException):
                continue  # it was in flight on the worker that died
            gone = before.keys() - now.keys()
            self.backwards += [f"{name} is gone" for name in gone]
            self.backwards += [f"{name}: {now[name]}" for name in now.keys() & before if now[name] < before[name]]
            before = now
            self.readings += 1


def test_a_killed_worker_loses_its_own_requests_in_flight_and_nothing_else(
    north: Simulator, held: Gate, tmp_path: Path
) -> None:
    providers = provider("north", north.base_url) + provider("held", held.base_url)
    with up(
        tmp_path, server(), providers, model("smart", "north"), model("held", "held"), WEB, expected=("worker_died",)
    ) as gateway:
        address = gateway.address
        victim, bystander = gateway.workers
        streams = Streams(gateway, held)
        in_flight = streams.in_flight()
        poll = Poll(address)
        with Load(lambda: ask(address).status) as load:
            gateway.until(lambda: len(load.attempts) > 20 and poll.readings > 5)
            os.kill(victim, signal.SIGKILL)
            gateway.until(lambda: not exists(victim))
            died_s = time.monotonic()
            gateway.event("worker_ready", 3)
            gateway.until(lambda: [worker["ready"] for worker in workers_of(gateway)] == [True, True], "not served")
            seen, readings = len(load.attempts), poll.readings
            gateway.until(lambda: len(load.attempts) > seen + 20 and poll.readings > readings + 5)
        held.open()
        said = streams.end()
        poll.end()
        assert said.count(None) == in_flight[victim]
        assert said.count(CONTENT) == in_flight[bystander]
        assert [attempt for attempt in load.failures if attempt.began_s > died_s] == []
        assert len(load.failures) <= 4
        assert poll.backwards == []
        pids = [worker["pid"] for worker in workers_of(gateway)]
        assert pids == gateway.workers
        assert pids[1] == bystander
        assert pids[0] not in {victim, bystander}


def test_workers_end_with_a_killed_supervisor_and_the_next_one_takes_over(north: Simulator, tmp_path: Path) -> None:
    rest = (provider("north", north.base_url), model("smart", "north"), WEB)
    with up(tmp_path, server(), *rest) as first:
        assert statuses(first.address) == {200}
        address, workers = first.address, first.workers
        first.process.kill()
        assert first.end() == -signal.SIGKILL
        assert first.run["workers"] == workers
        with up(tmp_path, server(listen=address), *rest) as second:
            assert second.address == address
            assert statuses(second.address) == {200}
            second.until(lambda: not any(exists(pid) for pid in workers), "the old workers live on")
            assert len(second.workers) == 2
            assert not set(second.workers) & set(workers)


def test_a_stream_outlives_its_supervisor_and_does_not_keep_the_address_from_the_next_one(
    held: Gate, tmp_path: Path
) -> None:
    rest = (provider("held", held.base_url), model("smart", "held"), WEB)
    with up(tmp_path, server(), *rest) as first, sdk(first) as client:
        stream = client.chat.completions.create(model="smart", messages=question(), stream=True)
        said = next(stream).choices[0].delta.content or ""
        address = first.address
        first.process.kill()
        first.end()
        with up(tmp_path, server(listen=address), *rest) as second:
            assert {get(address, "/readyz").status for _ in range(16)} == {200}
            held.open()
            said += "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
            assert said == CONTENT
            assert second.address == address
