"""Runs the kit's load generator and reads its result."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchmarks.compiler import compiled
from benchmarks.failures import BenchmarkError

MARGIN_S = 10.0


class Durations(msgspec.Struct, frozen=True):
    """A distribution of durations, in microseconds."""

    count: int
    mean: float
    p50: float
    p90: float
    p99: float
    p999: float
    max: float


class LoadResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one run of the generator saw; `requests` were answered whole, `errors` were not."""

    requests: int
    cancelled: int
    errors: int
    not_200: int
    unfinished: int
    reconnects: int
    elapsed_s: float
    requests_per_s: float
    events: int
    reads: int
    bytes: int
    generator_cpu_ns: int
    first_status: int
    first_error: str
    latency_us: Durations
    ttft_us: Durations
    event_gap_us: Durations
    send_delay_us: Durations

    @property
    def failures(self) -> int:
        """Requests without a whole answer of status 200."""
        return self.errors + self.not_200


@dataclass(frozen=True, kw_only=True)
class Load:
    """A load to make: bounded by `requests`, by `seconds`, or by both; `rate` makes it an open loop."""

    port: int
    path: str
    headers: tuple[str, ...]
    body: Path
    connections: int = 16
    requests: int | None = None
    seconds: float | None = None
    rate: float | None = None
    ramp_s: float = 0.0
    cancel_after: int = 0
    timeout_s: float = 30.0
    longest_s: float = 600.0
    """The generator is ended after this time, when only `requests` bounds it."""

    def command(self) -> list[str]:
        """The command line of the generator."""
        options: dict[str, object] = {
            "--port": self.port,
            "--path": self.path,
            "--body": self.body,
            "--connections": self.connections,
            "--requests": self.requests,
            "--seconds": self.seconds,
            "--rate": self.rate,
            "--ramp": self.ramp_s,
            "--cancel-after": self.cancel_after,
            "--timeout": self.timeout_s,
        }
        command = [str(compiled("load"))]
        for option, value in options.items():
            if value is not None:
                command += [option, str(value)]
        for header in self.headers:
            command += ["--header", header]
        return command

    def limit_s(self) -> float:
        """When the generator must have ended by itself."""
        return (self.seconds or self.longest_s) + self.timeout_s + MARGIN_S


class RunningLoad:
    """A load that goes on in the background."""

    def __init__(self, load: Load) -> None:
        """Start it."""
        self._load = load
        self._child = subprocess.Popen(load.command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    @property
    def is_running(self) -> bool:
        """Whether the generator still works."""
        return self._child.poll() is None

    def result(self) -> LoadResult:
        """Wait for the end."""
        try:
            output, complaint = self._child.communicate(timeout=self._load.limit_s())
        except subprocess.TimeoutExpired as error:
            raise BenchmarkError(f"the load generator did not end within {self._load.limit_s():.0f} s") from error
        if self._child.returncode != 0:
            raise BenchmarkError(f"the load generator failed: {complaint.decode(errors='replace').strip()}")
        return msgspec.json.decode(output, type=LoadResult)

    def stop(self) -> None:
        """End it when it still runs."""
        if self._child.poll() is None:
            self._child.kill()
            self._child.communicate()


@contextmanager
def running(load: Load) -> Iterator[RunningLoad]:
    """The load in the background, ended with the block."""
    started = RunningLoad(load)
    try:
        yield started
    finally:
        started.stop()


def run(load: Load) -> LoadResult:
    """Make the load and wait for its end."""
    with running(load) as started:
        return started.result()
