"""``stellwerk simulate``: provider simulators with latency, errors and chaos, to test applications against."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stellwerk.simulator.process import Simulator


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument(
        "--config", default=None, metavar="FILE", help="the scenario (default: one well-behaved provider)"
    )


def run(options: argparse.Namespace) -> int:
    """Serves until it is interrupted."""
    from stellwerk.simulator.process import announcement, run
    from stellwerk.simulator.scenario import DEFAULT_SCENARIO, load

    def announce(simulators: Sequence[Simulator]) -> None:
        if options.json:
            print(announcement(simulators), flush=True)
        else:
            for simulator in simulators:
                print(f"{simulator.name:16} {simulator.dialect:10} {simulator.base_url}", flush=True)
            print("Ctrl-C ends it.", flush=True)

    return run(DEFAULT_SCENARIO if options.config is None else load(Path(options.config)), announce)
