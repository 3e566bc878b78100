"""Guardrails under ``stellwerk up``: long texts are judged by the compute process, and here while it is away."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from stellwerk.simulator.process import Simulator
from tests.e2e.callers import connect
from tests.e2e.kit import WEB, WEB_KEY, Gateway, model, provider, server, up
from tests.e2e.test_compute import compute_pids, metrics

MAIL = "max.muster@example.com"
PLANTED = '[[guardrails]]\nuse = "pii"\non = ["input", "log"]\naction = "mask"\ntypes = ["EMAIL_ADDRESS"]\n'
LONG = "Signals and switches. " * 400


def ask(gateway: Gateway, text: str, tags: str = "") -> tuple[int, str]:
    """Status and the header of the guardrails."""
    connection = connect(gateway.address)
    headers = {"authorization": f"Bearer {WEB_KEY}", "content-type": "application/json", "x-stellwerk-tags": tags}
    body = {"model": "smart", "messages": [{"role": "user", "content": text}]}
    connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.headers["x-stellwerk-guardrail"]


@pytest.fixture
def gateway(tmp_path: Path, north: Simulator) -> Iterator[Gateway]:
    sections = (server(workers=1), provider("here", north.base_url), model("smart", "here"), WEB, PLANTED)
    with up(tmp_path, *sections, expected=("worker_died", "compute_lost")) as running:
        running.until(lambda: metrics(running)["stellwerk_compute_connected_workers"] == 1, "nobody computes")
        yield running


def test_a_planted_value_is_found_in_nothing_that_is_kept(gateway: Gateway) -> None:
    expected = (200, "rewrite; pii=mask")
    assert ask(gateway, f"{LONG} Mail {MAIL}", f"user={MAIL}") == expected
    assert metrics(gateway)["stellwerk_compute_jobs_total"] == 1
    assert ask(gateway, f"Mail {MAIL}") == expected
    assert metrics(gateway)["stellwerk_compute_jobs_total"] == 1  # nobody is asked about a short one
    (pid,) = compute_pids(gateway)
    os.kill(pid, signal.SIGKILL)
    assert ask(gateway, f"{LONG} Or mail {MAIL}") == expected
    gateway.stop()
    for path in gateway.state.rglob("*"):
        assert not path.is_file() or MAIL.encode() not in path.read_bytes(), path
    assert MAIL not in gateway.output


def test_a_long_answer_is_judged_by_the_compute_process(tmp_path: Path, north: Simulator) -> None:
    masks = '[[guardrails]]\nuse = "pii"\non = ["output"]\naction = "mask"\n'
    sections = (server(workers=1), provider("here", north.base_url), model("smart", "here"), WEB, masks)
    with up(tmp_path, *sections) as running:
        running.until(lambda: metrics(running)["stellwerk_compute_connected_workers"] == 1, "nobody computes")
        answer = f"{LONG} Mail {MAIL.replace('@', '%40')}".strip()
        assert ask(running, f"Say it. [[say={answer}]]") == (200, "rewrite; output pii=mask")
        assert metrics(running)["stellwerk_compute_jobs_total"] == 1
