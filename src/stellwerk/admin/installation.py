"""The installation around the admin process: which configuration is in force, and how it is read again."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path

from stellwerk.admin.problems import Place, Problem
from stellwerk.core.snapshot import Snapshot
from stellwerk.supervisor.protocol import Link, ReloadWanted

COMPILER = "stellwerk.config.compile"
COMPILE_S = 60.0
ADOPT_S = 10.0
"""How long a request waits for the workers to take a new configuration."""


class Supervised:
    """The installation of one supervisor, asked over its control socket. Lives on one event loop."""

    def __init__(self, link: Link, snapshot: Snapshot) -> None:
        self._link = link
        self._snapshot = snapshot
        self._adopted = asyncio.Event()

    @property
    def version(self) -> int:
        """Of the configuration that is in force."""
        return self._snapshot.version

    @property
    def key_names(self) -> frozenset[str]:
        """Names of the keys in the configuration file."""
        return frozenset(key.name for key in self._snapshot.keys)

    @property
    def events(self) -> Path:
        """Where the events of this host are kept."""
        return Path(self._snapshot.state.directory) / "events"

    def adopt(self, snapshot: Snapshot) -> None:
        """Another configuration is in force now."""
        self._snapshot = snapshot
        self._adopted.set()

    async def reload(self) -> bool:
        """Judges the file, then has the supervisor read it; whether the workers have taken it by now.

        Raises ``Problem`` with every fault of the file.
        """
        await self._judge()
        self._adopted.clear()
        if not self._link.send(ReloadWanted()):
            raise Problem(503, "the supervisor does not listen")
        try:
            async with asyncio.timeout(ADOPT_S):
                await self._adopted.wait()
        except TimeoutError:
            return False
        return True

    async def _judge(self) -> None:
        """In a process of its own, as every configuration is judged: nothing of it stays here."""
        with tempfile.TemporaryDirectory() as folder:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", COMPILER, self._snapshot.source, str(Path(folder, "out"))),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
            )
            try:
                async with asyncio.timeout(COMPILE_S):
                    output, _ = await process.communicate()
            except TimeoutError:
                process.kill()
                raise Problem(503, "the compiler took too long") from None
        if process.returncode == 0:
            return
        lines = [json.loads(line) for line in output.splitlines() if line.startswith(b"{")]
        faults = [line for line in lines if line["level"] == "error"]
        errors = [Place(pointer=f"#/file/{line['path'] or ''}", detail=line["text"]) for line in faults]
        raise Problem(422, "the configuration is refused, and the old one stays", errors=errors)
