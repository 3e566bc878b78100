"""The phases of a run: each loads all contenders in interleaved rounds and keeps what each round measured."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from benchmarks.contender import Contender, Round
from benchmarks.generator import Load
from benchmarks.process import Memory

LATENCY_CONNECTIONS = 64
SLOW_UPSTREAM_CONNECTIONS = (64, 256)
CAPACITY_MARGIN = 0.9
"""An open loop at more than this share of the capacity would measure the queue, not the gateway."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How much is measured."""

    rounds: int = 5
    seconds: float = 2.0
    connections: int = 16
    streams: int = 192
    stream_connections: int = 32
    rates: tuple[int, ...] = (50, 200, 1000)
    latency_seconds: float = 4.0
    soak_requests: int = 50_000
    soak_seconds: float = 30.0


@dataclass
class Measured:
    """Everything measured of one contender; a list holds one entry for each round."""

    contender: Contender
    idle: Memory
    requests: list[Round] = field(default_factory=list)
    streams: list[Round] = field(default_factory=list)
    latency: dict[int, list[Round]] = field(default_factory=dict)
    slow_upstream: dict[int, list[Round]] = field(default_factory=dict)
    soak: Round | None = None
    after_soak: Memory | None = None

    def all_rounds(self) -> Iterator[Round]:
        """The rounds of all phases."""
        yield from self.requests
        yield from self.streams
        for rounds in (*self.latency.values(), *self.slow_upstream.values()):
            yield from rounds
        if self.soak:
            yield self.soak

    def failures(self) -> int:
        """Requests of all phases without a whole answer of status 200."""
        return sum(round_.load.failures for round_ in self.all_rounds())

    def capacity_per_s(self) -> float | None:
        """Requests per second in the closed loop, when that was measured."""
        return median(round_.load.requests_per_s for round_ in self.requests) if self.requests else None


def warmed_up(contender: Contender) -> Measured:
    """Note the idle memory, then bring caches and connections to their working state."""
    measured = Measured(contender, idle=contender.memory())
    contender.measure(replace(contender.load("chat.json"), requests=2000, seconds=3.0))
    contender.measure(replace(contender.load("stream_burst.json"), requests=64, seconds=3.0))
    return measured


def measure_requests(field_: Sequence[Measured], settings: Settings) -> None:
    """Whole answers in a closed loop: CPU time per request, requests per second."""
    for measured in _interleaved(field_, settings.rounds):
        load = measured.contender.load("chat.json")
        load = replace(load, connections=settings.connections, seconds=settings.seconds)
        measured.requests.append(_one_round(measured, load))


def measure_streams(field_: Sequence[Measured], settings: Settings) -> None:
    """Streams of 64 chunks, 5 ms apart: CPU time per server-sent event."""
    for measured in _interleaved(field_, settings.rounds):
        load = measured.contender.load("stream.json")
        load = replace(load, connections=settings.stream_connections, requests=settings.streams, seconds=20.0)
        measured.streams.append(_one_round(measured, load))


def measure_latency(field_: Sequence[Measured], settings: Settings) -> None:
    """Whole answers in an open loop at fixed rates: latency from the intended start."""
    for rate in settings.rates:
        able = [measured for measured in field_ if _can_serve(measured, rate)]
        for measured in _interleaved(able, settings.rounds):
            load = measured.contender.load("chat.json")
            load = replace(load, connections=LATENCY_CONNECTIONS, rate=float(rate), seconds=settings.latency_seconds)
            measured.latency.setdefault(rate, []).append(_one_round(measured, load))


def measure_slow_upstream(field_: Sequence[Measured], settings: Settings) -> None:
    """Whole answers that the provider takes 60 ms for, with many connections."""
    for connections in SLOW_UPSTREAM_CONNECTIONS:
        for measured in _interleaved(field_, settings.rounds):
            load = replace(measured.contender.load("chat_slow.json"), connections=connections, seconds=settings.seconds)
            rounds = measured.slow_upstream.setdefault(connections, [])
            rounds.append(_one_round(measured, load))


def measure_soak(field_: Sequence[Measured], settings: Settings) -> None:
    """Many requests to each in turn, then its memory."""
    for measured in field_:
        load = measured.contender.load("chat.json")
        load = replace(
            load, connections=settings.connections, requests=settings.soak_requests, seconds=settings.soak_seconds
        )
        measured.soak = _one_round(measured, load)
        measured.after_soak = measured.contender.memory()


PHASES: dict[str, Callable[[Sequence[Measured], Settings], None]] = {
    "request": measure_requests,
    "stream": measure_streams,
    "latency": measure_latency,
    "slow": measure_slow_upstream,
    "soak": measure_soak,
}


def _interleaved(field_: Sequence[Measured], rounds: int) -> Iterator[Measured]:
    """A B C, C B A, A B C, …: what drifts on the machine meets all contenders alike."""
    for number in range(rounds):
        yield from field_ if number % 2 == 0 else reversed(field_)


def _can_serve(measured: Measured, rate: int) -> bool:
    capacity = measured.capacity_per_s()
    return capacity is None or rate <= capacity * CAPACITY_MARGIN


def _one_round(measured: Measured, load: Load) -> Round:
    round_ = measured.contender.measure(load)
    result = round_.load
    if result.failures:
        name = measured.contender.name
        print(f"{name}: {result.failures} failures, first: {result.first_error}", file=sys.stderr)
    return round_
