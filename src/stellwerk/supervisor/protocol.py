"""What supervisor and worker say to one another: one JSON object per message over an inherited control socket.

A worker finds its place in environment variables (``Assignment``), sends ``Ready`` once it serves and ``Alive`` every
``ALIVE_S`` seconds. It answers ``Reload`` with ``Loaded`` or ``Refused`` and ``Drain`` with ``Drained`` and its exit.
When the control socket closes the supervisor is gone: the worker drains and exits by itself.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

LISTEN_FD = "STELLWERK_LISTEN_FD"
CONTROL_FD = "STELLWERK_CONTROL_FD"
SLOT = "STELLWERK_SLOT"
BOARD = "STELLWERK_BOARD"
CONFIG = "STELLWERK_CONFIG"

ALIVE_S = 1.0
"""How often a worker says that its event loop turns."""
MAX_BYTES = 65_536
"""Longest message: well below the send buffer of a Unix socket."""
MAX_PROBLEMS = 20
MAX_PROBLEM_CHARACTERS = 250
"""20 times 250 characters stay below ``MAX_BYTES`` even when JSON has to write each as twelve."""


@dataclass(frozen=True, slots=True)
class Ready:
    """Worker: serves its slot with this version of the configuration."""

    version: int


@dataclass(frozen=True, slots=True)
class Alive:
    """Worker: the event loop turns. Whoever has said so once and then falls silent is taken for hung."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Worker: serves with this version from now on."""

    version: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Worker: cannot serve with this version and keeps the one it has."""

    version: int
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReloadWanted:
    """Admin process: somebody has asked for the configuration to be read again."""


@dataclass(frozen=True, slots=True)
class RoleWanted:
    """Worker: has a use for the processes of a role that are only started on demand. May be said again and again."""

    role: str


@dataclass(frozen=True, slots=True)
class Drained:
    """Worker: the last answer has gone out; the process ends now."""


@dataclass(frozen=True, slots=True)
class Reload:
    """Supervisor: load this compiled configuration."""

    path: str
    version: int


@dataclass(frozen=True, slots=True)
class Drain:
    """Supervisor: accept nothing more, finish what is in flight within so many seconds, exit."""

    deadline_s: float


Message = Ready | Alive | Loaded | Refused | ReloadWanted | RoleWanted | Drained | Reload | Drain

_KINDS: dict[str, type[Message]] = {
    kind.__name__.lower(): kind
    for kind in (Ready, Alive, Loaded, Refused, ReloadWanted, RoleWanted, Drained, Reload, Drain)
}


@dataclass(frozen=True, slots=True)
class Assignment:
    """A worker's place: its slot, its listening socket (``None`` when it serves none), and where things lie."""

    slot: int
    listen_fd: int | None
    control_fd: int
    board: Path
    config: Path

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Assignment:
        """Reads it from ``os.environ``. Raises ``KeyError`` or ``ValueError`` when no supervisor has set it."""
        listen_fd = environment.get(LISTEN_FD)
        return cls(
            slot=int(environment[SLOT]),
            listen_fd=int(listen_fd) if listen_fd is not None else None,
            control_fd=int(environment[CONTROL_FD]),
            board=Path(environment[BOARD]),
            config=Path(environment[CONFIG]),
        )

    def variables(self) -> dict[str, str]:
        """The same as environment variables, for the child."""
        found = {
            SLOT: str(self.slot),
            CONTROL_FD: str(self.control_fd),
            BOARD: str(self.board),
            CONFIG: str(self.config),
        }
        return found if self.listen_fd is None else {**found, LISTEN_FD: str(self.listen_fd)}


class Link:
    """One end of a control socket; never blocks. ``is_closed`` once the other end is gone."""

    __slots__ = ("_rest", "_socket", "is_closed")

    def __init__(self, connected: socket.socket) -> None:
        connected.settimeout(0.0)
        self._socket = connected
        self._rest = b""
        self.is_closed = False

    @classmethod
    def inherited(cls, descriptor: int) -> Link:
        """The end that a worker was given."""
        connected = socket.socket(fileno=descriptor)
        connected.set_inheritable(False)
        return cls(connected)

    @classmethod
    def pair(cls) -> tuple[Link, Link]:
        """Two connected ends."""
        near, far = _socket_pair()
        return cls(near), cls(far)

    def fileno(self) -> int:
        """The descriptor, for selectors and for handing on."""
        return self._socket.fileno()

    def send(self, message: Message) -> bool:
        """Whether it went out; not when the other end is gone or has not read for a long time."""
        try:
            return self._socket.send(encode(message) + b"\n") > 0
        except BlockingIOError:
            return False
        except OSError:
            self.is_closed = True
            return False

    def receive(self) -> list[Message]:
        """Everything that has arrived; what cannot be understood is left out, for it may be a newer peer's."""
        messages = []
        while not self.is_closed:
            try:
                chunk = self._socket.recv(MAX_BYTES)
            except BlockingIOError:
                break
            except OSError:
                chunk = b""
            self.is_closed = not chunk
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            messages += [message for line in lines if (message := decode(line)) is not None]
        return messages

    def close(self) -> None:
        """Closes this end; the other one sees it."""
        self.is_closed = True
        self._socket.close()


def encode(message: Message) -> bytes:
    """One JSON object without a newline; a long list of problems is cut."""
    fields = asdict(message)
    if isinstance(message, Refused):
        fields["problems"] = [problem[:MAX_PROBLEM_CHARACTERS] for problem in message.problems[:MAX_PROBLEMS]]
    return json.dumps({"type": type(message).__name__.lower(), **fields}).encode()


def decode(line: bytes) -> Message | None:
    """The message in a line, or ``None`` when it is not one."""
    try:
        fields: dict[str, Any] = json.loads(line)
        kind = _KINDS[fields.pop("type")]
        if "problems" in fields:
            fields["problems"] = tuple(str(problem) for problem in fields["problems"])
        return kind(**fields)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return None


def _socket_pair() -> tuple[socket.socket, socket.socket]:
    # Datagrams in order whose end is seen; where Unix sockets lack them (macOS), the newline parts a stream.
    try:
        return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    except OSError:
        return socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
