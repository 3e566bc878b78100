"""Two hosts with one cache under ``stellwerk up``: a question kept at one is answered by meaning at the other."""

from __future__ import annotations

import itertools
from contextlib import ExitStack
from pathlib import Path

from stellwerk.simulator.process import Simulator
from tests.e2e.kit import WEB, Gateway, model, provider, server, up
from tests.e2e.test_cache import SEMANTIC, ask
from tests.e2e.test_compute import metrics
from tests.valkey import Server

NOUNS = ("password", "router", "printer", "telephone", "watch", "camera", "modem", "lock", "radio", "scanner")


def jobs(gateway: Gateway) -> float:
    """How many its compute process has done."""
    return metrics(gateway)["stellwerk_compute_jobs_total"]


def load(gateway: Gateway) -> None:
    """Waits until meanings are compared: the first question has the embedder loaded, which nobody waits for."""
    workers = len(gateway.workers)
    gateway.until(lambda: metrics(gateway)["stellwerk_compute_connected_workers"] == workers, "nobody computes")
    numbers = itertools.count(1)

    def is_loaded() -> bool:
        before = metrics(gateway)["stellwerk_compute_failed_total"]
        ask(gateway, f"Which railway has line {next(numbers)}?")
        return metrics(gateway)["stellwerk_compute_failed_total"] == before

    gateway.until(is_loaded, "no embedder")


def test_a_question_kept_at_one_host_is_answered_by_meaning_at_the_other_without_a_restart(
    tmp_path: Path, north: Simulator, shared: Server
) -> None:
    state = f'\n[state]\nshared = "{shared.url}"\n'
    sections = (
        state,
        provider("here", north.base_url),
        model("smart", "here"),
        WEB,
        SEMANTIC.replace("multilingual", "minilm"),
    )
    with ExitStack() as stack:
        one = stack.enter_context(up(tmp_path / "a", server(workers=1), *sections))
        two = stack.enter_context(up(tmp_path / "b", server(workers=1), *sections))
        load(one)
        load(two)
        before = jobs(two)
        assert {ask(one, f"How do I reset my {noun}?") for noun in NOUNS} == {"miss"}
        two.until(lambda: jobs(two) > before, "its index has heard of nothing")
        # Each is asked once, and of what this host itself keeps none means the same.
        waiting = iter(NOUNS)
        two.until(lambda: ask(two, f"How can I reset my {next(waiting)}?") == "semantic", "not found")
