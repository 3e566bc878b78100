"""One child process: a session of its own, with the descriptors that it is given and no others."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO


class Process:
    """A running child. Its standard input is empty; its output goes where ours goes, or into a pipe when wished."""

    __slots__ = ("_popen", "started_s")

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        now_s: float,
        descriptors: Sequence[int] = (),
        captures_output: bool = False,
    ) -> None:
        """Starts it. ``now_s`` is the start in seconds of the caller's clock. Raises ``OSError`` when it cannot start.

        A session of its own keeps the terminal's Ctrl-C for the supervisor, which drains.
        """
        self.started_s = now_s
        self._popen = subprocess.Popen(  # noqa: S603  # the command comes from our own command line
            list(command),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if captures_output else None,
            stderr=subprocess.STDOUT if captures_output else None,
            pass_fds=tuple(descriptors),
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """Its process id, which is its session's and process group's too."""
        return self._popen.pid

    @property
    def output(self) -> IO[bytes]:
        """The pipe with its output. Raises ``ValueError`` when that was not wished."""
        if self._popen.stdout is None:
            raise ValueError("the output of this process is not captured")
        return self._popen.stdout

    def poll(self) -> int | None:
        """Its exit status (negative: the signal that ended it), or ``None`` while it runs; reaps it."""
        return self._popen.poll()

    def terminate(self) -> None:
        """Asks it to end."""
        self._popen.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it and everything that it has started in its session. Nothing happens when it has ended already."""
        if self._popen.poll() is None:
            with suppress(ProcessLookupError, PermissionError):  # it ended just now; macOS says EPERM of such a group
                os.killpg(self._popen.pid, signal.SIGKILL)

    def wait(self) -> int:
        """Its exit status, once it has ended."""
        return self._popen.wait()


def exit_reason(status: int) -> str:
    """An exit status in words."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"signal {signal.Signals(-status).name}"
    except ValueError:
        return f"signal {-status}"
