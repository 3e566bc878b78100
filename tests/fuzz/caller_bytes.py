"""Fuzzes what a caller may send: whatever the front accepts, another strict parser must read the same way."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path


def load() -> Callable[[list[bytes]], object]:
    """The check."""
    from tests.integration.http.oracle import check_server

    return check_server


def seeds() -> list[bytes]:
    """Probes of the smuggling corpus that are not large."""
    from tests.integration.http.corpus import read_corpus

    return [probe.data for probe in read_corpus().values() if len(probe.data) < 2000]


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from tests.fuzz.kit.harness import fuzz

    fuzz(load, seeds())
