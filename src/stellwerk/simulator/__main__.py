"""``python -m stellwerk.simulator [--config FILE]``: runs a scenario and prints one line of JSON when it listens."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from stellwerk.errors import ConfigurationError
from stellwerk.simulator.process import announcement, run
from stellwerk.simulator.scenario import DEFAULT_SCENARIO, load


def main(arguments: list[str]) -> int:
    """Runs until SIGTERM; gives the exit status: 0 done, 1 failed, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="python -m stellwerk.simulator", description="Simulated providers.")
    parser.add_argument("--config", type=Path, metavar="FILE", help="a scenario in TOML; without it, one provider")
    config: Path | None = parser.parse_args(arguments).config
    try:
        scenario = DEFAULT_SCENARIO if config is None else load(config)
        return run(scenario, lambda simulators: print(announcement(simulators), flush=True))  # noqa: T201
    except ConfigurationError as error:
        print(error.message, file=sys.stderr)  # noqa: T201
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
