"""A service as the cache's embedder, under ``stellwerk up``: asked by the worker, and done without while it is away."""

from __future__ import annotations

import itertools
from pathlib import Path

from stellwerk.simulator.process import Simulator
from tests.e2e.kit import WEB, Gateway, model, provider, server, up
from tests.e2e.test_cache import PLEASE, ask
from tests.e2e.test_compute import metrics


def cache(base_url: str) -> str:
    """The section."""
    options = f'{{ base_url = "{base_url}", api_key = "env:PROVIDER_KEY", model = "any", dimensions = 64 }}'
    keys = 'exact = true\nsemantic = true\naudit_share = 0.0\nembedder = "compatible"'
    return f"[cache]\n{keys}\nembedder_options = {options}\n"


def is_computing(gateway: Gateway) -> bool:
    return metrics(gateway)["stellwerk_compute_connected_workers"] == 1


def test_a_question_that_means_the_same_is_found_by_vectors_of_a_service(tmp_path: Path, north: Simulator) -> None:
    sections = (server(workers=1), provider("here", north.base_url), model("smart", "here"), WEB, cache(north.base_url))
    with up(tmp_path, *sections) as gateway:
        gateway.until(lambda: is_computing(gateway), "nobody computes")
        assert ask(gateway, "How do I reset my password?") == "miss"
        spaces = itertools.count(1)
        gateway.until(
            lambda: ask(gateway, f"how do i reset my{' ' * next(spaces)}password") == "normalized", "not kept"
        )
        ends, cans = ("?", " please?", " here?"), ("can", "could", "do")
        ways = (f"{please}how {can} I reset my password{end}" for end in ends for can in cans for please in PLEASE)
        gateway.until(lambda: ask(gateway, next(ways)) == "semantic", "not found")


def test_while_the_service_is_away_nothing_is_found_by_meaning_and_all_else_goes_on(
    tmp_path: Path, north: Simulator
) -> None:
    sections = (
        server(workers=1),
        provider("here", north.base_url),
        model("smart", "here"),
        WEB,
        cache("http://127.0.0.1:9/v1"),
    )
    with up(tmp_path, *sections) as gateway:
        gateway.until(lambda: is_computing(gateway), "nobody computes")
        questions = [f"How do I reset password number {number}?" for number in range(8)]
        assert {ask(gateway, question) for question in questions} == {"miss"}
        gateway.until(lambda: ask(gateway, questions[0]) == "exact", "not kept")
