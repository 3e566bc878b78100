"""Texts that ``stellwerk bench`` measures on: files of JSON lines, or those that ship."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable
from pathlib import Path

import msgspec

from stellwerk.errors import ConfigurationError

BUILT_IN = "redteam.jsonl"
MAX_FILE_BYTES = 2**30
MOST_PROBLEMS = 10
"""How many faulty lines are shown."""


class Text(msgspec.Struct, frozen=True):
    """A line of a file."""

    text: str
    label: int | bool = 1
    """1 of an attack, 0 of an ordinary prompt."""


def texts(attacks_file: Path | None, ordinary_file: Path | None) -> tuple[list[str], list[str]]:
    """Attacks and ordinary prompts; those that ship where no file has any. Raises ``ConfigurationError``."""
    shipped = _decoded(BUILT_IN, (pkgutil.get_data(__package__, BUILT_IN) or b"").splitlines())
    given = _read(attacks_file) if attacks_file else shipped
    attacks = [row.text for row in given if row.label]
    ordinary = [row.text for row in given if not row.label]
    if ordinary_file:
        ordinary = [row.text for row in _read(ordinary_file)]
    if not attacks:
        raise ConfigurationError((f"{attacks_file}: there is no attack in it",))
    return attacks, ordinary or [row.text for row in shipped if not row.label]


def _read(path: Path) -> list[Text]:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ConfigurationError((f"{path}: has more than {MAX_FILE_BYTES:,} bytes",))
        with path.open("rb") as lines:
            return _decoded(str(path), lines)
    except OSError as error:
        raise ConfigurationError(
            (f"{path}: cannot be read: {(error.strerror or 'unknown reason').lower()}",)
        ) from error


def _decoded(name: str, lines: Iterable[bytes]) -> list[Text]:
    decode = msgspec.json.Decoder(Text).decode
    rows, problems = list[Text](), list[str]()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            rows.append(decode(line))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            problems.append(f"{name}:{number}: {error}")
            if len(problems) == MOST_PROBLEMS:
                break
    if problems:
        raise ConfigurationError(tuple(problems))
    return rows
