"""Counters and latency histograms of a worker, and the Prometheus text for all workers of a host."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from types import MappingProxyType
from typing import TypeAlias

import msgspec

from stellwerk.core.cost import NANOS_PER_USD
from stellwerk.core.event import RequestEvent

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
BUCKETS_US = tuple(int(bound * 1_000_000) for bound in BUCKETS_S)
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})
Key: TypeAlias = tuple[str, str, str, str, int]
Labelled: TypeAlias = Mapping[str, list[tuple[dict[str, str], float]]]
"""Samples of a name: labels and value."""


class Series(msgspec.Struct):
    """Everything counted of one combination of model, target, outcome and status. Sums are of microseconds."""

    model: str
    provider: str
    provider_model: str
    outcome: str
    status: int
    input_tokens: int = 0
    output_tokens: int = 0
    latency_sum_us: int = 0
    overhead_sum_us: int = 0
    cost_nanos: int = 0
    buckets: list[int] = msgspec.field(default_factory=lambda: [0] * (len(BUCKETS_S) + 1))
    guardrails: dict[str, int] = {}
    """How often guardrails have come to each decision."""
    optimized: dict[str, int] = {}
    """Tokens that optimizers have saved, by step."""
    cached: dict[str, int] = {}
    """How often answers were found in the cache, or not, by how."""

    @property
    def key(self) -> Key:
        """What it counts."""
        return (self.model, self.provider, self.provider_model, self.outcome, self.status)

    @property
    def requests(self) -> int:
        """How many there were."""
        return sum(self.buckets)

    def add(self, other: Series) -> None:
        """Adds what another worker has counted of the same."""
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.latency_sum_us += other.latency_sum_us
        self.overhead_sum_us += other.overhead_sum_us
        self.cost_nanos += other.cost_nanos
        for decision, count in other.guardrails.items():
            self.guardrails[decision] = self.guardrails.get(decision, 0) + count
        for tier, count in other.cached.items():
            self.cached[tier] = self.cached.get(tier, 0) + count
        for step, tokens in other.optimized.items():
            self.optimized[step] = self.optimized.get(step, 0) + tokens
        self.buckets = [mine + theirs for mine, theirs in zip(self.buckets, other.buckets, strict=True)]


class Metrics:
    """The counters of one worker. Labels come from the configuration alone: a caller cannot make new series."""

    __slots__ = ("_models", "_series", "has_changed")

    def __init__(self, models: Iterable[str]) -> None:
        self._models = frozenset(models)
        self._series: dict[Key, Series] = {}
        self.has_changed = True

    def restore(self, dump: bytes) -> None:
        """Continues the counters of a predecessor. A dump that cannot be read (an older version's) is left out."""
        for series in merge([dump]):
            self._series[series.key] = series

    def know(self, models: Iterable[str]) -> None:
        """Replaces the model names that may be labels; what was counted stays."""
        self._models = frozenset(models)

    def count(self, event: RequestEvent) -> None:
        """Counts one request that has ended."""
        key = (event.model, event.provider, event.provider_model, event.outcome, event.status)
        series = self._series.get(key)
        if series is None:
            series = self._open(event)
        latency_us = event.latency_us
        series.input_tokens += event.input_tokens
        series.output_tokens += event.output_tokens
        series.latency_sum_us += latency_us
        series.overhead_sum_us += event.overhead_us
        if event.cost_nanos:
            series.cost_nanos += event.cost_nanos
        if event.guardrails:
            decision = event.guardrails.partition(";")[0]
            series.guardrails[decision] = series.guardrails.get(decision, 0) + 1
        if event.optimize_tokens:
            for part in event.optimize.split("; ")[1:]:
                step, _, tokens = part.partition("=")
                series.optimized[step] = series.optimized.get(step, 0) + int(tokens)
        if event.cache:
            tier = event.cache.partition(";")[0].partition(":")[0]
            series.cached[tier] = series.cached.get(tier, 0) + 1
        series.buckets[bisect_left(BUCKETS_US, latency_us)] += 1
        self.has_changed = True

    def dump(self) -> bytes:
        """All series, for another process."""
        self.has_changed = False
        return msgspec.msgpack.encode(list(self._series.values()))

    def _open(self, event: RequestEvent) -> Series:
        known = event.model if event.model in self._models else ""
        series = Series(known, event.provider, event.provider_model, event.outcome, event.status)
        return self._series.setdefault(series.key, series)


def _decision(word: str) -> str:
    decision, _, degraded = word.partition(", ")
    return f'decision="{decision}",degraded="{"true" if degraded else "false"}"'


_Counts: TypeAlias = tuple[str, Callable[[str], str], str, Callable[[Series], dict[str, int]]]
_COUNTED: tuple[_Counts, ...] = (
    (
        "stellwerk_guardrail_decisions_total",
        _decision,
        "What guardrails have made of requests.",
        attrgetter("guardrails"),
    ),
    (
        "stellwerk_cache_requests_total",
        'result="{}"'.format,
        "Requests, by how the cache found their answer.",
        attrgetter("cached"),
    ),
    (
        "stellwerk_optimized_tokens_total",
        'step="{}"'.format,
        "Tokens of prompts that optimizers have saved.",
        attrgetter("optimized"),
    ),
)
"""Counts by a word: the metric, what makes labels of the word, its help, and where the counts are."""


def merge(dumps: Iterable[bytes]) -> list[Series]:
    """The series of several workers as one list. A dump that cannot be read (an older version's) is left out."""
    merged: dict[Key, Series] = {}
    for dump in dumps:
        try:
            decoded = msgspec.msgpack.decode(dump, type=list[Series])
        except msgspec.MsgspecError:
            continue
        for series in decoded:
            if len(series.buckets) != len(BUCKETS_S) + 1:
                continue
            if series.key in merged:
                merged[series.key].add(series)
            else:
                merged[series.key] = series
    return list(merged.values())


def render(series: Iterable[Series], gauges: Mapping[str, float], labelled: Labelled = MappingProxyType({})) -> bytes:
    """Prometheus text format 0.0.4. ``gauges`` are further values by their full name; ``labelled`` have labels."""
    rows = sorted(series, key=lambda row: row.key)
    lines: list[str] = []
    _family(lines, "stellwerk_requests_total", "counter", "Requests that have ended.")
    lines += [f"stellwerk_requests_total{{{_labels(row)}}} {row.requests}" for row in rows]
    _family(lines, "stellwerk_tokens_total", "counter", "Tokens as providers counted them.")
    for row in rows:
        lines.append(f'stellwerk_tokens_total{{{_labels(row)},direction="input"}} {row.input_tokens}')
        lines.append(f'stellwerk_tokens_total{{{_labels(row)},direction="output"}} {row.output_tokens}')
    _family(lines, "stellwerk_overhead_seconds_total", "counter", "Time spent in the gateway itself.")
    lines += [f"stellwerk_overhead_seconds_total{{{_labels(row)}}} {row.overhead_sum_us / 1e6:.6f}" for row in rows]
    _family(lines, "stellwerk_cost_dollars_total", "counter", "What calls cost, as far as models have prices.")
    lines += [f"stellwerk_cost_dollars_total{{{_labels(row)}}} {row.cost_nanos / NANOS_PER_USD:.9f}" for row in rows]
    for name, label, told, counts_of in _COUNTED:
        if any(map(counts_of, rows)):
            _family(lines, name, "counter", told)
        for row in rows:
            lines += [
                f"{name}{{{_labels(row)},{label(word)}}} {count}" for word, count in sorted(counts_of(row).items())
            ]
    _family(lines, "stellwerk_request_duration_seconds", "histogram", "From the request's last byte to the answer's.")
    for row in rows:
        lines += _histogram("stellwerk_request_duration_seconds", row)
    for name, value in gauges.items():
        _family(lines, name, "counter" if name.endswith("_total") else "gauge", name.replace("_", " "))
        lines.append(f"{name} {value:g}" if value != int(value) else f"{name} {int(value)}")
    for name, samples in labelled.items():
        _family(lines, name, "gauge", name.replace("_", " "))
        lines += [f"{name}{{{_pairs(labels.items())}}} {value:g}" for labels, value in samples]
    return ("\n".join(lines) + "\n").encode()


def _histogram(name: str, row: Series) -> list[str]:
    labels = _labels(row)
    lines, total = [], 0
    for bound, count in zip((*BUCKETS_S, float("inf")), row.buckets, strict=True):
        total += count
        lines.append(f'{name}_bucket{{{labels},le="{"+Inf" if bound == float("inf") else f"{bound:g}"}"}} {total}')
    return [*lines, f"{name}_sum{{{labels}}} {row.latency_sum_us / 1e6:.6f}", f"{name}_count{{{labels}}} {total}"]


def _labels(row: Series) -> str:
    target = f"{row.provider}/{row.provider_model}" if row.provider else ""
    pairs = (("model", row.model), ("target", target), ("outcome", row.outcome), ("status", str(row.status)))
    return _pairs(pairs)


def _pairs(labels: Iterable[tuple[str, str]]) -> str:
    return ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in labels)


def _family(lines: list[str], name: str, kind: str, text: str) -> None:
    lines.append(f"# HELP {name} {text}")
    lines.append(f"# TYPE {name} {kind}")
