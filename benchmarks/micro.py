"""Times the parts of the hot path alone: microseconds per call, the best of several repeats."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from timeit import Timer

from benchmarks.cases import (
    baseline,
    dialect,
    egress,
    issuers,
    purses,
    recall,
    routing,
    stages,
    stream,
    tokens,
    translate,
    whole,
)
from benchmarks.cases.case import Case
from benchmarks.machine import this_machine

SOURCES = (
    baseline.cases,
    dialect.cases,
    stream.cases,
    stages.cases,
    routing.cases,
    purses.cases,
    issuers.cases,
    egress.cases,
    translate.cases,
    recall.cases,
    tokens.cases,
    whole.cases,
)
REPEAT_S = 0.02
REPEATS = 9


@dataclass(frozen=True, kw_only=True)
class Timing:
    """The time of one unit of a case."""

    group: str
    name: str
    best_us: float
    median_us: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Time the cases whose name or group contains one of the words given; all without one."""
    options = _options(arguments)
    print(f"{this_machine().line()}\n\n| group | what | best µs | median µs |\n| --- | --- | --: | --: |")
    timings = []
    for case in _selected(options.words):
        timing = _timed(case, options.repeats)
        print(f"| {timing.group} | {timing.name} | {timing.best_us:.3f} | {timing.median_us:.3f} |", flush=True)
        timings.append(timing)
    if options.json:
        options.json.write_text(json.dumps([asdict(timing) for timing in timings], indent=1) + "\n")
    if not timings:
        print("no case has such a name", file=sys.stderr)
    return 0 if timings else 2


def _selected(words: Sequence[str]) -> Iterator[Case]:
    for source in SOURCES:
        for case in source():
            if not words or any(word in f"{case.group} {case.name}" for word in words):
                yield case


def _timed(case: Case, repeats: int) -> Timing:
    """Repeat the call often enough that one repeat takes some milliseconds; the best one met the least other work."""
    timer = Timer(case.call)
    calls = 1
    while (took_s := timer.timeit(calls)) < REPEAT_S:
        calls = max(2 * calls, int(calls * REPEAT_S / max(took_s, 1e-9)))
    times_us = [timer.timeit(calls) / calls / case.units * 1e6 for _ in range(repeats)]
    return Timing(group=case.group, name=case.name, best_us=min(times_us), median_us=median(times_us))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.micro", description=__doc__)
    parser.add_argument("words", nargs="*", help="only cases whose group or name contains one of these")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="default: %(default)s")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the timings there")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
