"""`python -m benchmarks guardrail_times DATA_DIR`: time and memory of the local checks, over ordinary texts.

Times are of CPU, so that others on the machine do not count.

Caches of the processor and its clock are shared with others all the same: each text is judged several times, other
texts in between, and its least time counts.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import quantiles
from time import thread_time

from benchmarks.machine import this_machine
from scripts.guardrail_rows import rows
from stellwerk.core.subject import Speaker
from stellwerk.guardrails import injection, pii, secret_leak, toxicity
from stellwerk.text.reading import read

SIZES = {1_000: 200, 4_000: 100, 32_000: 40}
"""Characters of the texts, and how many are judged."""
ROUNDS = 4
LOAD = """
import time
from pathlib import Path
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6
before, begun = resident(), time.process_time()
from stellwerk.guardrails import injection, pii, secret_leak, toxicity
from stellwerk.text.reading import read
checks = [each.build(each.Settings()) for each in (pii, secret_leak, injection, toxicity)]
for check in checks:
    check.check(read("Write to Anna Smith, please."))
print(f"{time.process_time() - begun:.3f} s of CPU, {resident() - before:.1f} MB", end="")
text = " ".join(f"Guest {n * 7919 % 100_003} asked for dish {n * 31 % 977}." for n in range(1_000))[:32_000]
for check in checks:
    check.check(read(text))
print(f"; {resident() - before:.1f} MB after a text of 32 KB")
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; the directory holds `injection.jsonl`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks guardrail_times")
    parser.add_argument("data", type=Path)
    options = parser.parse_args(arguments)
    print(this_machine().line())
    times([row.text for row in rows([options.data / "injection.jsonl"]) if row.label == 0])
    return 0


def texts(ordinary: Sequence[str], size: int, count: int) -> list[str]:
    """So many texts of a size, made of ordinary ones in a random order, which is the same every time."""
    chance = random.Random(size)
    made = []
    for _ in range(count):
        parts: list[str] = []
        while sum(map(len, parts)) < size:
            parts.append(chance.choice(ordinary))
        made.append("\n\n".join(parts)[:size])
    return made


def times(ordinary: Sequence[str]) -> None:
    """Print how long texts of several sizes take, made of ordinary ones, and what loading costs."""
    checks = {
        "personal data": pii.build(pii.Settings()),
        "secrets": secret_leak.build(secret_leak.Settings()),
        "injection": injection.build(injection.Settings()),
        "toxicity": toxicity.build(toxicity.Settings()),
    }
    parts = ("reading", *checks, "together")
    print(f"\n| p50 / p99, ms | {' | '.join(parts)} |\n| --- |{' --: |' * len(parts)}")
    for size, count in SIZES.items():
        made = texts(ordinary, size, count)
        for speaker in (Speaker.USER, Speaker.TOOL):
            best: dict[int, list[float]] = {}
            for _ in range(ROUNDS):
                for place, text in enumerate(made):
                    clock = [thread_time()]
                    subject = read(text, speaker=speaker)
                    clock.append(thread_time())
                    for check in checks.values():
                        check.check(subject)
                        clock.append(thread_time())
                    taken = [(after - before) * 1e3 for before, after in pairwise(clock)]
                    best[place] = min(best.get(place, [1e9]), [*taken, sum(taken)], key=lambda row: row[-1])
            cells = []
            for column in zip(*best.values(), strict=True):
                cuts = quantiles(column, n=100, method="inclusive")
                cells.append(f"{cuts[49]:.2f} / {cuts[98]:.2f}")
            print(f"| {size:,}, {speaker} | {' | '.join(cells)} |")
    told = subprocess.run([sys.executable, "-c", LOAD], check=True, capture_output=True, text=True).stdout.strip()
    print(f"\nfirst checks, with numpy and weights: {told}")
