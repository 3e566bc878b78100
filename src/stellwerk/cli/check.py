"""``stellwerk check``: validates a configuration without starting anything."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("file", nargs="?", metavar="FILE", help="the configuration (default: --config)")
    parser.add_argument("--config", default="stellwerk.toml", metavar="FILE", help="default: stellwerk.toml")


def run(options: argparse.Namespace) -> int:
    """Prints every problem at once; warnings do not fail."""
    from stellwerk.config.load import examine

    verdict = examine(Path(options.file or options.config))
    problems = verdict.lines
    warnings = tuple(warning.render(verdict.file) for warning in verdict.warnings)
    if options.json:
        print(json.dumps({"ok": not problems, "problems": problems, "warnings": warnings}))
    else:
        for problem in problems:
            print(problem, file=sys.stderr)
        for warning in warnings:
            print(f"warning: {warning}", file=sys.stderr)
        print(f"{verdict.file}: {f'{len(problems)} problem(s)' if problems else 'ok'}")
    return 1 if problems else 0
