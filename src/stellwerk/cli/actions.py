"""Commands that have several actions, each a module of its own: ``stellwerk cache purge``."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from types import ModuleType


def add_actions(parser: argparse.ArgumentParser, actions: Mapping[str, ModuleType]) -> None:
    """An action under each name: its module has ``SUMMARY``, ``DESCRIPTION``, ``arguments`` and ``run``."""
    parsers = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, module in actions.items():
        action = parsers.add_parser(name, help=module.SUMMARY, description=module.DESCRIPTION, allow_abbrev=False)
        # Suppressed: what stands before the action must not be undone by its absence after it.
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON document")
        module.arguments(action)


def run_action(options: argparse.Namespace, actions: Mapping[str, ModuleType]) -> int:
    """Does what was asked for."""
    status: int = actions[options.action].run(options)
    return status
