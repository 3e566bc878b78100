"""Targets that fail in a chosen way beside targets that are well, and crowds of callers who ask for all of them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from stellwerk.gateway.standing import Standing
from stellwerk.simulator import PlannedFault, Scenario, Simulator, running
from tests.integration.gateway.clients import asking, chat, raw
from tests.integration.gateway.kit import Gateway, model, provider, serving
from tests.integration.gateway.scenes import simulator
from tests.integration.gateway.upstream import DONE
from tests.integration.http.caller import Answer
from tests.integration.http.loop import POLL_S, eventually

NAMES = ("one", "two", "three")
PUSH_S = 30.0
"""By so much time is pushed on whenever nobody but hanging targets has anything to do."""
CONNECTED_S = 60.0
REFUSED = "refused"
"""The kind of a target where nobody listens; all others are the simulator's."""
FAULTS: dict[str, PlannedFault | None] = {
    REFUSED: None,
    "closed": PlannedFault(kind="close"),
    "reset": PlannedFault(kind="reset"),
    "hang": PlannedFault(kind="hang"),
    "stall": PlannedFault(kind="stall", after_events=0),
    "cut": PlannedFault(kind="cut", after_events=0),
    "cut by a reset": PlannedFault(kind="cut", after_events=0, reset=True),
    "500": PlannedFault(kind=500),
    "503": PlannedFault(kind=503),
    "529": PlannedFault(kind=529),
    "429": PlannedFault(kind=429),
    "429 with Retry-After": PlannedFault(kind=429, retry_after_s=20.0),
    "slow": PlannedFault(kind="slow_drip", byte_ms=0.01),
    "not JSON": PlannedFault(kind="malformed", after_events=0),
    "HTML": PlannedFault(kind="malformed", after_events=0, shape="html"),
    "another shape": PlannedFault(kind="malformed", after_events=0, shape="wrong_shape"),
    "empty": PlannedFault(kind="malformed", after_events=0, shape="empty"),
    "too short": PlannedFault(kind="short_length", length_offset=64),
    "an error in the stream": PlannedFault(kind="error_in_stream", after_events=0),
}
"""What a target does before anything that a caller could use has come from it."""
HANGING = frozenset({"hang", "stall"})
STREAMS_ONLY = frozenset({"an error in the stream"})


@dataclass
class Outage:
    """A gateway whose model ``plain`` has three targets, of which some fail."""

    gateway: Gateway
    simulators: dict[str, Simulator]
    """Those that listen, by name."""
    failing: frozenset[str]
    hangs: bool
    """Whether failing targets answer never, so that nothing but time ends a call."""
    most_in_flight: int = 0
    """Requests that the gateway had in hand at the same time."""

    def standing(self, name: str) -> Standing:
        """How the gateway sees a target."""
        return self.gateway.parts.standings.of(f"{name}/gpt-5-mini")

    def recover(self) -> None:
        """Makes every target that listens well again."""
        self.failing, self.hangs = frozenset(), False
        for one in self.simulators.values():
            one.set_faults()

    async def answers(self, *requests: bytes) -> list[Answer]:
        """What becomes of requests that are made all at once, each on a connection of its own.

        Time is pushed on while all that is left to wait for is targets that do not answer.
        """
        async with AsyncExitStack() as stack:
            callers = [await stack.enter_async_context(raw(self.gateway)) for _ in requests]
            for caller, request in zip(callers, requests, strict=True):
                await caller.send(request[:-1])
            await eventually(lambda: self.gateway.parts.front.connections == len(callers), CONNECTED_S)
            for caller, request in zip(callers, requests, strict=True):
                caller.socket.send(request[-1:])
            tasks = [asyncio.ensure_future(caller.answer(to=b"POST")) for caller in callers]
            stack.callback(lambda: [task.cancel() for task in tasks])
            while waiting := sum(not task.done() for task in tasks):
                self.most_in_flight = max(self.most_in_flight, self.gateway.parts.account.in_flight)
                if self.hangs and self._only_hangs(waiting):
                    self.gateway.advance(PUSH_S)
                await asyncio.sleep(POLL_S)
            return [task.result() for task in tasks]

    def _only_hangs(self, waiting: int) -> bool:
        """Whether each request is at a target that fails, as both ends see it."""
        at_providers = {name: one.report()["in_flight"] for name, one in self.simulators.items()}
        calls = {name: self.standing(name).own_in_flight for name in NAMES}
        # One by one: a provider may not have noticed yet that a call has gone to the next.
        if at_providers != {name: calls[name] for name in at_providers}:
            return False
        return not any(calls[name] for name in NAMES if name not in self.failing) and sum(calls.values()) == waiting


@asynccontextmanager
async def outage(
    folder: Path, fault: str, failing: Sequence[str], *, first_token_ms: float = 0.0, **options: object
) -> AsyncIterator[Outage]:
    """Three targets in the order of ``NAMES``; those that are ``failing`` do so with every request.

    All others begin to answer after ``first_token_ms``.
    """
    planned = FAULTS[fault]
    listening = [name for name in NAMES if planned is not None or name not in failing]
    faults = [planned] if planned is not None else []
    specs = [
        simulator(name, *(faults if name in failing else ()), answer_tokens=6, first_token_ms=first_token_ms)
        for name in listening
    ]
    async with AsyncExitStack() as stack:
        simulators = {one.name: one for one in await stack.enter_async_context(running(Scenario(providers=(*specs,))))}
        urls = [simulators[name].base_url if name in simulators else stack.enter_context(nobody()) for name in NAMES]
        parts = [provider(name, url) for name, url in zip(NAMES, urls, strict=True)]
        parts.append(model("plain", *NAMES, **options))
        gateway = await stack.enter_async_context(serving(folder, *parts))
        yield Outage(gateway, simulators, frozenset(failing), fault in HANGING)


@contextmanager
def nobody() -> Iterator[str]:
    """A base URL where connections are refused, for as long as this is held."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # it does not listen, and nobody else gets the port
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/v1"


def question(*, is_stream: bool, text: str = "What is a signal box?") -> bytes:
    """A request."""
    return chat(asking(text, stream=is_stream))


def check_is_whole(answer: Answer, *, is_stream: bool) -> None:
    """An answer that a caller can use: all of it, and nothing of what others have said."""
    assert answer.status == 200, answer
    if is_stream:
        events = answer.body.split(b"\n\n")
        assert answer.body.endswith(DONE), answer
        assert b'"error"' not in answer.body
        chunks = [msgspec.json.decode(event.removeprefix(b"data: ")) for event in events[:-2]]
        choices = [choice for one in chunks for choice in one["choices"]]
        assert any(choice["delta"].get("content") for choice in choices)
        assert choices[-1]["finish_reason"] == "stop"
    else:
        (choice,) = msgspec.json.decode(answer.body)["choices"]
        assert choice["message"]["content"]
        assert choice["finish_reason"] == "stop"


def is_answered_all_the_same(fault: str, *, is_stream: bool) -> bool:
    """Whether the caller gets a whole answer of the failing target: nobody has to be asked instead."""
    return fault == "slow" or (fault == "too short" and is_stream)  # a stream's closing event has come


def told_by(answer: Answer) -> str:
    """Which provider has answered."""
    return (answer.field(b"x-stellwerk-provider") or b"").decode()
