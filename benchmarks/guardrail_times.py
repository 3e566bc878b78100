"""Time and memory of the checks that have a model. Times are of CPU, so that others on the machine do not count."""

from __future__ import annotations

import subprocess
import sys
from statistics import quantiles
from time import thread_time

from stellwerk.guardrails import injection, toxicity
from stellwerk.text.reading import read

LOAD = """
import time
from pathlib import Path
from stellwerk.guardrails import injection
from stellwerk.text import reading
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6
before, begun = resident(), time.process_time()
injection.build(injection.Settings()).check(reading.read("hello"))
print(f"first check, with numpy and weights: {time.process_time() - begun:.3f} s of CPU, {resident() - before:.1f} MB")
"""


def _text(size: int) -> str:
    """A text that hardly repeats itself."""
    parts = (
        f"Guest {place * 7919 % 100_003} asked at {place % 24}:{place * 37 % 60:02} for dish {place * 31 % 977}. "
        for place in range(size // 30 + 1)
    )
    return "".join(parts)[:size]


def times() -> None:
    """Print how long texts of several sizes take, and what loading costs."""
    checks = {"injection": injection.build(injection.Settings()), "toxicity": toxicity.build(toxicity.Settings())}
    print("\n| check | size | least ms | p50 ms | p99 ms |\n| --- | --: | --: | --: | --: |")
    for name, check in checks.items():
        for size in (200, 1_000, 4_000, 32_000):
            subject = read(_text(size))
            taken = []
            for _ in range(300):
                begun = thread_time()
                check.check(subject)
                taken.append((thread_time() - begun) * 1e3)
            cuts = quantiles(taken, n=100)
            print(f"| {name} | {size} | {min(taken):.2f} | {cuts[49]:.2f} | {cuts[98]:.2f} |")
    print(subprocess.run([sys.executable, "-c", LOAD], check=True, capture_output=True, text=True).stdout.strip())
