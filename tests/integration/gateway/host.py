"""A worker process as its supervisor starts it, and the supervisor's end of their conversation."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from stellwerk.config import compiled
from stellwerk.config.compile import compile_file
from stellwerk.supervisor.process import Process
from stellwerk.supervisor.protocol import Assignment, Drain, Link, Message
from stellwerk.supervisor.sockets import Address, bound_address, listen
from tests.integration.gateway.kit import KEY, OPERATOR, SERVER
from tests.integration.http.loop import CONDITION_S, eventually

COMMAND = (sys.executable, "-m", "stellwerk.gateway.worker")
CALLER = f'\n[[keys]]\nname = "web"\nkey = "{KEY}"\n'
Kind = TypeVar("Kind", bound=Message)


class Host:
    """The place of one slot: its socket, its files, and whichever worker serves it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.listening = listen(Address("127.0.0.1", 0), 1)[0]
        self.port = bound_address([self.listening]).port
        self._board = folder / "board"
        self._board.mkdir()

    def compile(self, *sections: str, version: int = 1) -> Path:
        """Puts a version of the configuration in place."""
        text = "".join(sections)
        source, out = self.folder / f"{version}.toml", self.folder / f"{version}.msgpack"
        server = SERVER if "[server]" not in text else ""
        source.write_text(f"{server}{OPERATOR}{text}{CALLER}", encoding="utf-8")
        compiled.write(compile_file(source, version=version), out)
        return out

    @asynccontextmanager
    async def running(self, config: Path, *, listens: bool = True) -> AsyncIterator[Running]:
        """A worker on the slot; when the test is over it is killed if it did not end."""
        near, far = Link.pair()
        listen_fd = self.listening.fileno() if listens else None
        assignment = Assignment(0, listen_fd, far.fileno(), self._board, config)
        process = Process(
            COMMAND,
            environment={**os.environ, **assignment.variables()},
            now_s=time.monotonic(),
            descriptors=[far.fileno(), self.listening.fileno()],
            captures_output=True,
        )
        far.close()
        running = Running(process, near)
        try:
            yield running
        finally:
            process.kill()
            process.wait()
            process.output.close()
            near.close()

    def close(self) -> None:
        """Gives the socket up."""
        self.listening.close()


class Running:
    """A worker that runs."""

    def __init__(self, process: Process, link: Link) -> None:
        self.process = process
        self.link = link
        self.heard: list[Message] = []

    async def says(self, kind: type[Kind], count: int = 1) -> Kind:
        """Waits for the n-th message of a kind."""
        await eventually(lambda: len(self._of(kind)) >= count or self.link.is_closed)
        return self._of(kind)[count - 1]

    async def exit_status(self) -> int:
        """Waits for its end."""
        await eventually(lambda: self.process.poll() is not None, within_s=2 * CONDITION_S)
        return self.process.wait()

    async def drained(self) -> None:
        """Drains it, which must end well."""
        self.link.send(Drain(CONDITION_S))
        assert await self.exit_status() == 0

    async def log(self) -> list[dict[str, Any]]:
        """Everything that it has logged, once it has ended."""
        await self.exit_status()
        return lines_of(await asyncio.to_thread(self.process.output.read))

    def _of(self, kind: type[Kind]) -> list[Kind]:
        self.heard += self.link.receive()
        return [message for message in self.heard if isinstance(message, kind)]


def lines_of(output: bytes) -> list[dict[str, Any]]:
    """Log lines; each must be a JSON object."""
    return [msgspec.json.decode(line) for line in output.splitlines()]


def events_in(lines: Sequence[dict[str, Any]]) -> list[str]:
    """What the lines tell of."""
    return [line["event"] for line in lines]
