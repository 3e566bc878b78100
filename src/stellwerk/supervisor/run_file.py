"""The state directory's claim: a lock that one supervisor holds, and ``run.json`` that says who runs and where."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stellwerk.supervisor.errors import AlreadyRunning, CannotStart

RUN_FILE = "run.json"
LOCK_FILE = "run.lock"


@dataclass(frozen=True, slots=True)
class Run:
    """What ``run.json`` holds: addresses by role (``gateway``), pids in the order of the slots, the start in UTC."""

    pid: int
    addresses: Mapping[str, str]
    workers: Sequence[int]
    version: int
    started: str
    board: str


class Claim:
    """A state directory that is ours until ``release``, or until this process ends in whatever way."""

    __slots__ = ("_directory", "_lock", "was_abandoned")

    def __init__(self, directory: Path) -> None:
        """Takes it. Raises ``AlreadyRunning``, or ``CannotStart`` when the directory cannot be used."""
        self._directory = directory
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(directory / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise CannotStart(f"the state directory {directory} cannot be used: {error.strerror}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise AlreadyRunning(_taken(directory)) from error
        self.was_abandoned = (directory / RUN_FILE).exists()
        """Whether the last owner died without clearing up."""

    def write(self, run: Run) -> None:
        """Puts ``run.json`` in place in one step, readable by its owner alone. Raises ``OSError``."""
        draft = self._directory / f".{RUN_FILE}.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123  # an open descriptor, not a path
            file.write(json.dumps(asdict(run), indent=2) + "\n")
        draft.replace(self._directory / RUN_FILE)

    def release(self) -> None:
        """Removes ``run.json`` and lets others have the directory."""
        (self._directory / RUN_FILE).unlink(missing_ok=True)
        os.close(self._lock)


def read(directory: Path) -> dict[str, Any] | None:
    """What ``run.json`` says, or ``None`` when there is none that can be read."""
    try:
        found = json.loads((directory / RUN_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _taken(directory: Path) -> str:
    run = read(directory)
    who = f" (process {run['pid']})" if run and "pid" in run else ""
    return f"another supervisor{who} is running with the state directory {directory}"
