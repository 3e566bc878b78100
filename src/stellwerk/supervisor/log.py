"""Structured log lines of the supervisor: one JSON object per line."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TextIO


class Log:
    """Writes lines with time, level, event and fields to a stream. When nobody reads the stream any more, nowhere."""

    __slots__ = ("_bound", "_clock", "_stream", "redact")

    def __init__(self, stream: TextIO, *, clock: Callable[[], float] = time.time, **bound: object) -> None:
        """``bound`` fields stand on every line; ``clock`` gives seconds since the Unix epoch."""
        self._stream = stream
        self._clock = clock
        self._bound = bound
        self.redact: Callable[[str], str] | None = None
        """Takes out of texts what may not be written down."""

    def info(self, event: str, **fields: object) -> None:
        """Something happened as it should."""
        self._write("info", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Something needs a look."""
        self._write("warning", event, fields)

    def error(self, event: str, **fields: object) -> None:
        """Something failed."""
        self._write("error", event, fields)

    def _write(self, level: str, event: str, fields: dict[str, object]) -> None:
        if self.redact is not None:
            fields = {name: self._redacted(value) for name, value in fields.items()}
        line = {"time": round(self._clock(), 3), "level": level, "event": event, **self._bound, **fields}
        try:
            self._stream.write(json.dumps(line, default=str) + "\n")
            self._stream.flush()
        except OSError:
            return  # a log that cannot be written must not take the workers down

    def _redacted(self, value: object) -> object:
        if isinstance(value, str) and self.redact is not None:
            return self.redact(value)
        if isinstance(value, dict):
            return {name: self._redacted(each) for name, each in value.items()}
        return [self._redacted(each) for each in value] if isinstance(value, list | tuple) else value
