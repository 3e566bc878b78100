"""All workers together: started, heard, buried, replaced, drained."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from selectors import EVENT_READ, BaseSelector

from stellwerk.supervisor.log import Log
from stellwerk.supervisor.process import exit_reason
from stellwerk.supervisor.protocol import Alive, Loaded, Message, Ready, Refused, ReloadWanted, RoleWanted
from stellwerk.supervisor.reload import Reloading
from stellwerk.supervisor.setup import Role, Setup, compiled_path
from stellwerk.supervisor.slot import Slot, State

ABSENCE_S = 1.0
"""Whoever tends the workers less often than this did not hear them: their silence proves nothing then."""


class Workers:
    """The slots and what happens to them. ``killed`` counts workers that had to be ended by force while draining."""

    def __init__(
        self, slots: Sequence[Slot], setup: Setup, board: Path, selector: BaseSelector, reloading: Reloading, log: Log
    ) -> None:
        self.slots = slots
        self.killed = 0
        self._setup = setup
        self._board = board
        self._selector = selector
        self._reloading = reloading
        self._log = log
        self._tended_s = math.inf
        self._terminate_s = math.inf
        self._kill_s = math.inf

    @property
    def are_stopped(self) -> bool:
        """Whether no worker runs and none will."""
        return all(slot.state is State.STOPPED for slot in self.slots)

    @property
    def pids(self) -> list[int]:
        """Of the essential workers that run, in the order of the slots."""
        return [slot.process.pid for slot in self.slots if slot.process is not None and slot.role.is_essential]

    @property
    def next_start_s(self) -> float:
        """When the next worker is due."""
        return min((slot.starts_s for slot in self.slots if slot.state is State.WAITING), default=math.inf)

    def unready(self) -> list[Slot]:
        """Slots of essential roles without a worker that is ready."""
        return [slot for slot in self.slots if slot.state is not State.READY and slot.role.is_essential]

    def is_any_ready(self, role: Role) -> bool:
        """Whether somebody fills a role."""
        return any(slot.state is State.READY for slot in self.slots if slot.role is role)

    def tend(self, now_s: float) -> bool:
        """Buries the dead, starts whoever is due, ends whoever is overdue; whether any process came or went."""
        before = self.pids
        if now_s - self._tended_s > ABSENCE_S:
            for slot in self.slots:
                slot.excuse(now_s)
        self._tended_s = now_s
        for slot in self.slots:
            self._bury_if_dead(slot, now_s)
            if slot.state is State.WAITING and now_s >= slot.starts_s:
                self._start(slot, now_s)
            if reason := slot.is_overdue(self._setup.patience, now_s):
                self._kill_overdue(slot, reason)
        self._press(now_s)
        return self.pids != before

    def drain(self, now_s: float) -> None:
        """Lets every worker finish what is in flight; from now on the address refuses connections."""
        drain_s = self._setup.patience.drain_s
        for slot in self.slots:
            slot.drain(drain_s)
            slot.close()
        self._terminate_s = now_s + drain_s
        self._kill_s = self._terminate_s + self._setup.patience.kill_s

    def kill(self) -> None:
        """Ends all of them at once and starts none anew."""
        for slot in self.slots:
            if slot.process is not None:
                self.killed += 1
                slot.process.kill()
                slot.process.wait()
                self._hang_up(slot)
            slot.state = State.STOPPING
            slot.bury(0.0)

    def _start(self, slot: Slot, now_s: float) -> None:
        config = compiled_path(self._setup.state, self._reloading.version)
        try:
            link = slot.start(self._setup.environment, self._board, config, now_s)
        except OSError as error:
            slot.problems = (f"{slot.role.command[0]}: {error.strerror}",)
            delay_s = slot.bury(now_s)
            self._log.error("worker_not_started", **_who(slot), reason=str(error), next_in_s=round(delay_s, 3))
            return
        self._selector.register(link, EVENT_READ, partial(self._hear, slot))
        self._log.info("worker_started", **_who(slot))

    def _hear(self, slot: Slot) -> None:
        """Takes whatever a worker has said."""
        if slot.link is None:
            return
        for message in slot.link.receive():
            self._understand(slot, message)
        if slot.link.is_closed:
            self._hang_up(slot)
            slot.hear(self._tended_s)  # one that lives on without a link is overdue one day

    def _understand(self, slot: Slot, message: Message) -> None:
        match message:
            case Alive():
                slot.hear(self._tended_s)
            case Ready(version) if slot.state is State.STARTING:
                slot.state = State.READY
                slot.version = version
                slot.problems = ()
                self._log.info("worker_ready", **_who(slot), version=version)
                self._reloading.catch_up(slot)
            case Loaded(version):
                self._reloading.loaded(slot, version, self.slots)
            case Refused(version, problems) if slot.state is State.STARTING:
                slot.problems = problems
                self._log.error("worker_refused", **_who(slot), version=version, problems=list(problems))
            case Refused(version, problems):
                self._reloading.refused(slot, version, problems)
            case ReloadWanted():
                self._reloading.ask(f"asked for by {slot.role.name}")
            case RoleWanted(role):
                for wanted in self.slots:
                    if wanted.role.name == role:
                        wanted.want()
            case _:
                pass  # Drained: its exit follows and is what counts

    def _bury_if_dead(self, slot: Slot, now_s: float) -> None:
        if slot.process is None or (status := slot.process.poll()) is None:
            return
        self._hear(slot)  # its last words
        who, was_stopping = _who(slot), slot.state is State.STOPPING
        self._hang_up(slot)
        reason = exit_reason(status)
        slot.problems = slot.problems or (reason,)
        delay_s = slot.bury(now_s)
        if was_stopping:
            self._log.info("worker_stopped", **who, reason=reason)
            return
        self._log.error("worker_died", **who, reason=reason, next_in_s=round(delay_s, 3))
        self._reloading.lost(slot)

    def _kill_overdue(self, slot: Slot, reason: str) -> None:
        if slot.process is not None:
            self._log.error("worker_killed", **_who(slot), reason=reason)
            slot.process.kill()

    def _press(self, now_s: float) -> None:
        """While draining: SIGTERM at the deadline, SIGKILL a little later."""
        if now_s >= self._kill_s:
            self._log.warning("killing", workers=self.pids)
            self.kill()
        elif now_s >= self._terminate_s:
            self._terminate_s = math.inf
            self._log.warning("drain_took_too_long", workers=self.pids)
            for slot in self.slots:
                if slot.process is not None:
                    slot.process.terminate()

    def _hang_up(self, slot: Slot) -> None:
        if slot.link is not None and slot.link.fileno() in self._selector.get_map():
            self._selector.unregister(slot.link)


def _who(slot: Slot) -> dict[str, object]:
    return {"role": slot.role.name, "slot": slot.number, "pid": slot.process.pid if slot.process is not None else None}
