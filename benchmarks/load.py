"""Measures gateways under load, side by side, and prints a table: `python -m benchmarks.load --help`."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.contender import Contender, direct, started
from benchmarks.failures import BenchmarkError
from benchmarks.machine import this_machine
from benchmarks.opponents import OPPONENTS, PEERS
from benchmarks.options import add_environment_options, names_of, positive, whole_numbers
from benchmarks.phases import PHASES, Measured, Settings, warmed_up
from benchmarks.process import end_on_sigterm, raise_descriptor_limit
from benchmarks.record import write_record
from benchmarks.table import Row, markdown, rows_of
from benchmarks.upstream import upstream

DEFAULT_GATEWAYS = ["nginx", "stellwerk"]
DEFAULT_PHASES = ["request", "stream", "latency", "soak"]
DEFAULTS = Settings()
QUIET_LOAD = 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the phases asked for; 1 when Stellwerk failed a request or missed a ratio, 2 when nothing was measured."""
    options = _options(arguments)
    if options.list:
        print(_listing())
        return 0
    end_on_sigterm()
    raise_descriptor_limit()
    machine = this_machine()
    if machine.load_average > QUIET_LOAD:
        _say(f"load average {machine.load_average:.2f}: other work is on the machine, so read the ratios only")
    try:
        field = _measured(options)
    except BenchmarkError as error:
        _say(str(error))
        return 2
    rows = rows_of(field)
    print(f"{machine.line()}\n\n{markdown(rows, options.rates)}")
    if options.json:
        write_record(options.json, machine, rows, field)
    complaints = _complaints(rows, options)
    for complaint in complaints:
        _say(complaint)
    return 1 if complaints else 0


def _measured(options: argparse.Namespace) -> list[Measured]:
    settings = Settings(
        rounds=options.rounds,
        seconds=options.seconds,
        streams=options.streams,
        stream_connections=options.stream_connections,
        rates=tuple(options.rates),
        latency_seconds=options.latency_seconds,
        soak_requests=options.soak_requests,
    )
    with ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="stellwerk-bench-")))
        mock = stack.enter_context(upstream(program=options.mock, url=options.mock_url, directory=directory))
        contenders: list[Contender] = [direct(mock)]
        for name in (*options.gateways, *options.peers):
            _say(f"starting {name}")
            gateway = started(OPPONENTS[name], mock, home=options.peer_home, directory=directory)
            contenders.append(stack.enter_context(gateway))
        field = [warmed_up(contender) for contender in contenders]
        for phase in options.phases:
            _say(f"phase {phase}")
            PHASES[phase](field, settings)
        return field


def _complaints(rows: Sequence[Row], options: argparse.Namespace) -> list[str]:
    """What makes the run a failure; a peer's failures do not, they stand in its row."""
    own = next((row for row in rows if row.name == "stellwerk"), None)
    complaints = [f"stellwerk failed {own.failures} requests"] if own and own.failures else []
    complaints += _over("request", own.request_ratio if own else None, options.max_request_ratio)
    complaints += _over("SSE chunk", own.chunk_ratio if own else None, options.max_chunk_ratio)
    return complaints


def _over(what: str, ratio: float | None, most: float | None) -> list[str]:
    if most is None:
        return []
    if ratio is None:
        return [f"no ratio to nginx per {what} was measured, though at most {most:.2f} is asked for"]
    return [f"stellwerk takes {ratio:.2f} times nginx per {what}, more than {most:.2f}"] if ratio > most else []


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    add = parser.add_argument
    add("--list", action="store_true", help="print the gateways that can be measured, and how peers are installed")
    add("--gateways", type=names_of(OPPONENTS), default=DEFAULT_GATEWAYS, help="default: nginx,stellwerk")
    add("--peers", type=names_of(PEERS), default=[], help=f"besides them: {','.join(PEERS)}")
    add("--phases", type=names_of(PHASES), default=DEFAULT_PHASES, help=f"of {','.join(PHASES)}; default: all but slow")
    add("--rounds", type=positive, default=DEFAULTS.rounds, help="interleaved rounds (default: %(default)s)")
    add("--seconds", type=float, default=DEFAULTS.seconds, help="of a round of requests (default: %(default)s)")
    add("--streams", type=positive, default=DEFAULTS.streams, help="in a round of streams (default: %(default)s)")
    add("--stream-connections", type=positive, default=DEFAULTS.stream_connections, help="default: %(default)s")
    add(
        "--rates", type=whole_numbers, default=list(DEFAULTS.rates), help="requests/s of the latency phase: 50,200,1000"
    )
    add("--latency-seconds", type=float, default=DEFAULTS.latency_seconds, help="of a round (default: %(default)s)")
    add("--soak-requests", type=positive, default=DEFAULTS.soak_requests, help="default: %(default)s")
    add(
        "--max-request-ratio",
        type=float,
        help="exit with 1 when Stellwerk takes more than this times nginx per request",
    )
    add(
        "--max-chunk-ratio",
        type=float,
        help="exit with 1 when Stellwerk takes more than this times nginx per SSE chunk",
    )
    add("--json", type=Path, metavar="FILE", help="write machine, rows and all rounds there")
    add_environment_options(parser)
    return parser.parse_args(arguments)


def _listing() -> str:
    lines = [f"{'direct':14} no gateway: the base of added latency"]
    for opponent in OPPONENTS.values():
        lines.append(f"{opponent.name:14} {opponent.note}")
        if opponent.install:
            lines.append(f"{'':14} installed by: {opponent.install}")
    return "\n".join(lines)


def _say(text: str) -> None:
    print(f"# {text}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
