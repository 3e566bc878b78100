"""The compute process: started by the supervisor once a worker has a use for it, and asked by the workers of its host.

It may die at any time: jobs under way come to nothing, their askers hear of it at once and do without until another one
is there. It yields to everybody else on the host. A job that neither ends nor looks at its ticket ends the process.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

from stellwerk.compute.pool import Pool
from stellwerk.compute.server import Server
from stellwerk.config import compiled
from stellwerk.core.job import VERSION
from stellwerk.errors import ConfigurationError
from stellwerk.supervisor.log import Log
from stellwerk.supervisor.private_directory import for_jobs
from stellwerk.supervisor.protocol import (
    ALIVE_S,
    Alive,
    Assignment,
    Drain,
    Drained,
    Link,
    Loaded,
    Ready,
    Refused,
    Reload,
)

NICENESS = 5
"""Whoever answers requests goes first."""
MOST_LONG = 4
"""Long jobs at the same time, on a host with more cores than that."""
TURN_S = 0.0005
"""How long one thread runs Python while others wait to: a caller may wait for the answer of one of them."""
STUCK_S = 30.0
"""So long after its deadline a job that still goes on will not end."""
ABANDONED_S = 30.0
"""How long it goes on for workers whose supervisor, like its own, is gone."""
BACKLOG = 128
M_ARENA_MAX = -8
"""What glibc calls the number of heaps."""
M_MMAP_THRESHOLD = -3
LARGE_BYTES = 65_536
"""From here on memory goes back to the system when it is let go of, such as lists of vectors that had to grow."""


class ComputeProcess:
    """The server, and what it does on a message from the supervisor."""

    def __init__(self, link: Link, path: Path, version: int, log: Log, pool: Pool) -> None:
        """Takes the address, whoever had it before. Raises ``OSError``."""
        self._link = link
        self._path = path
        self._version = version
        self._log = log
        self._socket = bind(path)
        self._inode = path.stat().st_ino
        self._pool = pool
        self._is_ending = False
        self._ended = asyncio.Event()

    async def serve(self) -> None:
        """Serves until it is told to end, and nobody asks any more."""
        loop = asyncio.get_running_loop()
        self._server = Server(self._pool, loop, self._on_empty)
        listening = await loop.create_unix_server(self._server.asker, sock=self._socket, backlog=BACKLOG)
        loop.add_reader(self._link.fileno(), self._on_message)
        self._link.send(Ready(self._version))
        beating = asyncio.create_task(self._beat())
        await self._ended.wait()
        beating.cancel()
        listening.close()
        unlink(self._path, self._inode)
        self._link.send(Drained())

    def _on_message(self) -> None:
        for message in self._link.receive():
            match message:
                case Reload(version=version):  # nothing of it concerns this process
                    self._link.send(Loaded(version))
                case Drain(deadline_s=deadline_s):
                    self._end(deadline_s)
                case _:
                    pass
        if self._link.is_closed:
            asyncio.get_running_loop().remove_reader(self._link.fileno())
            self._end(ABANDONED_S)

    def _end(self, deadline_s: float) -> None:
        """Ends with the last asker, for workers that drain may still have questions."""
        self._is_ending = True
        asyncio.get_running_loop().call_later(deadline_s, self._ended.set)
        if not self._server.askers:
            self._ended.set()

    def _on_empty(self) -> None:
        if self._is_ending:
            self._ended.set()

    async def _beat(self) -> None:
        while True:
            self._link.send(Alive())
            overdue_s = self._pool.overdue_s(time.monotonic())
            if overdue_s > STUCK_S:
                self._log.error("job_stuck", overdue_s=round(overdue_s, 1))
                os._exit(1)
            await asyncio.sleep(ALIVE_S)


def bind(path: Path) -> socket.socket:
    """A socket for its owner alone that appears under ``path`` in one step, and listens. Raises ``OSError``."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        bound.settimeout(0.0)
        bound.bind(os.fsencode(draft))
        draft.chmod(0o600)
        bound.listen(BACKLOG)
        draft.rename(path)
    except OSError:
        bound.close()
        raise
    return bound


def unlink(path: Path, inode: int) -> None:
    """Removes a socket, but not the one that a successor has put in its place."""
    with suppress(FileNotFoundError):
        if path.stat().st_ino == inode:
            path.unlink()


def share_a_heap() -> None:
    """Lets all threads take memory from one heap, where the C library has several: each would keep what it once had.

    What is large has no part in it: such as is let go of in between would stay.
    """
    with suppress(AttributeError, OSError):
        library = ctypes.CDLL(None)
        library.mallopt(M_ARENA_MAX, 1)
        library.mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)


def main() -> int:
    """The process: started by a supervisor, which says in the environment where its place is."""
    try:
        assignment = Assignment.of(os.environ)
    except (KeyError, ValueError):
        sys.stderr.write("stellwerk.compute.process is started by `stellwerk up`, not by hand\n")
        return 2
    log = Log(sys.stderr, process="compute")
    link = Link.inherited(assignment.control_fd)
    with suppress(OSError):
        os.nice(NICENESS)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's: more would spin while they wait for each other
    share_a_heap()
    sys.setswitchinterval(TURN_S)
    try:
        snapshot = compiled.read(assignment.config)
        path = for_jobs(Path(snapshot.state.directory), VERSION)
        pool = Pool(max(1, min(MOST_LONG, (os.cpu_count() or 1) - 1)))
        process = ComputeProcess(link, path, snapshot.version, log, pool)
    except ConfigurationError as error:
        return _failed(link, log, error.problems)
    except OSError as error:
        return _failed(link, log, (f"the socket of the compute process cannot be made: {error}",))
    asyncio.run(process.serve())
    return 0


def _failed(link: Link, log: Log, problems: tuple[str, ...]) -> int:
    log.error("compute_not_started", problems=problems)
    link.send(Refused(0, problems))
    return 1


if __name__ == "__main__":
    sys.exit(main())
