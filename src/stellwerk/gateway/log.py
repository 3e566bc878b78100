"""Structured log lines: one JSON object per line on standard error. Not for requests: those are events."""

from __future__ import annotations

import sys
import time
import traceback
from typing import TextIO

import msgspec


class Log:
    """Writes what operators want to know of a process. ``bound`` fields stand on every line."""

    def __init__(self, stream: TextIO = sys.stderr, **bound: object) -> None:
        self._stream = stream
        self._bound = bound

    def info(self, event: str, **fields: object) -> None:
        """Something happened as it should."""
        self._write("info", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Something needs a look."""
        self._write("warning", event, fields)

    def error(self, event: str, *, error: BaseException | None = None, **fields: object) -> None:
        """Something failed; the place in the code goes here and nowhere else."""
        if error is not None:
            frames = traceback.extract_tb(error.__traceback__)[-6:]
            fields["error"] = type(error).__name__
            fields["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        self._write("error", event, fields)

    def _write(self, level: str, event: str, fields: dict[str, object]) -> None:
        line = {"time": round(time.time(), 3), "level": level, "event": event, **self._bound, **fields}
        self._stream.write(msgspec.json.encode(line, enc_hook=str).decode() + "\n")
        self._stream.flush()
