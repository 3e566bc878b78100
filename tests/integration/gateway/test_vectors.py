"""A service asked for vectors: heard once, remembered, cancelled, and left alone after failures in a row."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence

from stellwerk.core.vector import dimensions
from stellwerk.core.wire import WireRequest
from stellwerk.embedders.compatible import Compatible, Settings
from stellwerk.gateway.scheduler import Scheduler
from stellwerk.gateway.vectors import COOL_DOWN_S, FAILURES, MOST_KNOWN, Vectors
from stellwerk.supervisor.log import Log
from tests.integration.http.loop import Clock, eventually, on_loop
from tests.integration.http.provider import Provider, make_pool

GOOD = json.dumps({"data": [{"index": 0, "embedding": [1.0] * 8}]}).encode()


class Case:
    """A service on a port, and what was heard of it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.provider = Provider()
        self.pool = make_pool(self.clock)
        origin = self.provider.origin
        self.embedder = Compatible(Settings(base_url=f"http://{origin.host}:{origin.port}/v1"))
        self.vectors = Vectors(self.embedder, self.pool)
        self.log = io.StringIO()
        self.scheduler = Scheduler.__new__(Scheduler)
        self.scheduler.deadlines, self.scheduler.log = self.clock.deadlines, Log(self.log)
        self.heard: list[tuple[bytes, ...] | None] = []

    def ask(self, text: str = "text") -> object:
        """Asks about a text."""
        return self.vectors.ask((text,), self.scheduler, 9.0, self.heard.append)

    def close(self) -> None:
        """Nobody is asked any more."""
        self.provider.socket.close()
        self.pool.close()
        for upstream in self.provider.connections:
            upstream.close()


@on_loop
async def test_a_vector_is_heard_once_and_remembered() -> None:
    case = Case()
    assert case.vectors.known("text") is None
    assert case.ask() is not None
    assert case.heard == []
    upstream = await case.provider.connection()
    request = await upstream.request()
    assert request.startswith(b"POST /v1/embeddings ")
    assert b'"input":["text"]' in request
    await upstream.reply(GOOD)
    await eventually(lambda: bool(case.heard))
    ((vector,),) = [found for found in case.heard if found]
    assert dimensions(vector) == 8
    assert case.vectors.known("text") == vector
    case.close()


@on_loop
async def test_nothing_is_heard_of_a_question_that_was_given_up() -> None:
    case = Case()
    asking = case.ask()
    upstream = await case.provider.connection()
    await upstream.request()
    asking.cancel()  # type: ignore[attr-defined]
    await eventually(lambda: case.pool.connections == 0)
    assert case.heard == []
    case.close()


@on_loop
async def test_after_failures_in_a_row_the_service_is_left_alone_for_a_while() -> None:
    case = Case()
    case.ask()
    upstream = await case.provider.connection()
    for number in range(FAILURES):
        if number:
            case.ask()
        await upstream.request()
        await upstream.reply(b"{}", status=500 if number % 2 else 200)
        await eventually(lambda number=number: len(case.heard) == number + 1)  # type: ignore[misc]
    assert case.heard == [None] * FAILURES
    assert case.ask() is None
    case.clock.advance(COOL_DOWN_S)
    assert case.ask() is not None
    await upstream.request()
    await upstream.reply(GOOD)
    await eventually(lambda: case.heard[-1] is not None)
    case.close()


@on_loop
async def test_few_vectors_are_remembered() -> None:
    case = Case()
    texts = tuple(map(str, range(MOST_KNOWN + 3)))
    answer = json.dumps({"data": [{"index": at, "embedding": [1.0] * 8} for at in range(len(texts))]}).encode()
    case.vectors.ask(texts, case.scheduler, 9.0, case.heard.append)
    upstream = await case.provider.connection()
    await upstream.request()
    await upstream.reply(answer)
    await eventually(lambda: bool(case.heard))
    assert case.vectors.known("2") is None
    assert case.vectors.known("3") is not None
    case.close()


@on_loop
async def test_a_plugin_that_fails_is_a_miss() -> None:
    class Broken(Compatible):
        def prepare(self, texts: Sequence[str]) -> WireRequest:
            raise RuntimeError(texts)

    case = Case()
    case.vectors = Vectors(Broken(Settings()), case.pool)
    assert case.ask() is None
    assert "RuntimeError" in case.log.getvalue()
    case.close()
