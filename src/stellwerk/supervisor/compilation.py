"""A configuration being compiled by a child process: what judges it takes no memory or time of those who serve."""

from __future__ import annotations

import json
import os
from pathlib import Path

from stellwerk.supervisor.process import Process, exit_reason
from stellwerk.supervisor.setup import Setup, compiled_path

MAX_OUTPUT_BYTES = 65_536
MAX_LINES = 50


class Compilation:
    """A compiler at work on one version. Its output is to be read whenever ``fileno`` is readable."""

    __slots__ = ("_deadline_s", "_output", "_process", "_was_killed", "path", "version")

    def __init__(self, setup: Setup, version: int, now_s: float) -> None:
        """Starts it. Raises ``OSError`` when it cannot start."""
        self.version = version
        self.path: Path = compiled_path(setup.state, version)
        self._deadline_s = now_s + setup.patience.compile_s
        self._output = b""
        self._was_killed = False
        self._process = Process(
            setup.compiler(self.path, version), environment=setup.environment, now_s=now_s, captures_output=True
        )
        os.set_blocking(self.fileno(), False)

    def fileno(self) -> int:
        """The descriptor of its output."""
        return self._process.output.fileno()

    def read(self) -> bool:
        """Takes what it has printed; ``False`` at the end of its output."""
        chunk = self._process.output.read(MAX_OUTPUT_BYTES)
        if chunk is not None:
            self._output = (self._output + chunk)[:MAX_OUTPUT_BYTES]
        return chunk != b""

    def is_done(self, now_s: float) -> bool:
        """Whether it has ended; one that takes too long is ended here."""
        if now_s >= self._deadline_s and not self._was_killed:
            self._was_killed = True
            self._process.kill()
        return self._process.poll() is not None

    def finish(self) -> tuple[bool, list[str]]:
        """Whether the version was written, and the lines that the compiler printed; ends it where it still runs."""
        self._process.kill()
        status = self._process.wait()
        self.read()
        self._process.output.close()
        lines = [_text(line) for line in self._output.decode(errors="replace").splitlines() if line.strip()]
        if status != 0 and (self._was_killed or not lines):
            lines.append("the compiler took too long" if self._was_killed else f"the compiler: {exit_reason(status)}")
        return status == 0 and self.path.exists(), lines[:MAX_LINES]


def _text(line: str) -> str:
    """The ``text`` of a line that is a JSON object with one, else the line itself."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return line
    return str(found["text"]) if isinstance(found, dict) and "text" in found else line
