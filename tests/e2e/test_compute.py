"""The compute process under ``stellwerk up``: exact counts, and everything going on while it is away."""

from __future__ import annotations

import http.client
import json
import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.kit import ADMIN_TOKEN, WEB, WEB_KEY, Gateway, exists, model, provider, server, up
from tests.tiktoken_oracle import oracle

SECTIONS = (server(workers=2), provider("here", "http://127.0.0.1:9/v1"), model("smart", "here"), WEB)
MESSAGES = [
    {"role": "user", "content": "Welche Fahrstraße stellt das Stellwerk für Zug 4711?"},
    {"role": "assistant", "content": "Die aus Gleis 3 → Ausfahrsignal N2."},
    {"role": "user", "content": "Und wenn die Weiche gestört ist? 转辙机故障怎么办"},
]
SYSTEM = "You are a signaller."


def exact() -> int:
    """What tiktoken counts, and what OpenAI adds: three for each message beside its role, and three for the answer."""
    count = oracle("o200k_base").encode_ordinary
    said = [("system", SYSTEM), *((message["role"], message["content"]) for message in MESSAGES)]
    return 3 + sum(3 + len(count(role)) + len(count(text)) for role, text in said)


def ask(gateway: Gateway, method: str, path: str, body: Any = None, key: str = WEB_KEY) -> tuple[bytes, str | None]:
    """The body of an answer, and its warning."""
    host, _, port = gateway.address.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    assert answer.status == 200, content
    return content, answer.headers["x-stellwerk-warning"]


def count(gateway: Gateway) -> tuple[int, str | None]:
    """How many tokens the messages have, and the warning."""
    body, warning = ask(
        gateway, "POST", "/v1/messages/count_tokens", {"model": "smart", "system": SYSTEM, "messages": MESSAGES}
    )
    return int(json.loads(body)["input_tokens"]), warning


def metrics(gateway: Gateway) -> dict[str, float]:
    """The host's values without labels."""
    lines = ask(gateway, "GET", "/metrics", key=ADMIN_TOKEN)[0].decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


def compute_pids(gateway: Gateway) -> list[int]:
    """Of all that were started."""
    return [int(line["pid"]) for line in gateway.events("worker_started") if line["role"] == "compute"]


def is_connected(gateway: Gateway) -> bool:
    """Whether both workers have somebody to ask."""
    return metrics(gateway)["stellwerk_compute_connected_workers"] == 2


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with up(tmp_path, *SECTIONS, expected=("worker_died", "compute_lost")) as running:
        running.until(lambda: is_connected(running), "the workers have not found it")
        yield running


def test_a_target_that_does_not_count_is_counted_for_exactly(gateway: Gateway) -> None:
    assert count(gateway) == (exact(), None)
    body = {"contents": [{"parts": [{"text": SYSTEM}]}]}
    told, warning = ask(gateway, "POST", "/v1beta/models/smart:countTokens", body)
    assert json.loads(told)["totalTokens"] == 7 + len(oracle("o200k_base").encode_ordinary(SYSTEM))
    assert warning is None
    gateway.until(lambda: metrics(gateway)["stellwerk_compute_jobs_total"] == 2, "the jobs are not counted")
    assert metrics(gateway)["stellwerk_compute_unavailable_total"] == 0
    (socket,) = (path for path in gateway.state.rglob("compute-1") if path.is_socket())
    assert stat.S_IMODE(socket.stat().st_mode) == 0o600


def test_while_it_is_away_numbers_are_estimated_and_then_it_is_back(gateway: Gateway) -> None:
    (pid,) = compute_pids(gateway)
    os.kill(pid, signal.SIGSTOP)  # it hangs, and its successor cannot be quick either
    os.kill(pid, signal.SIGKILL)
    gateway.until(lambda: len(compute_pids(gateway)) == 2, "nobody came after it")
    seen = {count(gateway)}
    gateway.until(lambda: is_connected(gateway), "the workers have not found it")
    seen.add(count(gateway))
    assert seen <= {(exact(), None), (max(tokens for tokens, _ in seen), "estimated")}
    assert count(gateway) == (exact(), None)


def test_it_ends_with_the_workers_of_a_supervisor_that_was_killed(gateway: Gateway) -> None:
    (pid,) = compute_pids(gateway)
    gateway.process.send_signal(signal.SIGKILL)
    gateway.process.wait(20)
    gateway.until(lambda: not exists(pid), "it lives on")


def test_nobody_needs_it_where_every_provider_counts(tmp_path: Path) -> None:
    counting = provider("here", "http://127.0.0.1:9").replace('kind = "openai"', 'kind = "anthropic"')
    with up(tmp_path, server(workers=1), counting, model("smart", "here"), WEB) as gateway:
        assert compute_pids(gateway) == []
        gateway.reconfigure(*SECTIONS)
        gateway.until(lambda: bool(compute_pids(gateway)), "it was not started")
