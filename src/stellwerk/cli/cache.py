"""``stellwerk cache``: shows what the cache holds, lets answers go, and says why one was served or was not."""

from __future__ import annotations

import argparse
from types import ModuleType

from stellwerk.cli import cache_explain, cache_file, cache_purge, cache_stats
from stellwerk.cli.actions import add_actions, run_action

ACTIONS: dict[str, ModuleType] = {
    "explain": cache_explain,
    "purge": cache_purge,
    "replay": cache_file,
    "stats": cache_stats,
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add_actions(parser, ACTIONS)


def run(options: argparse.Namespace) -> int:
    """Does what was asked for."""
    return run_action(options, ACTIONS)
