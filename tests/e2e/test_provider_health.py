"""What one worker finds out of a provider, the other goes by, and everybody is told."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from stellwerk.simulator import PlannedFault
from stellwerk.simulator.process import Simulator, running_beside
from stellwerk.simulator.scenario import Scenario, SimulatedProvider
from tests.e2e.callers import CONNECTIONS, connect, get, samples
from tests.e2e.kit import PROVIDER_KEY, WEB, WEB_KEY, model, provider, server, until, up

FAILURES = 4
"""So many in a row open a circuit."""
AT_ONCE_S = 2.0
"""Four heartbeats would be a second; machines that test are busy."""
HEADERS = {"authorization": f"Bearer {WEB_KEY}", "content-type": "application/json"}
BODY = json.dumps({"model": "smart", "messages": [{"role": "user", "content": "Hello"}]})


@pytest.fixture
def failing() -> Iterator[Simulator]:
    """A provider of which every answer is a failure."""
    spec = SimulatedProvider(name="north", keys=(PROVIDER_KEY,), faults=(PlannedFault(kind=500),))
    with running_beside(Scenario(providers=(spec,))) as (simulator,):
        yield simulator


def asked(connection: HTTPConnection) -> int:
    """The status of a chat over a connection that stays, and with it the worker."""
    connection.request("POST", "/v1/chat/completions", BODY, HEADERS)
    response = connection.getresponse()
    response.read()
    return response.status


def told(connection: HTTPConnection) -> dict[str, Any]:
    """What the worker behind a connection tells of the target."""
    connection.request("GET", "/healthz?full")
    (found,) = json.load(connection.getresponse())["providers"]
    assert isinstance(found, dict)
    return found


def test_a_circuit_that_one_worker_opens_is_open_in_the_other_and_told_by_both(
    failing: Simulator, tmp_path: Path
) -> None:
    retry = "\n[retry]\nsame_target = 0\n\n[breaker]\ncool_down_s = 60\n"
    sections = server(), provider("north", failing.base_url), model("smart", "north"), WEB, retry
    with up(tmp_path, *sections) as gateway, ExitStack() as stack:
        connections = [connect(gateway.address) for _ in range(CONNECTIONS)]
        for connection in connections:
            stack.callback(connection.close)
            assert told(connection)["state"] == "unknown"
        assert [asked(connections[0]) for _ in range(FAILURES)] == [502] * FAILURES
        began = time.monotonic()
        until(lambda: {asked(connection) for connection in connections} == {503}, "not everybody knows of the circuit")
        assert time.monotonic() - began < AT_ONCE_S
        assert failing.report()["requests"] < 2 * FAILURES, "the other worker has found it out by itself"
        workers = json.loads(get(gateway.address, "/healthz?full").body)["workers"]
        assert all(worker["requests"] > 1 for worker in workers)
        until(lambda: {told(connection)["state"] for connection in connections} == {"down"}, "not everybody tells")
        reports = [told(connection) for connection in connections]
        assert {(one["reason"], one["circuit"], one["last_failure"]) for one in reports} == {
            ("circuit open", "open", "upstream_unavailable")
        }
        assert len({one["since_s"] for one in reports}) == 1
        up_or_not = samples(get(gateway.address, "/metrics").body)
        assert up_or_not['stellwerk_target_up{provider="north",model="gpt-4.1"}'] == 0
        assert get(gateway.address, "/readyz").status == 200
        last = gateway.events("target_state")[-1]
        assert (last["target"], last["state"]) == ("north/gpt-4.1", "down")
