"""The worker process: serves one slot until its supervisor says otherwise, or is gone."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
import ssl
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

from stellwerk import plugins
from stellwerk.analytics.writer import EventWriter
from stellwerk.config import compiled
from stellwerk.config.references import resolve
from stellwerk.config.register import Register
from stellwerk.core.snapshot import Snapshot, TlsSpec
from stellwerk.errors import ConfigurationError
from stellwerk.gateway.descriptors import raise_limit
from stellwerk.gateway.endpoints.operation import Operation
from stellwerk.gateway.following import Following
from stellwerk.gateway.published import series
from stellwerk.gateway.remembered_factors import RememberedFactors
from stellwerk.gateway.vitals import Vitals
from stellwerk.gateway.wiring import adopt, assemble, open_events
from stellwerk.http.deadlines import Deadlines
from stellwerk.http.tls import load_certificate, server_context
from stellwerk.ports.bus import Bus
from stellwerk.supervisor import board
from stellwerk.supervisor.log import Log
from stellwerk.supervisor.private_directory import for_jobs
from stellwerk.supervisor.protocol import (
    Alive,
    Assignment,
    Drain,
    Drained,
    Link,
    Loaded,
    Ready,
    Refused,
    Reload,
    RoleWanted,
)

if TYPE_CHECKING:
    from stellwerk.gateway.computing import ComputeLine
    from stellwerk.gateway.meters import Meters
    from stellwerk.gateway.purses import Purses
    from stellwerk.gateway.replicating import Replicating
    from stellwerk.ports.counter import Counter

COMPUTE = "compute"
"""The role of the compute process."""
SETTLE_S = 1.0
"""How often workers that died are looked for."""
KEYS_S = 2.0
"""How long a worker waits at its start for the keys of issuers; later, requests that need them are told to wait."""
FLUSH_S = 5.0
"""How long the last events may take to be written."""
ABANDONED_DRAIN_S = 30.0
"""How long a worker whose supervisor is gone goes on with what is in flight."""


class Worker:
    """Everything that one process serves with, and what it does on a message from its supervisor."""

    def __init__(self, assignment: Assignment, link: Link, snapshot: Snapshot, loop: asyncio.AbstractEventLoop) -> None:
        self._assignment = assignment
        self._log = Log(sys.stderr, process="worker", slot=assignment.slot)
        logging.getLogger().addHandler(_Lines(self._log))
        self._link = link
        self._tls = _tls(snapshot.server.tls)
        self._writer = EventWriter(open_events(snapshot))
        deadlines = Deadlines(time.monotonic, loop.call_at)
        operation = Operation(
            is_ready=lambda: self._vitals.is_ready,
            metrics=lambda: self._vitals.prometheus(),  # noqa: PLW0108  # vitals come after the gateway they watch
            health=lambda: self._vitals.health(),  # noqa: PLW0108
        )
        register = _register(snapshot)
        self._gateway = assemble(
            snapshot, deadlines, loop.call_later, self._writer.record, operation, self._log, register=register
        )
        self._following = Following(register, self._gateway.pipeline, loop.call_soon, self._log)
        self._following.catch_up()
        page = board.Page(assignment.board, assignment.slot)
        if page.inherited:
            self._gateway.metrics.restore(*series([page.inherited]))
        self._vitals = Vitals(page, board.Board(assignment.board), self._gateway, self._writer, slot=assignment.slot)
        # Where it can fail, it does so now.
        self._shared_counter = _opened(snapshot) if snapshot.state.shared is not None else None
        self._gateway.pipeline.counting = self._count
        self._bus: Bus | None = None
        self._settling: asyncio.Task[None] | None = None
        self._compute: ComputeLine | None = None
        self._replicating: Replicating | None = None
        self._gateway.pipeline.catch_up = self._following.beat
        self._vitals.on_beat = self._beat
        state = Path(snapshot.state.directory)
        self._factors = RememberedFactors(state, assignment.slot, self._gateway.standings)
        self._factors.restore()
        self._draining: asyncio.Task[None] | None = None
        self._ended = asyncio.Event()

    @property
    def _snapshot(self) -> Snapshot:
        return self._gateway.pipeline.configuration.snapshot

    async def serve(self) -> None:
        """Serves until it has drained."""
        loop = asyncio.get_running_loop()
        descriptor = self._assignment.listen_fd
        await self._gateway.renewals.issuers_asked(KEYS_S)
        if descriptor is not None:
            listener = socket.socket(fileno=descriptor)
            listener.setblocking(False)  # noqa: FBT003  # the only way to say it
            await self._gateway.front.listen(listener, self._tls)
        loop.add_reader(self._link.fileno(), self._on_message)
        loop.add_signal_handler(signal.SIGTERM, self._drain, self._snapshot.server.drain_s)
        self._join_bus(loop)
        self._join_compute()
        version = self._snapshot.version
        self._vitals.be_ready(version, is_ready=True)
        self._link.send(Ready(version))
        self._vitals.start(self._say_alive)
        gc.collect()
        gc.freeze()
        await self._ended.wait()

    def _join_bus(self, loop: asyncio.AbstractEventLoop) -> None:
        """Hears other workers' news at once; without that, a heartbeat later."""
        directory = Path(self._snapshot.state.directory)
        try:
            bus = plugins.build("buses", "local", {}, directory=directory, slot=self._assignment.slot, loop=loop)
        except OSError as error:
            self._log.warning("no_bus", reason=str(error))
        else:
            self._bus = cast("Bus", bus)
            self._vitals.sharing.join(self._bus)
            self._bus.subscribe(self._following.on_notice)

    def _join_compute(self) -> None:
        """Has the compute process started, and opens a line to it, once the configuration has a use for it."""
        from stellwerk.core.job import VERSION
        from stellwerk.gateway.computing import ComputeLine, has_use

        configuration = self._gateway.pipeline.configuration
        is_rewriting = any(model.optimization is not None for model in configuration.models.values())
        is_keeping = self._gateway.pipeline.recollection is not None
        wants = configuration.snapshot.guardrails or is_rewriting or is_keeping
        if not (wants or has_use(configuration.providers.values())):
            return
        if self._compute is None:
            try:
                path = for_jobs(Path(self._snapshot.state.directory), VERSION)
            except OSError as error:
                self._log.warning("no_compute", reason=str(error))
                return
            self._compute = ComputeLine(path, asyncio.get_running_loop(), self._log)
            self._gateway.pipeline.scheduler.compute = self._vitals.compute = self._compute
        self._compute.open()
        self._link.send(RoleWanted(COMPUTE))

    def _count(self) -> Meters:
        """What limits and budgets are counted with, together with other workers; those that died are settled for."""
        from stellwerk.gateway.meters import Meters
        from stellwerk.gateway.owner import own_id
        from stellwerk.gateway.purses import Purses

        counter = self._shared_counter or _opened(self._snapshot)
        is_open = self._snapshot.state.limits_when_away == "open"
        purses = Purses(counter, own_id(), time.time, self._bus, self._log, is_open=is_open)
        self._settling = asyncio.get_running_loop().create_task(self._settle_the_dead(purses))
        return Meters(purses, time.time)

    async def _settle_the_dead(self, purses: Purses) -> None:
        from stellwerk.gateway.owner import is_alive

        while True:
            await purses.forfeit_others(is_alive)
            await asyncio.sleep(SETTLE_S)

    def _beat(self) -> None:
        self._following.beat()
        if self._replicating is None and self._gateway.pipeline.recollection is not None:
            from stellwerk.gateway.replicating import Replicating

            self._replicating = Replicating(self._gateway.pipeline, self._gateway.monitor)
        if self._replicating is not None:
            self._replicating.beat()

    def _say_alive(self) -> None:
        self._link.send(Alive())
        self._factors.beat()

    def _on_message(self) -> None:
        for message in self._link.receive():
            match message:
                case Reload(path=_, version=version):
                    self._reload(message, version)
                case Drain(deadline_s=deadline_s):
                    self._drain(deadline_s)
                case _:
                    self._log.warning("message_not_understood", message=type(message).__name__)
        if self._link.is_closed:
            asyncio.get_running_loop().remove_reader(self._link.fileno())
            self._log.warning("supervisor_gone")
            self._drain(ABANDONED_DRAIN_S)

    def _reload(self, message: Reload, version: int) -> None:
        """Takes a new version, or keeps the one it has: requests under way finish with the version they began with."""
        try:
            snapshot = compiled.read(Path(message.path))
            before = self._snapshot
            certificate = _certificate(snapshot.server.tls)
            adopt(self._gateway, snapshot)
            if self._tls is not None and certificate is not None:
                load_certificate(self._tls, *certificate)
            keys = _unchangeable(before, snapshot)
            if keys:
                self._log.warning("takes_a_restart", keys=keys)
        except ConfigurationError as error:
            self._log.error("reload_refused", version=version, problems=error.problems)
            self._link.send(Refused(version, error.problems))
            return
        self._join_compute()
        self._vitals.be_ready(version, is_ready=self._draining is None)
        self._link.send(Loaded(version))
        self._log.info("reloaded", version=version)

    def _drain(self, deadline_s: float) -> None:
        if self._draining is None:
            self._draining = asyncio.get_running_loop().create_task(self._finish(deadline_s))

    async def _finish(self, deadline_s: float) -> None:
        """Accepts nothing more, lets answers finish for so long, writes the last events, and ends."""
        self._vitals.be_ready(self._snapshot.version, is_ready=False)
        try:
            async with asyncio.timeout(deadline_s):
                await self._gateway.front.drain()
        except TimeoutError:
            self._log.warning("drain_cut", connections=self._gateway.front.connections)
            self._gateway.front.abort()
        self._factors.keep()
        self._gateway.renewals.stop()
        self._gateway.monitor.probing.stop()
        self._gateway.pool.close()
        self._gateway.vault.close()
        if self._compute is not None:
            self._compute.close()
        if (recollection := self._gateway.pipeline.recollection) is not None:
            await asyncio.to_thread(recollection.cache.close)
        await asyncio.to_thread(self._writer.close, FLUSH_S)
        self._vitals.stop()
        if self._settling is not None:
            self._settling.cancel()
        if self._gateway.pipeline.meters is not None:  # after the last heartbeat, which may still tell what was spent
            await self._gateway.pipeline.meters.purses.close()
        self._link.send(Drained())
        self._ended.set()


