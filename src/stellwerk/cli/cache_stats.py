"""``stellwerk cache stats``: shows what the cache holds, through the admin API."""

from __future__ import annotations

import argparse
import json

from stellwerk.cli.admin_client import AdminClient, options_of, table

SUMMARY = "what it holds"
DESCRIPTION = """Shows where answers are kept, how many they are, and how many had to make room or were over. Where each
worker has a cache of its own, only /metrics tells."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    options_of(parser)


def run(options: argparse.Namespace) -> int:
    """Prints it."""
    found = AdminClient(options).read("/cache")
    if options.json:
        print(json.dumps(found))
        return 0
    figures = ("entries", "size_bytes", "evicted", "expired")
    cells = ["-" if found[name] is None else str(found[name]) for name in figures]
    print(table(("BACKEND", "ENTRIES", "BYTES", "EVICTED", "EXPIRED"), [(found["backend"], *cells)]))
    return 0
