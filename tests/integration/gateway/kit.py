"""A whole gateway in the test's loop: from a configuration text to a loopback port, on a clock that tests can push."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from stellwerk.analytics.writer import EventWriter
from stellwerk.config.compile import compile_file
from stellwerk.core.event import RequestEvent
from stellwerk.core.snapshot import Snapshot
from stellwerk.counters.memory import MemoryCounter
from stellwerk.errors import RequestError
from stellwerk.gateway import wiring
from stellwerk.gateway.app import App
from stellwerk.gateway.endpoints import chat_completions
from stellwerk.gateway.endpoints.operation import Operation
from stellwerk.gateway.meters import Meters
from stellwerk.gateway.purses import Purses
from stellwerk.gateway.vitals import Vitals
from stellwerk.http.deadlines import Deadlines, Timer
from stellwerk.http.request import Request
from stellwerk.supervisor import board
from stellwerk.supervisor.log import Log
from tests.integration.gateway.evidence import assert_no_secret, provider_key
from tests.integration.http.application import listener
from tests.integration.http.loop import eventually

KEY = "web-key-0123456789"
"""A caller that may use every model."""
LIMITED_KEY = "intern-key-0123456789"
"""A caller that may use ``plain`` alone."""
ADMIN_TOKEN = "admin-token-0123456789"
PATIENCE_S = 10.0
"""Longest time that a gateway is used in one test."""
CHAT = chat_completions.PATH

SERVER = """
[server]
listen = "127.0.0.1:0"
"""
OPERATOR = f"""
[admin]
token = "{ADMIN_TOKEN}"
"""
KEYS = f"""
[[keys]]
name = "web"
team = "shop"
key = "{KEY}"

[[keys]]
name = "intern"
key = "{LIMITED_KEY}"
models = ["plain"]
"""


class Clock:
    """Real time that a test can push forward; pauses between attempts pass at once, and are remembered."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._offset_s = 0.0
        self.wall_ahead_s = 0.0
        self.deadlines = Deadlines(self, self._call_at)
        self.pauses_s: list[float] = []
        self.holds_pauses = False
        """Whether pauses wait for ``end_pauses`` instead."""
        self._held: list[_Pause] = []

    def __call__(self) -> float:
        """The time."""
        return time.monotonic() + self._offset_s

    def wall(self) -> float:
        """Unix time, pushed along, and further by ``wall_ahead_s``."""
        return time.time() + self._offset_s + self.wall_ahead_s

    def advance(self, seconds: float) -> None:
        """Moves on, and calls whoever is due."""
        self._offset_s += seconds
        self.deadlines.sweep()

    def call_later(self, delay_s: float, call: Callable[[], None]) -> Timer:
        """Stands in for the loop's own: the pauses between attempts come here."""
        self.pauses_s.append(delay_s)
        pause = _Pause(call)
        if self.holds_pauses:
            self._held.append(pause)
        else:
            self._loop.call_soon(pause.end)
        return pause

    def end_pauses(self) -> None:
        """Ends the pauses that are held."""
        held, self._held = self._held, []
        for pause in held:
            pause.end()

    @property
    def held_pauses(self) -> int:
        """How many pauses are held and still wanted."""
        return sum(pause.is_wanted for pause in self._held)

    def _call_at(self, when: float, call: Callable[[], None]) -> Timer:
        return self._loop.call_at(when - self._offset_s, call)


class _Pause:
    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self.is_wanted = True

    def end(self) -> None:
        if self.is_wanted:
            self.is_wanted = False
            self._call()

    def cancel(self) -> None:
        self.is_wanted = False


