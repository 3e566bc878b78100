"""Counters and latency histograms of a worker, and the Prometheus text for all workers of a host."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping

import msgspec

from stellwerk.gateway.lease import Outcome, Settlement

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


class Series(msgspec.Struct):
    """Everything counted of one combination of model, target, outcome and status."""

    model: str
    target: str
    outcome: str
    status: int
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    latency_sum_s: float = 0.0
    overhead_sum_s: float = 0.0
    buckets: list[int] = msgspec.field(default_factory=lambda: [0] * (len(BUCKETS_S) + 1))

    def add(self, other: Series) -> None:
        """Adds what another worker has counted of the same."""
        self.requests += other.requests
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.latency_sum_s += other.latency_sum_s
        self.overhead_sum_s += other.overhead_sum_s
        self.buckets = [mine + theirs for mine, theirs in zip(self.buckets, other.buckets, strict=True)]


class Metrics:
    """The counters of one worker. Labels come from the configuration alone: a caller cannot make new series."""

    __slots__ = ("_models", "_series", "has_changed")

    def __init__(self, models: Iterable[str]) -> None:
        self._models = frozenset(models)
        self._series: dict[tuple[str, str, Outcome, int], Series] = {}
        self.has_changed = True

    def restore(self, dump: bytes) -> None:
        """Continues the counters of a predecessor. A dump that cannot be read (an older version's) is left out."""
        for series in merge([dump]):
            self._series[(series.model, series.target, Outcome(series.outcome), series.status)] = series

    def know(self, models: Iterable[str]) -> None:
        """Replaces the model names that may be labels; what was counted stays."""
        self._models = frozenset(models)

    def count(self, model: str, target: str, settlement: Settlement) -> None:
        """Counts one request that has ended."""
        key = (model, target, settlement.outcome, settlement.status)
        series = self._series.get(key)
        if series is None:
            series = self._open(model, target, settlement)
        latency_s = settlement.latency_s
        usage = settlement.usage
        series.requests += 1
        series.input_tokens += usage.input_tokens
        series.output_tokens += usage.output_tokens
        series.latency_sum_s += latency_s
        series.overhead_sum_s += latency_s - settlement.waited_s
        series.buckets[bisect_left(BUCKETS_S, latency_s)] += 1
        self.has_changed = True

    def dump(self) -> bytes:
        """All series, for another process."""
        self.has_changed = False
        return msgspec.msgpack.encode(list(self._series.values()))

    def _open(self, model: str, target: str, settlement: Settlement) -> Series:
        known = model if model in self._models else ""
        key = (known, target, settlement.outcome, settlement.status)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = Series(known, target, settlement.outcome.value, settlement.status)
        return series


def merge(dumps: Iterable[bytes]) -> list[Series]:
    """The series of several workers as one list. A dump that cannot be read (an older version's) is left out."""
    merged: dict[tuple[str, str, str, int], Series] = {}
    for dump in dumps:
        try:
            decoded = msgspec.msgpack.decode(dump, type=list[Series])
        except msgspec.MsgspecError:
            continue
        for series in decoded:
            key = (series.model, series.target, series.outcome, series.status)
            if key in merged:
                merged[key].add(series)
            else:
                merged[key] = series
    return list(merged.values())


def render(series: Iterable[Series], gauges: Mapping[str, float]) -> bytes:
    """Prometheus text format 0.0.4. ``gauges`` are further values without labels, by their full name."""
    rows = sorted(series, key=lambda row: (row.model, row.target, row.outcome, row.status))
    lines: list[str] = []
    _family(lines, "stellwerk_requests_total", "counter", "Requests that have ended.")
    lines += [f"stellwerk_requests_total{{{_labels(row)}}} {row.requests}" for row in rows]
    _family(lines, "stellwerk_tokens_total", "counter", "Tokens as providers counted them.")
    for row in rows:
        lines.append(f'stellwerk_tokens_total{{{_labels(row)},direction="input"}} {row.input_tokens}')
        lines.append(f'stellwerk_tokens_total{{{_labels(row)},direction="output"}} {row.output_tokens}')
    _family(lines, "stellwerk_overhead_seconds_total", "counter", "Time spent in the gateway itself.")
    lines += [f"stellwerk_overhead_seconds_total{{{_labels(row)}}} {row.overhead_sum_s:.6f}" for row in rows]
    _family(lines, "stellwerk_request_duration_seconds", "histogram", "From the request's last byte to the answer's.")
    for row in rows:
        lines += _histogram("stellwerk_request_duration_seconds", row)
    for name, value in gauges.items():
        _family(lines, name, "counter" if name.endswith("_total") else "gauge", name.replace("_", " "))
        lines.append(f"{name} {value:g}" if value != int(value) else f"{name} {int(value)}")
    return ("\n".join(lines) + "\n").encode()


def _histogram(name: str, row: Series) -> list[str]:
    labels = _labels(row)
    lines, total = [], 0
    for bound, count in zip((*BUCKETS_S, float("inf")), row.buckets, strict=True):
        total += count
        lines.append(f'{name}_bucket{{{labels},le="{"+Inf" if bound == float("inf") else f"{bound:g}"}"}} {total}')
    return [*lines, f"{name}_sum{{{labels}}} {row.latency_sum_s:.6f}", f"{name}_count{{{labels}}} {total}"]


def _labels(row: Series) -> str:
    pairs = (("model", row.model), ("target", row.target), ("outcome", row.outcome), ("status", str(row.status)))
    return ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in pairs)


def _family(lines: list[str], name: str, kind: str, text: str) -> None:
    lines.append(f"# HELP {name} {text}")
    lines.append(f"# TYPE {name} {kind}")
