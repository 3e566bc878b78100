"""A small HTTP worker that keeps the supervisor's protocol; what it does wrong is said by its configuration."""

import asyncio
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from stellwerk.supervisor.board import IN_FLIGHT, IS_READY, REQUESTS_TOTAL, Page
from stellwerk.supervisor.protocol import Alive, Assignment, Drain, Drained, Link, Loaded, Ready, Refused, Reload

BEAT_S = 0.1


class Worker:
    """One process: answers, and obeys the supervisor."""

    def __init__(self, assignment: Assignment) -> None:
        self.assignment = assignment
        self.link = Link.inherited(assignment.control_fd)
        self.page = Page(assignment.board, assignment.slot)
        self.config: dict[str, Any] = json.loads(assignment.config.read_text())
        self.drained = asyncio.Event()
        descriptor = assignment.listen_fd
        self.listener = socket.socket(fileno=descriptor) if descriptor is not None else None
        self.answers: set[asyncio.Task[None]] = set()
        self.is_draining = False

    async def serve(self) -> None:
        """Serves until it has drained."""
        if self.config.get("refuses_start"):
            self.link.send(Refused(self.config["version"], ("there is nothing to serve",)))
            sys.exit(3)
        loop = asyncio.get_running_loop()
        loop.add_reader(self.link.fileno(), self.obey)
        if self.listener is not None:
            loop.add_reader(self.listener.fileno(), self.accept)
        if self.config.get("ignores_sigterm"):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if not self.config.get("never_ready"):
            self.page.words[IS_READY] = 1
            self.link.send(Ready(self.config["version"]))
        self.beat()
        await self.drained.wait()
        self.link.send(Drained())

    def beat(self) -> None:
        """Says that the loop turns."""
        self.page.beat()
        self.link.send(Alive())
        asyncio.get_running_loop().call_later(BEAT_S, self.beat)

    def obey(self) -> None:
        """Does what the supervisor says; without one it drains."""
        for message in self.link.receive():
            match message:
                case Reload(path, version):
                    self.reload(Path(path), version)
                case Drain():
                    self.drain()
                case _:
                    raise AssertionError(message)
        if self.link.is_closed:
            asyncio.get_running_loop().remove_reader(self.link.fileno())
            self.drain()

    def reload(self, path: Path, version: int) -> None:
        """Takes a version, or fails to as it is told."""
        config = json.loads(path.read_text())
        if config.get("crashes_on_load"):
            os.kill(os.getpid(), signal.SIGKILL)
        if config.get("ignores_load"):
            return
        if self.assignment.slot in config.get("refused_by", ()):
            self.link.send(Refused(version, ("this one is not for me",)))
            return
        self.config = config
        self.link.send(Loaded(version))

    def accept(self) -> None:
        """Takes every connection that waits."""
        while self.listener is not None:
            try:
                connection, _ = self.listener.accept()
            except BlockingIOError:
                break
            self.page.words[IN_FLIGHT] += 1
            task = asyncio.get_running_loop().create_task(self.answer(connection))
            self.answers.add(task)
            task.add_done_callback(self.answers.discard)

    def drain(self) -> None:
        """Accepts what waits already and nothing more."""
        if self.listener is not None:
            self.accept()
            asyncio.get_running_loop().remove_reader(self.listener.fileno())
            self.listener.close()
            self.listener = None
        self.is_draining = True
        self.end_if_idle()

    def end_if_idle(self) -> None:
        """Ends once nothing is in flight."""
        if self.is_draining and self.page.words[IN_FLIGHT] == 0 and not self.config.get("never_drains"):
            self.drained.set()

    async def answer(self, connection: socket.socket) -> None:
        """One request, after the wait that it asks for."""
        reader, writer = await asyncio.open_connection(sock=connection)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            target = urlsplit(head.split(b" ", 2)[1].decode())
            wishes = {name: values[0] for name, values in parse_qs(target.query).items()}
            await asyncio.sleep(float(wishes.get("wait_s", "0")))
            while "until" in wishes and not await asyncio.to_thread(Path(wishes["until"]).exists):  # noqa: ASYNC110
                await asyncio.sleep(BEAT_S)
            if "hang" in wishes:
                time.sleep(3600)  # noqa: ASYNC251  # a loop that does not turn any more is the point
            body = json.dumps(self.describe()).encode()
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b" % (len(body), body))
            await writer.drain()
            self.page.words[REQUESTS_TOTAL] += 1
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.page.words[IN_FLIGHT] -= 1
            writer.close()
            self.end_if_idle()

    def describe(self) -> dict[str, Any]:
        """Who answers."""
        return {
            "pid": os.getpid(),
            "slot": self.assignment.slot,
            "version": self.config["version"],
            "answer": self.config.get("answer"),
            "session": os.getsid(0),
        }


def main() -> None:
    assignment = Assignment.of(os.environ)
    if "STELLWERK_TEST_DESCRIPTORS" in os.environ:
        write_descriptors(Path(os.environ["STELLWERK_TEST_DESCRIPTORS"]) / str(assignment.slot))

    async def serve() -> None:
        await Worker(assignment).serve()

    asyncio.run(serve())


def write_descriptors(path: Path) -> None:
    """What is open before this program has opened anything itself."""
    found = {}
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            found[descriptor.name] = str(descriptor.readlink())
        except FileNotFoundError:
            continue  # the descriptor that listed the others
    path.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