class _Counting:
    """The gateway's application, with a count of the requests for providers that it was handed."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.accept = app.accept
        self.asked = 0

    def handle(self, request: Request) -> None:
        """Counts, and hands on."""
        self._count(request)
        self._app.handle(request)

    def refusal(self, error: RequestError, request: Request) -> tuple[bytes, bytes]:
        """Counts what ends before it is served too."""
        self._count(request)
        return self._app.refusal(error, request)

    def _count(self, request: Request) -> None:
        self.asked += self._app.asks_a_provider(request)


@dataclass
class Gateway:
    """A gateway under test, and what it left behind."""

    port: int
    clock: Clock
    parts: wiring.Gateway
    snapshot: Snapshot
    events: list[RequestEvent]
    log: io.StringIO
    vitals: Vitals
    writer: EventWriter
    counter: MemoryCounter
    purses: Purses
    _counting: _Counting
    _compile: Callable[[str], Snapshot]

    @property
    def url(self) -> str:
        """Where its paths begin."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def source(self) -> str:
        """The text of its first configuration."""
        return Path(self.snapshot.source).read_text(encoding="utf-8")

    @property
    def asked(self) -> int:
        """How many requests for providers came."""
        return self._counting.asked

    @property
    def logged(self) -> list[dict[str, Any]]:
        """The lines of its log."""
        return [msgspec.json.decode(line) for line in self.log.getvalue().splitlines()]

    @property
    def upstream_connections(self) -> int:
        """Open connections to providers."""
        return self.parts.pool.connections

    @property
    def awaits_a_body(self) -> bool:
        """Whether some caller has sent the head of a request and not all of its body."""
        connections = self.parts.front._connections
        return any(one.awaits_a_body for one in connections)

    def advance(self, seconds: float) -> None:
        """Lets time go by."""
        self.clock.advance(seconds)

    def compile(self, text: str) -> Snapshot:
        """A further version of the configuration."""
        return self._compile(text)

    def adopt(self, snapshot: Snapshot) -> None:
        """Reloads."""
        wiring.adopt(self.parts, snapshot)

    async def event(self, number: int = 1) -> RequestEvent:
        """The event of that number, once it is there."""
        await eventually(lambda: len(self.events) >= number)
        return self.events[number - 1]

    async def check_nothing_is_left(self) -> None:
        """Every request accounted for, every connection given back, nobody waiting for time to pass, no secret told."""
        await eventually(lambda: self.parts.account.in_flight == 0)
        assert not any(purse.used for purse in self.purses._purses.values())
        assert len(self.events) == self.asked
        assert len({event.request_id for event in self.events}) == len(self.events)
        self.parts.front.abort()
        await self.parts.front.drain()
        self.parts.renewals.stop()
        self.parts.monitor.probing.stop()
        self.parts.pool.close()
        await eventually(lambda: self.upstream_connections == 0)
        assert not self.clock.deadlines._members
        assert not self.clock.held_pauses
        assert_no_secret(self.log.getvalue().encode())
        assert_no_secret(msgspec.json.encode(self.events))


@asynccontextmanager
async def serving(folder: Path, *sections: str) -> AsyncIterator[Gateway]:
    """A gateway that serves the configuration made of ``sections``, with keys, on a loopback port."""
    loop = asyncio.get_running_loop()
    snapshot = _compile(folder, 1, *sections)
    clock, events, log = Clock(loop), list[RequestEvent](), io.StringIO()
    writer = EventWriter(wiring.open_events(snapshot))

    def record(event: RequestEvent) -> None:
        events.append(event)
        writer.record(event)

    operation = Operation(
        is_ready=lambda: vitals.is_ready,
        metrics=lambda: vitals.prometheus(),  # noqa: PLW0108  # vitals come after the gateway they watch
        health=lambda: vitals.health(),  # noqa: PLW0108
    )
    parts = wiring.assemble(snapshot, clock.deadlines, clock.call_later, record, operation, Log(log), wall=clock.wall)
    counter = MemoryCounter()
    purses = Purses(counter, "here", clock.wall, None, Log(log))
    parts.pipeline.counting = lambda: Meters(purses, clock.wall)
    counting = _Counting(parts.app)
    parts.front.app = counting
    pages = folder / "board"
    pages.mkdir(exist_ok=True)
    vitals = Vitals(board.Page(pages, 0), board.Board(pages), parts, writer)
    vitals.be_ready(snapshot.version, is_ready=True)
    bound = listener()
    await parts.front.listen(bound)
    versions = iter(range(2, 100))
    gateway = Gateway(
        port=bound.getsockname()[1],
        clock=clock,
        parts=parts,
        snapshot=snapshot,
        events=events,
        log=log,
        vitals=vitals,
        writer=writer,
        counter=counter,
        purses=purses,
        _counting=counting,
        _compile=lambda text: _compile(folder, next(versions), text),
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield gateway
            await gateway.check_nothing_is_left()
    finally:
        parts.front.abort()
        await parts.front.drain()
        parts.renewals.stop()
        parts.monitor.probing.stop()
        parts.pool.close()
        parts.vault.close()
        if parts.pipeline.recollection is not None:
            parts.pipeline.recollection.cache.close()
        vitals.stop()
        writer.close(5.0)


def provider(name: str, base_url: str) -> str:
    """A section for a provider, under a key of its own."""
    key = provider_key(name)
    return f'\n[[providers]]\nname = "{name}"\nkind = "openai"\nbase_url = "{base_url}"\napi_key = "{key}"\n'


UNBROKEN = "[breaker]\nenabled = false\n"
"""A section without circuit breakers, for targets that fail on purpose time and again."""


def model(name: str, *targets: str, **options: object) -> str:
    """A section for a model; a target is ``provider`` or ``provider/model``."""
    listed = ", ".join(_target(target) for target in targets)
    lines = "".join(f"{option} = {value}\n" for option, value in options.items())
    return f'\n[[models]]\nname = "{name}"\ntargets = [{listed}]\n{lines}'


def _target(text: str) -> str:
    provider_name, _, model_name = text.partition("/")
    return f'{{ provider = "{provider_name}", model = "{model_name or "gpt-5-mini"}" }}'


def _compile(folder: Path, version: int, *sections: str) -> Snapshot:
    text = "".join(sections)
    file = folder / f"stellwerk-{version}.toml"
    parts = [SERVER if "[server]" not in text else "", OPERATOR if "[admin]" not in text else "", text]
    file.write_text("".join([*parts, KEYS if "[[keys]]" not in text else ""]), encoding="utf-8")
    return compile_file(file, version=version)
