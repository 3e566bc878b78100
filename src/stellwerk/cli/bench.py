"""``stellwerk bench``: measures the cache, guardrails and optimizers on data of your own."""

from __future__ import annotations

import argparse
from types import ModuleType

from stellwerk.cli import bench_cache, bench_guardrails, bench_redteam, bench_tokens
from stellwerk.cli.actions import add_actions, run_action

ACTIONS: dict[str, ModuleType] = {
    "cache": bench_cache,
    "guardrails": bench_guardrails,
    "redteam": bench_redteam,
    "tokens": bench_tokens,
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add_actions(parser, ACTIONS)


def run(options: argparse.Namespace) -> int:
    """Does what was asked for."""
    return run_action(options, ACTIONS)
