"""Two hosts with one cache under ``stellwerk up``: they answer by meaning what either keeps, until it is called bad."""

from __future__ import annotations

import itertools
import json
from contextlib import ExitStack
from email.message import Message
from pathlib import Path
from typing import Any

from stellwerk.simulator.process import Simulator
from tests.e2e.callers import connect
from tests.e2e.kit import WEB, WEB_KEY, Gateway, model, provider, server, up
from tests.e2e.test_cache import SEMANTIC, ask
from tests.e2e.test_compute import metrics
from tests.valkey import Server

LAG = 8
"""So many questions later one is asked at the other host: it has to hear of it within a second or so."""


def asks(text: str) -> dict[str, Any]:
    """A request."""
    return {"model": "smart", "messages": [{"role": "user", "content": text}]}


def post(gateway: Gateway, path: str, body: dict[str, Any]) -> tuple[Message, Any]:
    """Fields and body of an answer."""
    connection = connect(gateway.address)
    headers = {"authorization": f"Bearer {WEB_KEY}", "content-type": "application/json"}
    connection.request("POST", path, json.dumps(body), headers)
    answer = connection.getresponse()
    assert answer.status == 200
    content = json.loads(answer.read())
    connection.close()
    return answer.headers, content


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


def test_what_is_kept_at_one_host_is_answered_by_meaning_at_the_other_until_that_calls_it_bad(
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
        numbers = itertools.count(1)
        hit = dict[str, str]()

        def is_found() -> bool:
            """Each is kept at one host, and asked at the other once: of what that keeps itself none means the same."""
            number = next(numbers)
            ask(one, f"How do I reset signal box {number}?")
            if number <= LAG:
                return False
            fields, _ = post(two, "/v1/chat/completions", asks(f"How can I reset signal box {number - LAG}?"))
            hit.update({"number": str(number - LAG), "id": fields["x-request-id"]})
            return fields["x-stellwerk-cache"] == "semantic"

        two.until(is_found, "not found")
        # Whoever says at one host that an answer is bad says so for all, at once after it.
        _, told = post(two, "/v1/feedback", {"request_id": hit["id"], "value": -1})
        assert told["removed"] is True
        question = f"How do I reset signal box {hit['number']}?"
        one.until(lambda: ask(one, question) == "miss", "it is still served")
