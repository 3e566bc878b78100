"""The admin process: serves the API on its listening socket until its supervisor says otherwise, or is gone.

It may die at any time: workers go on with the directory that they have, and its successor writes what is missing.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import socket
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from stellwerk.admin.access import Guard
from stellwerk.admin.app import application
from stellwerk.admin.changes import Changes
from stellwerk.admin.database import open_database
from stellwerk.admin.installation import Supervised
from stellwerk.admin.outbox import Outbox
from stellwerk.admin.outside import Outside
from stellwerk.admin.people import People
from stellwerk.admin.publishing import Publishing
from stellwerk.alerting.alerting import Alerting
from stellwerk.alerting.channels import Channels
from stellwerk.alerting.courier import Courier
from stellwerk.alerting.watcher import Watcher
from stellwerk.audit.log import ChainedLog
from stellwerk.config import compiled, directory_file
from stellwerk.config.caching import backend_of, open_cache
from stellwerk.config.counting import open_counter
from stellwerk.config.references import resolve
from stellwerk.core import url as urls
from stellwerk.core.snapshot import Snapshot
from stellwerk.errors import ConfigurationError
from stellwerk.supervisor.log import Log
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

LOOK_AGAIN_S = 60.0
"""An issuer is asked at least this often whether its keys are due: a machine may have slept."""
PUBLISH_S = 0.5
"""How often changes that other hosts have made in a shared database are looked for."""
DRAIN_S = 5
"""How long answers under way may take when it ends."""


class AdminProcess:
    """The server, and what it does on a message from the supervisor."""

    def __init__(self, link: Link, snapshot: Snapshot, log: Log) -> None:
        """Opens the database and brings it to the newest schema. Raises what it raises, and ``ConfigurationError``."""
        self._link = link
        self._log = log
        self._snapshot = snapshot
        self._issuer_wanted = asyncio.Event()
        self._told: str | None = None
        self._installation = Supervised(link, snapshot)
        state = Path(snapshot.state.directory)
        pepper = directory_file.pepper(state / "pepper")
        self._database = open_database(state, resolve(snapshot.state.database) if snapshot.state.database else None)
        self._guard = Guard(self._database, pepper, time.time)
        self._configure(snapshot)
        publishing = Publishing(self._database, directory_file, state)
        audit = ChainedLog(state / "audit")
        self._changes = Changes(self._database, audit, publishing, self._guard, pepper, time.time, log)
        self._counter = open_counter(snapshot.state)
        self._channels = Channels(snapshot, time.time, log)
        outbox = Outbox(self._database)
        self._watcher = Watcher(self._counter, outbox, self._channels, snapshot, time.time)
        courier = Courier(outbox, self._channels, time.time, random.random, log)
        self._alerting = Alerting(self._watcher, courier, outbox, time.time, log)
        backend = backend_of(snapshot.state, snapshot.cache, snapshot.server.workers)
        opening = partial(open_cache, snapshot.state, snapshot.cache, workers=snapshot.server.workers)
        app = application(self._changes, self._installation, self._channels, backend, opening)
        # uvicorn would log to handlers of its own; ours stands at the root. Its date and server headers say nothing.
        options = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            proxy_headers=False,
            ws="none",
            timeout_graceful_shutdown=DRAIN_S,
        )
        self._server = uvicorn.Server(options)

    async def serve(self, listening: socket.socket) -> None:
        """Serves until it is told to end."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._link.fileno(), self._on_message)
        tasks = [asyncio.create_task(work) for work in (self._beat(), self._publish(), self._ask_issuer())]
        self._alerting.start()
        self._link.send(Ready(self._snapshot.version))
        await self._server.serve(sockets=[listening])
        for task in tasks:
            task.cancel()
        await self._alerting.stop()
        self._channels.close()
        self._link.send(Drained())
        await asyncio.to_thread(self._counter.close)
        await asyncio.to_thread(self._database.close)

    def _configure(self, snapshot: Snapshot) -> None:
        token = resolve(snapshot.admin.token) if snapshot.admin.token is not None else None
        people = people_of(snapshot)
        if people is not None:
            people.ring.hurry = lambda _due_s: self._issuer_wanted.set()
            if self._guard.people is not None:
                people.inherit(self._guard.people)
        self._guard.configure(token, people)
        self._issuer_wanted.set()

    async def _ask_issuer(self) -> None:
        """Keeps what is known of the issuer fresh, beside the requests."""
        while True:
            self._issuer_wanted.clear()
            people, due_s = self._guard.people, float("inf")
            if people is not None:
                due_s = await people.refresh()
                self._tell(people.failure)
            with suppress(TimeoutError):
                async with asyncio.timeout(min(max(due_s - time.time(), 1.0), LOOK_AGAIN_S)):
                    await self._issuer_wanted.wait()

    def _tell(self, failure: str | None) -> None:
        """Writes down what has changed since the last time."""
        if failure != self._told and failure is not None:
            self._log.warning("issuer_not_reached", reason=failure)
        elif failure != self._told:
            self._log.info("issuer_reached")
        self._told = failure

    async def _beat(self) -> None:
        while True:
            self._link.send(Alive())
            await asyncio.sleep(ALIVE_S)

    async def _publish(self) -> None:
        while True:
            await asyncio.to_thread(self._changes.publish)
            await asyncio.sleep(PUBLISH_S)

    def _on_message(self) -> None:
        for message in self._link.receive():
            match message:
                case Reload(path=path, version=version):
                    self._reload(Path(path), version)
                case Drain():
                    self._server.should_exit = True
                case _:
                    pass
        if self._link.is_closed:
            asyncio.get_running_loop().remove_reader(self._link.fileno())
            self._server.should_exit = True

    def _reload(self, path: Path, version: int) -> None:
        try:
            snapshot = compiled.read(path)
            self._channels.adopt(snapshot)
            self._configure(snapshot)
        except ConfigurationError as error:
            self._log.error("reload_refused", version=version, problems=error.problems)
            self._link.send(Refused(version, error.problems))
            return
        before, self._snapshot = self._snapshot, snapshot
        moved = (before.admin.host, before.admin.port) != (snapshot.admin.host, snapshot.admin.port)
        if moved:  # workers tell of the state directory and its database
            self._log.warning("takes_a_restart", keys=["admin.listen"])
        self._watcher.adopt(snapshot)
        self._installation.adopt(snapshot)
        self._link.send(Loaded(version))


