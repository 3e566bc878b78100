"""The supervisor of one host: starts the workers, keeps every slot served, reloads, drains.

One thread, one selector. No request passes through here: when the supervisor is slow, requests are not.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from selectors import EVENT_READ, BaseSelector, DefaultSelector

from stellwerk.supervisor.backoff import Backoff
from stellwerk.supervisor.errors import CannotStart, NotReady
from stellwerk.supervisor.log import Log
from stellwerk.supervisor.private_directory import for_news, in_memory
from stellwerk.supervisor.reload import Reloading
from stellwerk.supervisor.run_file import Claim, Run
from stellwerk.supervisor.setup import Setup, compiled_path, keep_compiled
from stellwerk.supervisor.signals import Signals
from stellwerk.supervisor.slot import Slot
from stellwerk.supervisor.sockets import bound_address, listen
from stellwerk.supervisor.watch import POLL_S, Watch
from stellwerk.supervisor.workers import Workers

HEARD_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
DEATHS_AT_START = 3
"""So many deaths before any worker of a role was ready, and the start has failed."""
ORPHANS_LEAVE_S = 5.0
"""How long the workers of a supervisor that was killed may take to let go of the address."""


class Supervisor:
    """Runs the workers of one state directory until it is told to stop."""

    def __init__(
        self,
        setup: Setup,
        log: Log,
        *,
        announce: Callable[[Run], None] | None = None,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """``announce`` is called once, when the workers are ready; ``draw`` gives the jitter of restarts."""
        self._setup = setup
        self._log = log
        self._announce = announce
        self._draw = draw
        self._watch = Watch(setup.source)
        self._started = datetime.now(UTC).isoformat(timespec="seconds")
        self._addresses: dict[str, str] = {}
        self._is_announced = False
        self._is_draining = False

    def run(self) -> int:
        """Serves until SIGTERM or SIGINT. Returns 0, or 1 when workers had to be killed. Raises ``CannotStart``."""
        with ExitStack() as stack:
            self._claim = Claim(self._setup.state)
            stack.callback(self._claim.release)
            slots = self._open_slots(stack)
            self._board = self._open_board()
            stack.callback(shutil.rmtree, self._board, ignore_errors=True)
            with suppress(OSError):  # workers do without news, and say so
                stack.callback(shutil.rmtree, for_news(self._setup.state), ignore_errors=True)
            signals = stack.enter_context(Signals(HEARD_SIGNALS))
            selector = stack.enter_context(DefaultSelector())
            selector.register(signals, EVENT_READ, lambda: None)
            self._place_first_version()
            self._reloading = Reloading(self._setup, selector, self._log, adopted=self._publish)
            stack.callback(self._reloading.close)
            self._workers = Workers(slots, self._setup, self._board, selector, self._reloading, self._log)
            stack.callback(self._workers.kill)
            self._loop(selector, signals)
        self._log.info("stopped", killed=self._workers.killed)
        return 1 if self._workers.killed else 0

    def _loop(self, selector: BaseSelector, signals: Signals) -> None:
        began_s = next_look_s = time.monotonic()
        while not self._workers.are_stopped:
            now_s = time.monotonic()
            if self._workers.tend(now_s):
                self._publish()
            if not self._is_announced and not self._is_draining:
                self._see_start(now_s - began_s)
            if not self._is_draining:
                self._reloading.tick(self._workers.slots, now_s)
            if now_s >= next_look_s:
                next_look_s = now_s + POLL_S
                if self._watch.has_changed() and not self._is_draining:
                    self._reloading.ask("the file has changed")
            wait_s = min(next_look_s, self._workers.next_start_s) - time.monotonic()
            for key, _ in selector.select(max(wait_s, 0.0)):
                key.data()
            for number in signals.arrived():
                self._obey(number)

    def _obey(self, number: signal.Signals) -> None:
        match number:
            case signal.SIGHUP if not self._is_draining:
                self._reloading.ask("SIGHUP")
            case signal.SIGINT if self._is_draining:
                self._log.warning("stopping_at_once")
                self._workers.kill()
            case signal.SIGTERM | signal.SIGINT if not self._is_draining:
                self._is_draining = True
                self._log.info("draining", signal=number.name, at_most_s=self._setup.patience.drain_s)
                self._workers.drain(time.monotonic())
            case _:
                pass  # SIGCHLD only has to wake the loop

    def _see_start(self, waited_s: float) -> None:
        """Announces that the workers are ready, or gives up. Raises ``NotReady``."""
        unready = self._workers.unready()
        is_time_over = waited_s > self._setup.patience.start_s + 1.0
        for slot in unready:
            is_hopeless = slot.deaths >= DEATHS_AT_START or is_time_over
            if is_hopeless and not self._workers.is_any_ready(slot.role):
                reasons = "; ".join(slot.problems) or "it gave no reason"
                raise NotReady(f"no {slot.role.name} worker became ready: {reasons}")
        if unready and not is_time_over:
            return
        self._is_announced = True
        run = self._publish()
        self._log.info("ready", addresses=self._addresses, workers=list(run.workers), version=run.version)
        if self._announce is not None:
            self._announce(run)

    def _publish(self) -> Run:
        """Brings ``run.json`` up to date, once there is something to announce."""
        run = Run(
            pid=os.getpid(),
            addresses=self._addresses,
            workers=self._workers.pids,
            version=self._reloading.version,
            started=self._started,
            board=str(self._board),
        )
        if self._is_announced:
            try:
                self._claim.write(run)
            except OSError as error:
                self._log.error("run_file_not_written", reason=str(error))
        return run

    def _open_slots(self, stack: ExitStack) -> list[Slot]:
        # Workers of a supervisor that was killed need a moment to let go; anybody else's address stays in use.
        patience_s = ORPHANS_LEAVE_S if self._claim.was_abandoned else 0.0
        slots: list[Slot] = []
        for role in self._setup.roles:
            listening: list[socket.socket] | list[None] = [None] * role.count
            if role.address is not None:
                listening = listen(role.address, role.count, patience_s=patience_s)
                self._addresses[role.name] = str(bound_address(listening))
            for socket_ in listening:
                slot = Slot(len(slots), role, socket_, Backoff(self._draw))
                stack.callback(slot.close)
                slots.append(slot)
        return slots

    def _place_first_version(self) -> None:
        state, version = self._setup.state, self._setup.version
        keep_compiled(state, (version,))
        if self._setup.place is not None:
            try:
                self._setup.place(compiled_path(state, version))
            except OSError as error:
                raise CannotStart(f"the compiled configuration cannot be placed in {state}: {error}") from error

    def _open_board(self) -> Path:
        board = in_memory(self._setup.state, "board")
        for page in board.glob("*.page"):
            page.unlink(missing_ok=True)
        return board
