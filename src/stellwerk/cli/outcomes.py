"""Reads outcomes that a route is learned from: a file of JSON objects, one a line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from stellwerk.core.learned_training import LEAST_ROWS, Outcome
from stellwerk.errors import ConfigurationError

MAX_FILE_BYTES = 2**31
MOST_PROBLEMS = 10
"""How many faulty lines are shown."""


def read(
    path: Path, prompt_field: str = "prompt", weak_field: str = "weak", strong_field: str = "strong"
) -> list[Outcome]:
    """The outcomes of a file. Raises ``ConfigurationError`` with the faulty lines, and for too few of them."""
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    outcomes, problems = list[Outcome](), list[str]()
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ConfigurationError((f"{path}: the outcomes have more than {MAX_FILE_BYTES:,} bytes",))
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                try:
                    row = decode(line)
                    outcomes.append(
                        Outcome(_text(row, prompt_field), _share(row, weak_field), _share(row, strong_field))
                    )
                except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                    problems.append(f"{path}:{number}: {error}")
                    if len(problems) == MOST_PROBLEMS:
                        break
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise ConfigurationError((f"{path}: the outcomes cannot be read: {reason}",)) from error
    if problems:
        raise ConfigurationError(tuple(problems))
    if len(outcomes) < LEAST_ROWS:
        raise ConfigurationError((f"{path}: expected at least {LEAST_ROWS} outcomes, found {len(outcomes)}",))
    return outcomes


def _text(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{name}: expected the text of a prompt")  # noqa: TRY004  # the file's fault, not a caller's
    return value


def _share(row: dict[str, Any], name: str) -> float:
    value = row.get(name)
    if not isinstance(value, bool | int | float) or not 0 <= value <= 1:
        raise ValueError(f"{name}: expected true, false, or a number from 0 to 1")
    return float(value)
