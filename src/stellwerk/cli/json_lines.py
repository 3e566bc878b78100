"""Reads files of JSON lines for commands that work through them: with progress, and with every faulty line told."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from stellwerk.errors import ConfigurationError

MOST_PROBLEMS = 10
"""How many faulty lines are shown."""
_SHOWN_EVERY_S = 0.2


def rows(path: Path, read: Callable[[bytes], dict[str, Any]], doing: str, what: str) -> Iterator[dict[str, Any]]:
    """The rows of a file, each with an id: that of the line's number where it has none.

    ``read`` takes a line, and raises ``ValueError`` for what is no row. ``doing`` and ``what`` are for people:
    "scanning, 12 lines", "the texts cannot be read". Raises ``ConfigurationError`` with the faulty lines.
    """
    problems: list[str] = []
    shown = time.monotonic()
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                try:
                    row = read(line)
                    if not problems:
                        yield {"id": number, **row}
                except (ValueError, RecursionError) as error:
                    problems.append(f"{path}:{number}: {error}")
                    if len(problems) == MOST_PROBLEMS:
                        break
                if sys.stderr.isatty() and time.monotonic() - shown > _SHOWN_EVERY_S:
                    shown = time.monotonic()
                    sys.stderr.write(f"\r{doing}, {number:,} lines")
                    sys.stderr.flush()
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise ConfigurationError((f"{path}: the {what} cannot be read: {reason}",)) from error
    finally:
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
    if problems:
        raise ConfigurationError(tuple(problems))
