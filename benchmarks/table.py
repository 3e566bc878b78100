"""From measured rounds to the table: medians over rounds, and ratios to the fixed opponent in the same rounds."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median

from benchmarks.contender import Round
from benchmarks.phases import SLOW_UPSTREAM_CONNECTIONS, Measured

BASE = "nginx"
DIRECT = "direct"
NOTHING = "-"


@dataclass(frozen=True)
class AddedLatency:
    """Latency above that of the mock without a gateway, in milliseconds."""

    p50_ms: float
    p99_ms: float


@dataclass(frozen=True)
class SlowUpstream:
    """Latency when the provider takes 60 ms, in milliseconds, absolute."""

    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, kw_only=True)
class Row:
    """The figures of one contender; None where nothing was measured, or where answers failed."""

    name: str
    request_cpu_us: float | None
    request_best_us: float | None
    request_spread: float | None
    request_ratio: float | None
    chunk_cpu_us: float | None
    chunk_ratio: float | None
    requests_per_s: float | None
    added: Mapping[int, AddedLatency]
    """By requests per second."""
    slow_upstream: Mapping[int, SlowUpstream]
    """By number of connections."""
    idle_mb: float | None
    idle_largest_mb: float | None
    after_soak_mb: float | None
    start_s: float | None
    failures: int

    def as_json(self) -> dict[str, object]:
        """Plain values."""
        return asdict(self)


def rows_of(field: Sequence[Measured]) -> list[Row]:
    """One row for each contender, in their order."""
    by_name = {measured.contender.name: measured for measured in field}
    return [_row(measured, by_name.get(BASE), by_name[DIRECT]) for measured in field]


def markdown(rows: Sequence[Row], rates: Iterable[int]) -> str:
    """The rows as a Markdown table; columns without a figure are left out."""
    columns: list[tuple[str, Callable[[Row], str]]] = [
        ("gateway", lambda row: row.name),
        ("CPU-µs/request", lambda row: _number(row.request_cpu_us, 1)),
        ("best round", lambda row: _number(row.request_best_us, 1)),
        ("± %", lambda row: _number(_percent(row.request_spread), 0)),
        ("to nginx", lambda row: _number(row.request_ratio, 2)),
        ("CPU-µs/SSE chunk", lambda row: _number(row.chunk_cpu_us, 2)),
        ("to nginx, chunk", lambda row: _number(row.chunk_ratio, 2)),
        ("requests/s", lambda row: _number(row.requests_per_s, 0)),
    ]
    columns += [(f"p50 / p99 ms, 60 ms upstream, {n} connections", _slow_column(n)) for n in SLOW_UPSTREAM_CONNECTIONS]
    columns += [(f"added p50 / p99 ms at {rate}/s", _added_column(rate)) for rate in rates]
    columns += [
        ("PSS idle MB", lambda row: _number(row.idle_mb, 1)),
        ("largest process MB", lambda row: _number(row.idle_largest_mb, 1)),
        ("PSS after soak MB", lambda row: _number(row.after_soak_mb, 1)),
        ("start s", lambda row: _number(row.start_s, 2)),
        ("failures", lambda row: str(row.failures)),
    ]
    kept = [(title, cell) for title, cell in columns if any(cell(row) != NOTHING for row in rows)]
    lines = [
        [title for title, _ in kept],
        ["---"] + ["--:"] * (len(kept) - 1),
        *([cell(row) for _, cell in kept] for row in rows),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _row(measured: Measured, base: Measured | None, direct: Measured) -> Row:
    requests = _request_costs(measured)
    chunks = _chunk_costs(measured)
    is_gateway = measured is not direct
    return Row(
        name=measured.contender.name,
        request_cpu_us=_median(requests),
        request_best_us=min(requests, default=None),
        request_spread=(max(requests) - min(requests)) / 2 / median(requests) if requests else None,
        request_ratio=_median_ratio(requests, _request_costs(base)) if base and is_gateway else None,
        chunk_cpu_us=_median(chunks),
        chunk_ratio=_median_ratio(chunks, _chunk_costs(base)) if base and is_gateway else None,
        requests_per_s=measured.capacity_per_s(),
        added=_added_latencies(measured, direct) if is_gateway else {},
        slow_upstream=_slow_latencies(measured),
        idle_mb=measured.idle.pss_mb if is_gateway else None,
        idle_largest_mb=measured.idle.largest_mb if is_gateway else None,
        after_soak_mb=measured.after_soak.pss_mb if is_gateway and measured.after_soak else None,
        start_s=measured.contender.start_s,
        failures=measured.failures(),
    )


def _request_costs(measured: Measured) -> list[float]:
    """CPU-microseconds per request in each round; nothing when a request failed, since failures are cheap."""
    return _costs(measured.requests, lambda round_: round_.cpu_us_per_request)


def _chunk_costs(measured: Measured) -> list[float]:
    """CPU-microseconds per server-sent event in each round, without what a whole request costs anyway."""
    whole_request = _median(_request_costs(measured)) or 0.0

    def cost(round_: Round) -> float:
        events_per_stream = round_.load.events / max(1, round_.load.requests)
        return (round_.cpu_us_per_request - whole_request) / max(1.0, events_per_stream)

    return _costs(measured.streams, cost)


def _costs(rounds: Sequence[Round], cost: Callable[[Round], float]) -> list[float]:
    if any(round_.load.failures for round_ in rounds) or all(round_.cpu_ns == 0 for round_ in rounds):
        return []
    return [cost(round_) for round_ in rounds]


def _added_latencies(measured: Measured, direct: Measured) -> dict[int, AddedLatency]:
    added = {}
    for rate, rounds in measured.latency.items():
        pairs = list(zip(rounds, direct.latency[rate], strict=True))
        added[rate] = AddedLatency(
            p50_ms=median(own.load.latency_us.p50 - base.load.latency_us.p50 for own, base in pairs) / 1000,
            p99_ms=median(own.load.latency_us.p99 - base.load.latency_us.p99 for own, base in pairs) / 1000,
        )
    return added


def _slow_latencies(measured: Measured) -> dict[int, SlowUpstream]:
    return {
        connections: SlowUpstream(
            p50_ms=median(round_.load.latency_us.p50 for round_ in rounds) / 1000,
            p99_ms=median(round_.load.latency_us.p99 for round_ in rounds) / 1000,
        )
        for connections, rounds in measured.slow_upstream.items()
    }


def _median_ratio(own: Sequence[float], base: Sequence[float]) -> float | None:
    """Each round against the base of the same round: what slows the machine for a while slows both."""
    return _median([mine / theirs for mine, theirs in zip(own, base, strict=False) if theirs > 0])


def _median(values: Sequence[float]) -> float | None:
    return median(values) if values else None


def _percent(share: float | None) -> float | None:
    return None if share is None else share * 100


def _number(value: float | None, digits: int) -> str:
    return NOTHING if value is None else f"{value:,.{digits}f}"


def _added_column(rate: int) -> Callable[[Row], str]:
    def cell(row: Row) -> str:
        added = row.added.get(rate)
        return f"{added.p50_ms:.3f} / {added.p99_ms:.2f}" if added else NOTHING

    return cell


def _slow_column(connections: int) -> Callable[[Row], str]:
    def cell(row: Row) -> str:
        latency = row.slow_upstream.get(connections)
        return f"{latency.p50_ms:.1f} / {latency.p99_ms:.1f}" if latency else NOTHING

    return cell
