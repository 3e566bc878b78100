"""``stellwerk bench``: measures the cache, guardrails and optimizers on data of your own."""

from __future__ import annotations

import argparse
from types import ModuleType

from stellwerk.cli import bench_cache, bench_guardrails, bench_redteam, bench_tokens

ACTIONS: dict[str, ModuleType] = {
    "cache": bench_cache,
    "guardrails": bench_guardrails,
    "redteam": bench_redteam,
    "tokens": bench_tokens,
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, module in ACTIONS.items():
        action = actions.add_parser(name, help=module.SUMMARY, description=module.DESCRIPTION, allow_abbrev=False)
        # Suppressed: what stands before the action must not be undone by its absence after it.
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON document")
        module.arguments(action)


def run(options: argparse.Namespace) -> int:
    """Does what was asked for."""
    status: int = ACTIONS[options.action].run(options)
    return status
