"""A real gateway in front of simulated providers: a process of its own, asked over sockets."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.failures import BenchmarkError
from benchmarks.process import Process
from stellwerk.simulator.process import Simulator, running_beside
from stellwerk.simulator.scenario import Scenario

KEY = "bench-key-0123456789abcdef"
START_S = 20.0
POLL_S = 0.02
HEAD = """
[server]
listen = "127.0.0.1:0"
workers = {workers}

[admin]
listen = "127.0.0.1:0"

[state]
directory = "state"

[[keys]]
name = "bench"
key = "env:BENCH_KEY"
"""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The gateway, and the providers behind it by name."""

    port: int
    providers: dict[str, Simulator]
    state: Path


@contextmanager
def simulated(scenario: Scenario, models: str, directory: Path, *, workers: int = 1) -> Iterator[Stage]:
    """Runs the providers in this process and a gateway in its own; both end with the block.

    ``models`` are further sections of the gateway's configuration. Raises ``BenchmarkError`` when it does not start.
    """
    with running_beside(scenario) as simulators:
        sections = [_section(simulator) for simulator in simulators]
        configuration = directory / "stellwerk.toml"
        configuration.write_text("".join([HEAD.format(workers=workers), *sections, models]))
        command = [sys.executable, "-m", "stellwerk", "up", "--config", str(configuration)]
        log, state = directory / "gateway.log", directory / "state"
        with Process(command, log=log, environment={"BENCH_KEY": KEY}) as gateway:
            port = _port_of(gateway, state / "run.json")
            yield Stage(port=port, providers={one.name: one for one in simulators}, state=state)


def _section(simulator: Simulator) -> str:
    region = 'region = "eu-central-1"\n' if simulator.dialect == "bedrock" else ""
    return (
        f'\n[[providers]]\nname = "{simulator.name}"\nkind = "{simulator.dialect}"\n{region}'
        f'base_url = "{simulator.base_url}"\napi_key = "{KEY}"\n'
    )


def _port_of(gateway: Process, run: Path) -> int:
    """The port that the gateway has taken, once it serves."""
    deadline = time.monotonic() + START_S
    while not run.exists():
        if gateway.exit_status is not None or time.monotonic() > deadline:
            raise BenchmarkError(f"the gateway did not start:\n{gateway.tail_of_log()}")
        time.sleep(POLL_S)
    return int(json.loads(run.read_text())["addresses"]["gateway"].rpartition(":")[2])
