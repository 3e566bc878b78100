"""A million requests, a hundred thousand cancelled streams, stalled readers: whether memory stays flat."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.contender import Contender, started
from benchmarks.failures import BenchmarkError
from benchmarks.generator import Load
from benchmarks.machine import this_machine
from benchmarks.opponents import OPPONENTS
from benchmarks.options import add_environment_options, names_of, positive
from benchmarks.process import end_on_sigterm, raise_descriptor_limit
from benchmarks.stall import Stall, measure_stall, wait_for_streams_to_end
from benchmarks.upstream import Upstream, upstream

STEPS = 10
CONNECTIONS = 32
CANCEL_CONNECTIONS = 64
CANCEL_AFTER_EVENTS = 3
STEP_LIMIT_S = 900.0
WARM_UP = 20_000
"""At most so many before the first step, so that reaching the working state does not count as growth."""


@dataclass
class Run:
    """Memory after every step of one kind of load."""

    what: str
    count: int = 0
    failures: int = 0
    pss_mb: list[float] = field(default_factory=list)

    @property
    def growth_mb(self) -> float:
        """Over the run, by its floor: what is taken and given back is no leak, what lifts the lowest value is one."""
        half = len(self.pss_mb) // 2
        return 2 * (min(self.pss_mb[half:]) - min(self.pss_mb[:half]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak one gateway; 1 when memory grew, a request failed, a stream stayed behind or a reader cost too much."""
    options = _options(arguments)
    end_on_sigterm()
    raise_descriptor_limit()
    print(this_machine().line())
    try:
        complaints = list(_complaints(options))
    except BenchmarkError as error:
        print(f"# {error}", file=sys.stderr)
        return 2
    for complaint in complaints:
        print(f"# {complaint}", file=sys.stderr)
    print("flat, nothing lost" if not complaints else f"{len(complaints)} complaints")
    return 1 if complaints else 0


def _complaints(options: argparse.Namespace) -> Iterator[str]:
    with ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="stellwerk-bench-")))
        mock = stack.enter_context(upstream(program=options.mock, url=options.mock_url, directory=directory))
        gateway = started(OPPONENTS[options.gateway], mock, home=options.peer_home, directory=directory)
        contender = stack.enter_context(gateway)
        print(_idle_line(contender))
        whole = replace(contender.load("chat.json"), connections=CONNECTIONS)
        yield from _judged(_run(contender, whole, "requests", options.requests), options.tolerance_mb)
        cancelled = replace(
            contender.load("stream.json"), connections=CANCEL_CONNECTIONS, cancel_after=CANCEL_AFTER_EVENTS
        )
        yield from _judged(_run(contender, cancelled, "cancelled streams", options.cancelled), options.tolerance_mb)
        if left := wait_for_streams_to_end(mock):
            yield f"{left} cancelled streams still run upstream"
        yield from _judged_stall(contender, mock, options)


def _idle_line(contender: Contender) -> str:
    memory = contender.memory()
    return (
        f"{contender.name}: ready after {contender.start_s:.2f} s, PSS {memory.pss_mb:.1f} MB "
        f"in {memory.processes} processes, the largest {memory.largest_mb:.1f} MB\n"
    )


def _run(contender: Contender, load: Load, what: str, count: int) -> Run:
    run = Run(what)
    contender.measure(replace(load, requests=min(WARM_UP, count // STEPS), longest_s=STEP_LIMIT_S))
    print(f"| {what} | PSS MB | CPU-µs each | each second | failures |\n| --: | --: | --: | --: | --: |")
    for step in range(STEPS):
        part = count * (step + 1) // STEPS - count * step // STEPS
        round_ = contender.measure(replace(load, requests=part, longest_s=STEP_LIMIT_S))
        run.count += round_.load.requests + round_.load.cancelled
        run.failures += round_.load.failures
        run.pss_mb.append(contender.memory().pss_mb)
        print(
            f"| {run.count:,} | {run.pss_mb[-1]:.1f} | {round_.cpu_us_per_request:.1f} "
            f"| {round_.load.requests_per_s:,.0f} | {run.failures} |",
            flush=True,
        )
    print()
    return run


def _judged(run: Run, tolerance_mb: float) -> Iterator[str]:
    if run.failures:
        yield f"{run.failures} of {run.count + run.failures:,} {run.what} failed"
    if run.growth_mb > tolerance_mb:
        yield f"memory grew by {run.growth_mb:.1f} MB over {run.what}, more than {tolerance_mb:.1f} MB"


def _judged_stall(contender: Contender, mock: Upstream, options: argparse.Namespace) -> Iterator[str]:
    stall = measure_stall(contender, mock, options.stalled)
    print(_stall_line(stall))
    if stall.mb_per_reader > options.max_stall_mb:
        yield f"a stalled reader adds {stall.mb_per_reader:.2f} MB, more than {options.max_stall_mb:.2f} MB"
    if stall.events != stall.events_expected:
        yield f"a reader that went on got {stall.events:,} of {stall.events_expected:,} events"
    if stall.left_running:
        yield f"{stall.left_running} streams still run upstream after their readers have gone"


def _stall_line(stall: Stall) -> str:
    return (
        f"{stall.readers} stalled readers add {stall.mb_per_reader:.2f} MB each; "
        f"one that went on got {stall.events:,} of {stall.events_expected:,} events"
    )


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    add = parser.add_argument
    add("--gateway", type=_one_name, default="stellwerk", help="default: stellwerk")
    add("--requests", type=positive, default=1_000_000, help="default: 1,000,000")
    add("--cancelled", type=positive, default=100_000, help="streams that the caller cancels (default: 100,000)")
    add("--stalled", type=positive, default=4, help="readers that stop reading (default: 4)")
    add("--tolerance-mb", type=float, default=2.0, help="growth that still counts as flat (default: %(default)s)")
    add("--max-stall-mb", type=float, default=1.0, help="what a stalled reader may add (default: %(default)s)")
    add_environment_options(parser)
    return parser.parse_args(arguments)


def _one_name(text: str) -> str:
    return names_of(OPPONENTS)(text)[0]


if __name__ == "__main__":
    sys.exit(main())