class _Lines(logging.Handler):
    """Puts what libraries and plugins log into the process's own lines."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """One record, one line."""
        write = self._log.error if record.levelno >= logging.ERROR else self._log.warning
        write("message", logger=record.name, message=record.getMessage())


def main() -> int:
    """The process: started by a supervisor, which says in the environment where its place is."""
    try:
        assignment = Assignment.of(os.environ)
    except (KeyError, ValueError):
        sys.stderr.write("stellwerk.gateway.worker is started by `stellwerk up`, not by hand\n")
        return 2
    raise_limit()
    link = Link.inherited(assignment.control_fd)
    try:
        _run(assignment, link)
    except ConfigurationError as error:
        Log(sys.stderr, process="worker", slot=assignment.slot).error("configuration_refused", problems=error.problems)
        link.send(Refused(0, error.problems))
        return 1
    return 0


def _run(assignment: Assignment, link: Link) -> None:
    import uvloop

    async def serve() -> None:
        await Worker(assignment, link, compiled.read(assignment.config), asyncio.get_running_loop()).serve()

    uvloop.run(serve())


def _register(snapshot: Snapshot) -> Register:
    """The keys beside those of the configuration. Raises ``ConfigurationError``."""
    try:
        return Register(Path(snapshot.state.directory))
    except OSError as error:
        raise ConfigurationError((f"the pepper of callers' keys cannot be used: {error}",)) from None


def _opened(snapshot: Snapshot) -> Counter:
    """The counter, loaded where there is something to count. Raises ``ConfigurationError``."""
    from stellwerk.config.counting import open_counter

    return open_counter(snapshot.state)


def _tls(spec: TlsSpec | None) -> ssl.SSLContext | None:
    certificate = _certificate(spec)
    return server_context(*certificate) if certificate is not None else None


def _certificate(spec: TlsSpec | None) -> tuple[str, str] | None:
    """Certificate and key, tried together on a context that serves nobody."""
    if spec is None:
        return None
    certificate, key = resolve(spec.certificate), resolve(spec.key)
    try:
        server_context(certificate, key)
    except ssl.SSLError as error:
        raise ConfigurationError((f"server.tls: certificate and key do not work together: {error.reason}",)) from None
    return certificate, key


def _unchangeable(before: Snapshot, after: Snapshot) -> list[str]:
    """Keys that have changed and that no running process can take over."""
    old, new = before.server, after.server
    changes = {
        "server.listen": (old.host, old.port) != (new.host, new.port),
        "server.workers": old.workers != new.workers,
        "server.drain_s": old.drain_s != new.drain_s,
        "server.tls": (old.tls is None) != (new.tls is None),
        "state": before.state != after.state,
    }
    return [key for key, has_changed in changes.items() if has_changed]


if __name__ == "__main__":
    sys.exit(main())
