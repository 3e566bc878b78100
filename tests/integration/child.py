"""Servers of others as processes of their own, which end when the test does, whatever happens."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

END_S = 10.0


@contextmanager
def child(program: Path, *arguments: str, log: Path) -> Iterator[str]:
    """A Python program that prints the URL at which it serves, and serves until its standard input ends."""
    command = [sys.executable, str(program), *arguments]
    with (
        log.open("wb") as noise,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=noise, text=True) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            address = process.stdout.readline().strip()
            assert address.startswith("http://127.0.0.1:"), log.read_text(encoding="utf-8", errors="replace")
            yield address
            process.stdin.close()
            assert process.wait(END_S) == 0
        finally:
            process.kill()
