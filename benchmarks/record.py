"""The whole run as JSON: machine, rows of the table, and every round behind them."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from benchmarks.contender import Round
from benchmarks.machine import Machine
from benchmarks.phases import Measured
from benchmarks.table import Row


def write_record(file: Path, machine: Machine, rows: Sequence[Row], field: Sequence[Measured]) -> None:
    """Write the run to a file of its own."""
    record = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.as_json(),
        "rows": [row.as_json() for row in rows],
        "rounds": {measured.contender.name: list(_rounds(measured)) for measured in field},
    }
    file.write_text(json.dumps(record, indent=1) + "\n")


def _rounds(measured: Measured) -> Iterator[dict[str, object]]:
    for phase, rounds in _by_phase(measured):
        for round_ in rounds:
            load: dict[str, object] = msgspec.to_builtins(round_.load)
            yield {"phase": phase, "cpu_us_per_request": round_.cpu_us_per_request, **load}


def _by_phase(measured: Measured) -> Iterator[tuple[str, Sequence[Round]]]:
    yield "request", measured.requests
    yield "stream", measured.streams
    for rate, rounds in measured.latency.items():
        yield f"latency at {rate}/s", rounds
    for connections, rounds in measured.slow_upstream.items():
        yield f"slow upstream, {connections} connections", rounds
    yield "soak", [measured.soak] if measured.soak else []
