"""Turns signals into something that a selector can wait for."""

from __future__ import annotations

import signal
import socket
from collections.abc import Sequence
from types import FrameType, TracebackType
from typing import Any, Self


class Signals:
    """Within its context, the signals named arrive here instead of doing what they did. Main thread only."""

    __slots__ = ("_far", "_near", "_numbers", "_old_descriptor", "_old_handlers")

    def __init__(self, numbers: Sequence[signal.Signals]) -> None:
        self._numbers = tuple(numbers)
        self._old_handlers: dict[signal.Signals, Any] = {}
        self._old_descriptor = -1
        self._near, self._far = socket.socketpair()
        self._near.settimeout(0.0)
        self._far.settimeout(0.0)

    def __enter__(self) -> Self:
        """Begins to listen."""
        self._old_descriptor = signal.set_wakeup_fd(self._far.fileno(), warn_on_full_buffer=False)
        for number in self._numbers:
            self._old_handlers[number] = signal.signal(number, _ignore)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Puts everything back as it was."""
        for number, handler in self._old_handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._old_descriptor)
        self._near.close()
        self._far.close()

    def fileno(self) -> int:
        """The descriptor that becomes readable when a signal has come."""
        return self._near.fileno()

    def arrived(self) -> list[signal.Signals]:
        """The signals since the last call, in their order; several of one kind may be one."""
        try:
            return [signal.Signals(byte) for byte in self._near.recv(4096) if byte in self._numbers]
        except BlockingIOError:
            return []


def _ignore(number: int, frame: FrameType | None) -> None:
    """A handler in Python is what makes the interpreter write to the wake-up descriptor."""
    del number, frame
