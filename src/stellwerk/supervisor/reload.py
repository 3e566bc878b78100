"""Reloads: compile, let one worker try the new version, then hand it to all; until then the old one stays in force."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from selectors import EVENT_READ, BaseSelector

from stellwerk.supervisor.compilation import Compilation
from stellwerk.supervisor.log import Log
from stellwerk.supervisor.protocol import Reload
from stellwerk.supervisor.setup import Setup, compiled_path, keep_compiled
from stellwerk.supervisor.slot import Slot, State


class Reloading:
    """At most one reload at a time; one that is asked for meanwhile follows it."""

    __slots__ = (
        "_adopted",
        "_candidate",
        "_compilation",
        "_is_asked_for",
        "_last",
        "_log",
        "_previous",
        "_selector",
        "_setup",
        "_trial",
        "_trial_ends_s",
        "version",
    )

    def __init__(self, setup: Setup, selector: BaseSelector, log: Log, adopted: Callable[[], object]) -> None:
        """``adopted`` is called when another version has come into force."""
        self._setup = setup
        self._selector = selector
        self._log = log
        self._adopted = adopted
        self.version = self._previous = self._last = setup.version
        self._is_asked_for = False
        self._compilation: Compilation | None = None
        self._candidate = 0
        self._trial: Slot | None = None
        self._trial_ends_s = 0.0

    def ask(self, reason: str) -> None:
        """Begins a reload, as soon as the one that runs is over."""
        self._log.info("reload", reason=reason)
        self._is_asked_for = True

    def tick(self, slots: Sequence[Slot], now_s: float) -> None:
        """Goes on with whatever can go on."""
        if self._compilation is not None:
            if self._compilation.is_done(now_s):
                self._compiled(self._compilation, slots, now_s)
        elif self._trial is not None:
            if now_s >= self._trial_ends_s:
                self._reject(("the first worker took too long to load it",))
        elif self._is_asked_for:
            self._is_asked_for = False
            self._compile(now_s)

    def loaded(self, slot: Slot, version: int, slots: Sequence[Slot]) -> None:
        """A worker serves with a version now."""
        slot.version = version
        if slot is self._trial and version == self._candidate:
            self._adopt(slots)
        else:
            self.catch_up(slot)  # it came too late: another version is in force by now

    def refused(self, slot: Slot, version: int, problems: Sequence[str]) -> None:
        """A worker cannot serve with a version and keeps the one it has."""
        if slot is self._trial and version == self._candidate:
            self._reject(problems)
            return
        self._log.error("version_refused", slot=slot.number, version=version, problems=list(problems))

    def lost(self, slot: Slot) -> None:
        """A worker has ended: if it was trying a version, that one is to blame."""
        if slot is self._trial:
            self._reject(("the first worker that loaded it ended",))

    def catch_up(self, slot: Slot) -> None:
        """Hands the version in force to a worker that became ready with another one."""
        if slot.version != self.version and slot.link is not None:
            slot.link.send(self._message(self.version))

    def close(self) -> None:
        """Ends a compiler that is still at work."""
        if self._compilation is not None:
            self._end_compilation(self._compilation)

    def _compile(self, now_s: float) -> None:
        try:
            compilation = Compilation(self._setup, self._last + 1, now_s)
        except OSError as error:
            self._log.error("reload_refused", version=self.version, problems=[f"the compiler cannot start: {error}"])
            return
        self._compilation = compilation
        self._selector.register(compilation.fileno(), EVENT_READ, self._read_output)

    def _read_output(self) -> None:
        if self._compilation is not None and not self._compilation.read():
            self._selector.unregister(self._compilation.fileno())

    def _compiled(self, compilation: Compilation, slots: Sequence[Slot], now_s: float) -> None:
        is_written, lines = self._end_compilation(compilation)
        if not is_written:
            self._log.error("reload_refused", version=self.version, problems=lines)
            return
        if lines:
            self._log.warning("reload_notes", version=compilation.version, notes=lines)
        self._last = self._candidate = compilation.version
        ready = [slot for slot in slots if slot.state is State.READY and slot.link and slot.role.is_essential]
        first = next((slot for slot in ready if slot.link and slot.link.send(self._message(self._candidate))), None)
        if first is None:
            self._adopt(slots)
            return
        self._trial = first
        self._trial_ends_s = now_s + self._setup.patience.load_s

    def _end_compilation(self, compilation: Compilation) -> tuple[bool, list[str]]:
        self._compilation = None
        if compilation.fileno() in self._selector.get_map():
            self._selector.unregister(compilation.fileno())
        return compilation.finish()

    def _adopt(self, slots: Sequence[Slot]) -> None:
        self._trial = None
        self._previous, self.version = self.version, self._candidate
        for slot in slots:
            if slot.state is State.READY:
                self.catch_up(slot)
        # The version before stays for workers that are just starting with it.
        keep_compiled(self._setup.state, (self._previous, self.version))
        self._log.info("reloaded", version=self.version)
        self._adopted()

    def _reject(self, problems: Sequence[str]) -> None:
        self._trial = None
        compiled_path(self._setup.state, self._candidate).unlink(missing_ok=True)
        self._log.error("reload_refused", version=self.version, problems=list(problems))

    def _message(self, version: int) -> Reload:
        return Reload(str(compiled_path(self._setup.state, version)), version)
