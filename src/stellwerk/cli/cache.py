"""``stellwerk cache``: shows what the cache holds, lets answers go, and says why one was served or was not."""

from __future__ import annotations

import argparse
from types import ModuleType

from stellwerk.cli import cache_explain, cache_file, cache_purge, cache_stats

ACTIONS: dict[str, ModuleType] = {
    "explain": cache_explain,
    "purge": cache_purge,
    "replay": cache_file,
    "stats": cache_stats,
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
