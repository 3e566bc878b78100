"""Runs simulated providers: in the caller's event loop, in a thread beside it, or as a process of their own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from signal import SIGINT, SIGTERM
from typing import Any

import msgspec
import uvloop

from stellwerk.config.notation import split_address
from stellwerk.core.snapshot import LimitsSpec
from stellwerk.errors import ConfigurationError
from stellwerk.http.deadlines import Deadlines
from stellwerk.http.front import BACKLOG, Front
from stellwerk.simulator.anthropic.speaker import Anthropic
from stellwerk.simulator.bedrock.speaker import Bedrock
from stellwerk.simulator.dialect import Dialect
from stellwerk.simulator.fault import PlannedFault
from stellwerk.simulator.gemini.speaker import Gemini
from stellwerk.simulator.openai.speaker import OpenAI
from stellwerk.simulator.provider import Provider
from stellwerk.simulator.scenario import Scenario, SimulatedProvider
from stellwerk.simulator.timetable import Timetable
from stellwerk.simulator.verdicts.speaker import Verdicts

DRAIN_S = 0.5
"""How long answers under way may take to end on the way out."""

_DIALECTS: dict[str, Callable[[], Dialect]] = {
    "openai": OpenAI,
    "gemini": Gemini,
    "bedrock": Bedrock,
    "anthropic": Anthropic,
    "verdicts": Verdicts,
}


@dataclass(frozen=True)
class Simulator:
    """A simulated provider that runs."""

    name: str
    dialect: str
    address: str
    """Host and port that it listens on."""
    base_url: str
    """What the dialect's own SDK takes."""
    _provider: Provider
    _run: Callable[[Callable[[], Any]], Any]

    def report(self) -> dict[str, Any]:
        """What ``GET /__simulator`` shows."""
        report: dict[str, Any] = self._run(lambda: msgspec.to_builtins(self._provider.report()))
        return report

    def reset(self) -> None:
        """Forgets counters and requests, and starts the plan of faults anew."""
        self._run(self._provider.reset)

    def let_pass(self, seconds: float) -> None:
        """Lets time go by for what it keeps of prompts."""
        self._run(lambda: self._provider.let_pass(seconds))

    def set_faults(self, *faults: PlannedFault) -> None:
        """Replaces the plan of faults; none for none."""
        self._run(lambda: self._provider.set_faults(faults))


@asynccontextmanager
async def running(scenario: Scenario) -> AsyncIterator[tuple[Simulator, ...]]:
    """Runs the providers of ``scenario`` in the running event loop.

    Raises ``ConfigurationError`` when an address cannot be listened on.
    """
    loop = asyncio.get_running_loop()
    timetable = Timetable(loop)
    listeners = _listeners(scenario)
    fronts: list[Front] = []
    simulators: list[Simulator] = []
    try:
        for spec, listener in zip(scenario.providers, listeners, strict=True):
            provider = Provider(spec, _DIALECTS[spec.dialect](), scenario.seed, timetable)
            front = Front(provider, LimitsSpec(), Deadlines(loop.time, loop.call_at))
            fronts.append(front)
            simulators.append(_simulator(spec, listener, provider, lambda act: act()))
            await front.listen(listener)
        yield tuple(simulators)
    finally:
        await asyncio.gather(*[_end(front) for front in fronts])
        for listener in listeners:
            listener.close()


@contextmanager
def running_beside(scenario: Scenario) -> Iterator[tuple[Simulator, ...]]:
    """Runs the providers of ``scenario`` in a thread with its own event loop, for programs without one.

    Raises ``ConfigurationError`` when an address cannot be listened on.
    """
    started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event, tuple[Simulator, ...]]] = Future()

    async def serve() -> None:
        async with running(scenario) as simulators:
            stopped = asyncio.Event()
            started.set_result((asyncio.get_running_loop(), stopped, simulators))
            await stopped.wait()

    with ThreadPoolExecutor(1, thread_name_prefix="simulator") as executor:
        served = executor.submit(lambda: uvloop.run(serve()))
        both: list[Future[Any]] = [started, served]
        wait(both, return_when=FIRST_COMPLETED)
        if not started.done():
            served.result()
        loop, stopped, simulators = started.result()
        try:
            yield tuple(replace(simulator, _run=partial(_call_in, loop)) for simulator in simulators)
        finally:
            loop.call_soon_threadsafe(stopped.set)
            served.result()


def run(scenario: Scenario, announce: Callable[[Sequence[Simulator]], None]) -> int:
    """Runs the providers of ``scenario`` until SIGTERM or SIGINT; gives the exit status.

    ``announce`` hears of them once they listen. Raises ``ConfigurationError`` when an address cannot be listened on.
    """

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        stopped = asyncio.Event()
        for signal in (SIGTERM, SIGINT):
            loop.add_signal_handler(signal, stopped.set)
        async with running(scenario) as simulators:
            announce(simulators)
            await stopped.wait()

    uvloop.run(serve())
    return 0


def announcement(simulators: Sequence[Simulator]) -> str:
    """Names, dialects and base URLs as one line of JSON."""
    entries = [{"name": one.name, "dialect": one.dialect, "base_url": one.base_url} for one in simulators]
    return msgspec.json.encode({"simulators": entries}).decode()


def _listeners(scenario: Scenario) -> list[socket.socket]:
    """A bound socket for each provider; tells at once about every address that cannot be had."""
    listeners: list[socket.socket] = []
    problems: list[str] = []
    for index, spec in enumerate(scenario.providers):
        host, port = split_address(spec.listen)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            listeners.append(socket.create_server((host, port), family=family, backlog=BACKLOG))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            problems.append(f"providers[{index}].listen: {spec.listen} cannot be listened on: {reason}")
    if problems:
        for listener in listeners:
            listener.close()
        raise ConfigurationError(tuple(problems))
    return listeners


def _simulator(
    spec: SimulatedProvider, listener: socket.socket, provider: Provider, call: Callable[[Callable[[], Any]], Any]
) -> Simulator:
    host, port = listener.getsockname()[:2]
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    base_url = f"http://{address}{_DIALECTS[spec.dialect]().base_path}"
    return Simulator(spec.name, spec.dialect, address, base_url, provider, call)


async def _end(front: Front) -> None:
    try:
        async with asyncio.timeout(DRAIN_S):
            await front.drain()
    except TimeoutError:
        front.abort()


def _call_in(loop: asyncio.AbstractEventLoop, act: Callable[[], Any]) -> Any:
    """Does ``act`` in the loop of another thread and waits for it."""
    done: Future[Any] = Future()

    def do() -> None:
        done.set_result(act())

    loop.call_soon_threadsafe(do)
    return done.result()
