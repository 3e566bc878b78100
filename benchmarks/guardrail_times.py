"""Time and memory of the checks that have a model."""

from __future__ import annotations

import subprocess
import sys
from statistics import quantiles
from time import perf_counter

from stellwerk.guardrails import injection, toxicity
from stellwerk.text.reading import read

SAMPLE = "Please summarise the document about our restaurant: opening hours, menu, allergens, and who to call. "
LOAD = """
import time, resource
from stellwerk.guardrails import injection
from stellwerk.text import reading
before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
injection.build(injection.Settings()).check(reading.read("hello"))
took, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(f"first check with numpy and weights loaded: {took:.3f} s, {(after - before) / 1024:.1f} MB more")
"""


def times() -> None:
    """Print how long texts of several sizes take, and what loading costs."""
    checks = {"injection": injection.build(injection.Settings()), "toxicity": toxicity.build(toxicity.Settings())}
    print("\n| check | size | least ms | p50 ms | p99 ms |\n| --- | --: | --: | --: | --: |")
    for name, check in checks.items():
        for size in (200, 1_000, 4_000, 32_000):
            subject = read((SAMPLE * (size // len(SAMPLE) + 1))[:size])
            taken = []
            for _ in range(300):
                begun = perf_counter()
                check.check(subject)
                taken.append((perf_counter() - begun) * 1e3)
            cuts = quantiles(taken, n=100)
            print(f"| {name} | {size} | {min(taken):.2f} | {cuts[49]:.2f} | {cuts[98]:.2f} |")
    print(subprocess.run([sys.executable, "-c", LOAD], check=True, capture_output=True, text=True).stdout.strip())
