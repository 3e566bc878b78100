"""Thousands of paced streams through one worker: errors, memory per stream, and how evenly events arrive."""

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.contender import Contender, started
from benchmarks.failures import BenchmarkError
from benchmarks.generator import LoadResult, RunningLoad, running
from benchmarks.machine import this_machine
from benchmarks.opponents import OPPONENTS
from benchmarks.options import add_environment_options, names_of, positive
from benchmarks.process import end_on_sigterm, raise_descriptor_limit
from benchmarks.upstream import Upstream, upstream

BODY = "stream_paced.json"
SAMPLES = 4
SAMPLE_INTERVAL_S = 0.5
POLL_S = 0.1
HEADINGS = (
    *("gateway", "streams", "failures", "PSS idle MB", "PSS with all streams MB", "KB per stream", "PSS afterwards MB"),
    *("CPU s", "CPU-µs/event", "first event p50 / p99 ms", "gap p50 / p99 / max ms"),
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One gateway with all its streams."""

    name: str
    streams: int
    at_once: int
    idle_mb: float
    full_mb: float
    afterwards_mb: float
    cpu_ns: int
    load: LoadResult

    @property
    def kb_per_stream(self) -> float:
        """Memory added for each stream that ran at the time of the measurement."""
        return (self.full_mb - self.idle_mb) * 1024 / max(1, self.at_once)

    @property
    def failures(self) -> int:
        """Streams that did not run to their end."""
        return self.load.failures + max(0, self.streams - self.load.requests - self.load.errors)

    def cells(self) -> list[str]:
        """The row of the table."""
        first, gap = self.load.ttft_us, self.load.event_gap_us
        return [
            self.name,
            f"{self.at_once:,} at once of {self.streams:,}",
            str(self.failures),
            f"{self.idle_mb:.1f}",
            f"{self.full_mb:.1f}",
            f"{self.kb_per_stream:.1f}",
            f"{self.afterwards_mb:.1f}",
            f"{self.cpu_ns / 1e9:.2f}",
            f"{self.cpu_ns / 1000 / max(1, self.load.events):.1f}",
            f"{first.p50 / 1000:.1f} / {first.p99 / 1000:.1f}",
            f"{gap.p50 / 1000:.1f} / {gap.p99 / 1000:.1f} / {gap.max / 1000:.1f}",
        ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure each gateway alone; 1 when Stellwerk lost a stream or took too much memory, 2 when nothing ran."""
    options = _options(arguments)
    end_on_sigterm()
    descriptors = raise_descriptor_limit()
    if 2 * options.streams + 256 > descriptors:
        print(f"# {options.streams} streams need about {2 * options.streams + 256} files, {descriptors} are allowed")
        return 2
    print(this_machine().line() + "\n")
    print(f"| {' | '.join(HEADINGS)} |\n|{' --- |' * len(HEADINGS)}")
    complaints: list[str] = []
    try:
        for name in options.gateways:
            outcome = _outcome(name, options)
            print(f"| {' | '.join(outcome.cells())} |", flush=True)
            if outcome.failures:
                print(f"# {name}: {outcome.failures} failures, first: {outcome.load.first_error}", file=sys.stderr)
            complaints += _complaints(outcome, options.max_kb) if name == "stellwerk" else []
    except BenchmarkError as error:
        print(f"# {error}", file=sys.stderr)
        return 2
    for complaint in complaints:
        print(f"# {complaint}", file=sys.stderr)
    return 1 if complaints else 0


def _outcome(name: str, options: argparse.Namespace) -> Outcome:
    with ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="stellwerk-bench-")))
        mock = stack.enter_context(upstream(program=options.mock, url=options.mock_url, directory=directory))
        gateway = started(OPPONENTS[name], mock, home=options.peer_home, directory=directory, streams=options.streams)
        contender = stack.enter_context(gateway)
        # A few streams first, so that code and tables which load once do not count as memory of streams.
        contender.measure(replace(contender.load("stream_burst.json"), requests=200, seconds=5.0))
        return _measured(contender, mock, options)


def _measured(contender: Contender, mock: Upstream, options: argparse.Namespace) -> Outcome:
    load = replace(
        contender.load(BODY),
        connections=options.streams,
        requests=options.streams,
        ramp_s=options.ramp,
        timeout_s=60.0,
        longest_s=60.0,
    )
    idle_mb = contender.memory().pss_mb
    before = contender.cpu_times()
    with running(load) as background:
        at_once = _wait_for_all(background, mock, options.streams)
        full_mb = _highest_memory_mb(contender)
        result = background.result()
    return Outcome(
        name=contender.name,
        streams=options.streams,
        at_once=at_once,
        idle_mb=idle_mb,
        full_mb=full_mb,
        cpu_ns=contender.settled_cpu_times().since(before),
        afterwards_mb=contender.memory().pss_mb,
        load=result,
    )


def _wait_for_all(background: RunningLoad, mock: Upstream, streams: int) -> int:
    """Wait until all streams run at once; returns how many did at best, when some never begin."""
    most = 0
    while background.is_running:
        now = mock.counters().streams_running
        if now >= streams or now < most:
            return max(now, most)
        most = now
        time.sleep(POLL_S)
    return most


def _highest_memory_mb(contender: Contender) -> float:
    highest = 0.0
    for _ in range(SAMPLES):
        highest = max(highest, contender.memory().pss_mb)
        time.sleep(SAMPLE_INTERVAL_S)
    return highest


def _complaints(outcome: Outcome, max_kb: float) -> list[str]:
    complaints = []
    if outcome.failures:
        complaints.append(f"stellwerk lost {outcome.failures} streams")
    if outcome.kb_per_stream > max_kb:
        complaints.append(f"stellwerk takes {outcome.kb_per_stream:.1f} KB per stream, more than {max_kb:.1f}")
    return complaints


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.streams", description=__doc__)
    add = parser.add_argument
    add("--gateways", type=names_of(OPPONENTS), default=["stellwerk"], help="one after the other; default: stellwerk")
    add("--streams", type=positive, default=8000, help="at once (default: %(default)s)")
    add("--ramp", type=float, default=5.0, help="seconds within which they begin (default: %(default)s)")
    add("--max-kb", type=float, default=15.0, help="exit with 1 when Stellwerk takes more a stream (%(default)s)")
    add_environment_options(parser)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
