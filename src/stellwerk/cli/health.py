"""``stellwerk health``: says in under 5 s whether this installation is well."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("--config", default="stellwerk.toml", metavar="FILE", help="default: stellwerk.toml")


def run(options: argparse.Namespace) -> int:
    """Prints the report; 1 when something has failed."""
    from stellwerk.config.compile import compile_file
    from stellwerk.health.checks import PROVIDER, checks
    from stellwerk.health.run import run as run_checks

    every = checks(compile_file(Path(options.config)))
    report = run_checks(every, optional=[name for name in every if name.startswith(PROVIDER)])
    if options.json:
        sys.stdout.write(report.json().decode() + "\n")
    else:
        print(report.text())
    return 0 if report.is_healthy else 1
