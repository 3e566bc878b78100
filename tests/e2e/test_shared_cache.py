"""Two hosts with one cache under ``stellwerk up``: they answer by meaning what either keeps, until it is called bad."""

from __future__ import annotations

import itertools
import json
from contextlib import ExitStack, closing
from email.message import Message
from pathlib import Path
from typing import Any

from valkey import Valkey

from stellwerk.simulator.process import Simulator
from tests.e2e.callers import connect
from tests.e2e.kit import WEB, WEB_KEY, Gateway, model, provider, server, stellwerk, until, up
from tests.e2e.test_cache import SEMANTIC, ask
from tests.e2e.test_compute import metrics
from tests.valkey import Server

QUESTIONS = (
    "How do I reset my password",
    "Which trains stop at the junction",
    "What does a ticket for a dog cost",
    "Who repairs broken signals",
    "Why are switches heated in winter",
    "When does the library open on Sundays",
    "Where can I leave my luggage",
    "How many seats does the restaurant car have",
)
CALLS = 16
"""Each host calls the server eight times a second when nobody asks for anything."""


def hear(client: Any) -> None:
    """Waits until both hosts have asked the server for news."""

    def calls() -> int:
        return int(client.info("commandstats")["cmdstat_evalsha"]["calls"])

    enough = calls() + CALLS
    until(lambda: calls() >= enough, "nobody asks")


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
        assert {ask(one, f"{question}?") for question in QUESTIONS} == {"miss"}
        client: Any = stack.enter_context(closing(Valkey(port=shared.port)))
        waiting = iter(QUESTIONS)
        hit = dict[str, str]()

        def is_found() -> bool:
            """Asks one that the other host keeps: each once, for of those that this host keeps none means the same."""
            hear(client)
            question = next(waiting)
            fields, _ = post(two, "/v1/chat/completions", asks(f"Hello, {question[0].lower()}{question[1:]}?"))
            hit.update({"question": f"{question}?", "id": fields["x-request-id"]})
            return fields["x-stellwerk-cache"] == "semantic"

        two.until(is_found, "not found")
        # Whoever says at one host that an answer is bad says so for all, at once after it.
        _, told = post(two, "/v1/feedback", {"request_id": hit["id"], "value": -1})
        assert told["removed"] is True
        one.until(lambda: ask(one, hit["question"]) == "miss", "it is still served")
        # So may those who run a host, of a request that is on record there.
        again, _ = post(one, "/v1/chat/completions", asks(hit["question"]))
        one.until(lambda: again["x-request-id"] in {event["request_id"] for event in one.recorded()}, "not on record")
        assert stellwerk(one.folder, "cache", "purge", "--request", again["x-request-id"]).returncode == 0
        one.until(lambda: ask(one, hit["question"]) == "miss", "it is still served")