def people_of(snapshot: Snapshot) -> People | None:
    """The people of the configuration's issuer, if there are any. Raises ``ConfigurationError``."""
    spec = snapshot.admin.oidc
    if spec is None:
        return None
    issuer = next(one for one in snapshot.issuers if one.name == spec.issuer)
    origins = [urls.read(url).origin for url in (issuer.issuer, issuer.jwks_url) if url]
    secret = resolve(spec.client_secret) if spec.client_secret is not None else None
    return People(spec, issuer, Outside(snapshot.egress, origins).fetch, secret)


class _Lines(logging.Handler):
    """Puts what libraries log into the process's own lines, without the traces of what they caught."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """One record, one line."""
        message = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            message = f"{message.strip().splitlines()[0]}: {type(error).__name__}"
        self._log.error("message", logger=record.name, message=message)


def main() -> int:
    """The process: started by a supervisor, which says in the environment where its place is."""
    try:
        assignment = Assignment.of(os.environ)
    except (KeyError, ValueError):
        assignment = None
    if assignment is None or assignment.listen_fd is None:
        sys.stderr.write("stellwerk.admin.process is started by `stellwerk up`, not by hand\n")
        return 2
    log = Log(sys.stderr, process="admin")
    logging.getLogger().addHandler(_Lines(log))
    link = Link.inherited(assignment.control_fd)
    listening = socket.socket(fileno=assignment.listen_fd)
    try:
        process = AdminProcess(link, compiled.read(assignment.config), log)
    except ConfigurationError as error:
        return _failed(link, log, error.problems)
    except (OSError, SQLAlchemyError) as error:
        # The text of a database's error may hold its URL, and with it a password.
        reason = str(error) if isinstance(error, OSError) else type(error).__name__
        return _failed(link, log, (f"the control database cannot be opened: {reason}",))
    with suppress(KeyboardInterrupt):
        asyncio.run(process.serve(listening))
    return 0


def _failed(link: Link, log: Log, problems: tuple[str, ...]) -> int:
    log.error("admin_not_started", problems=problems)
    link.send(Refused(0, problems))
    return 1


if __name__ == "__main__":
    sys.exit(main())
