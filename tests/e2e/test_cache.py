"""The cache under ``stellwerk up``: workers share answers, which survive restarts, and questions that mean the same."""

from __future__ import annotations

import itertools
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

SEMANTIC = '[cache]\nexact = true\nsemantic = true\naudit_share = 0.0\nembedder = "multilingual"\n'

PLEASE = ("", "Please tell me ", "Hi, ", "Hello, ", "Could you say ", "I wonder ", "Well, ", "So, ", "Dear team, ")


def ask(gateway: Gateway, text: str) -> str:
    """How the answer was found."""
    connection = connect(gateway.address)
    headers = {"authorization": f"Bearer {WEB_KEY}", "content-type": "application/json"}
    body = {"model": "smart", "messages": [{"role": "user", "content": text}]}
    connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    answer = connection.getresponse()
    assert answer.status == 200
    answer.read()
    connection.close()
    return answer.headers["x-stellwerk-cache"] or ""


def test_workers_share_answers_which_survive_a_restart(tmp_path: Path, north: Simulator) -> None:
    sections = (
        server(workers=2),
        provider("here", north.base_url),
        model("smart", "here"),
        WEB,
        "[cache]\nexact = true\n",
    )
    questions = [f"What is signal box number {number}?" for number in range(60)]
    with up(tmp_path, *sections) as gateway:
        assert [ask(gateway, question) for question in questions] == ["miss"] * len(questions)
        asked = questions[:6] * 4
        gateway.until(lambda: {ask(gateway, question) for question in asked} == {"exact"}, "not shared")
    with up(tmp_path, *sections) as gateway:
        # The file is asked for no longer than 5 ms, and left alone for a while when that was not enough: so may it go
        # on a machine that has just begun. Each is asked once: what is found was kept before.
        waiting = iter(questions)
        gateway.until(lambda: ask(gateway, next(waiting)) == "exact", "nothing has survived")


@pytest.fixture
def gateway(tmp_path: Path, north: Simulator) -> Iterator[Gateway]:
    sections = (server(workers=1), provider("here", north.base_url), model("smart", "here"), WEB, SEMANTIC)
    with up(tmp_path, *sections, expected=("worker_died", "compute_lost")) as running:
        running.until(lambda: metrics(running)["stellwerk_compute_connected_workers"] == 1, "nobody computes")
        yield running


def test_a_question_that_means_the_same_is_answered_without_a_call(gateway: Gateway) -> None:
    numbers = itertools.count(1)

    def is_loaded() -> bool:
        """Whether meanings are compared: the first question has the embedder loaded, which nobody waits for."""
        before = metrics(gateway)["stellwerk_compute_failed_total"]
        ask(gateway, f"Which railway has line {next(numbers)}?")
        return metrics(gateway)["stellwerk_compute_failed_total"] == before

    gateway.until(is_loaded, "no embedder")
    assert ask(gateway, "How do I reset my password?") == "miss"
    spaces = itertools.count(1)
    gateway.until(lambda: ask(gateway, f"how do i reset my{' ' * next(spaces)}password") == "normalized", "not kept")
    ends = ("?", " please?", " here?", ", thanks?")
    cans = ("can", "could", "may", "might")
    ways = (f"{please}how {can} I reset my password{end}" for end in ends for please in PLEASE for can in cans)
    gateway.until(lambda: ask(gateway, next(ways)) == "semantic", "not found")
    assert ask(gateway, "How do I reset my username?") == "miss"
    assert ask(gateway, "How do I not reset my password?") == "miss"
    (pid,) = compute_pids(gateway)
    os.kill(pid, signal.SIGKILL)
    assert ask(gateway, "How does one reset a password?") == "miss"
    assert ask(gateway, "How do I reset my password?") == "exact"
