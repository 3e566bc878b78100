"""A fault in a configuration as one line: where it is, what was expected there and what was found."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from difflib import get_close_matches
from typing import Any

Path = tuple[str | int, ...]
"""Where a value stands: keys of tables and positions in arrays, from the top of the file."""

LONGEST_SHOWN = 60
MOST_LISTED = 16
MAX_INTEGER = 2**63 - 1
"""What TOML promises to hold, and what the compiled file can."""
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_PLAIN_WORD = re.compile(r"[A-Za-z0-9_.:/@+~-]{1,60}|\"[^\"]*\"")
_USER_IN_URL = re.compile(r"//.*@", re.DOTALL)
_TYPES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "a boolean"),
    (str, "a string"),
    (int, "an integer"),
    (float, "a number"),
    (list, "an array"),
    (dict, "a table"),
    ((date, time), "a date or time"),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault, or one warning. ``line`` counts from 1; 0 means the file as a whole."""

    path: Path
    message: str
    line: int = 0
    column: int = 0

    def render(self, file: str) -> str:
        """``stellwerk.toml:12: providers[0].base_url: expected an http(s) URL, found "foo"``."""
        place = ":".join([file, *(str(number) for number in (self.line, self.column) if number)])
        return ": ".join(part for part in (place, render_path(self.path), self.message) if part)


def render_path(path: Path) -> str:
    """``providers[0].base_url``; a key that would need quotes in TOML has them here."""
    rendered = ""
    for piece in path:
        if isinstance(piece, int):
            rendered += f"[{piece}]"
        else:
            key = piece if _BARE_KEY.fullmatch(piece) and len(piece) <= LONGEST_SHOWN else quoted(piece)
            rendered += f".{key}" if rendered else key
    return rendered


def unfit(expected: str, found: str) -> str:
    """The message for a value of the wrong type or form."""
    return f"expected {expected}, found {found}"


def unknown_key(key: str, choices: Iterable[str]) -> str:
    """The message for a key that does not exist where it stands."""
    known = tuple(choices)
    return f"unknown key, expected {one_of(known)}{_did_you_mean(key, known)}"


def unknown_name(what: str, name: str, choices: Iterable[str], found: str) -> str:
    """The message for a name that nothing bears. ``found`` is how it may be shown."""
    known = tuple(choices)
    return f"{unfit(f'{what} ({one_of(known)})', found)}{_did_you_mean(name, known)}"


def one_of(choices: Iterable[str]) -> str:
    """A readable list of what is possible."""
    known = tuple(choices)
    listed = ", ".join(_plain(choice) for choice in known[:MOST_LISTED])
    more = f", … ({len(known)} in all)" if len(known) > MOST_LISTED else ""
    return f"one of {listed}{more}" if known else "none, for there is none yet"


def shown(value: Any) -> str:
    """A value as a message may show it: short, printable, and without the user part of a URL."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return quoted(_USER_IN_URL.sub("//…@", value))
        case int() if abs(value) > MAX_INTEGER:
            return "an integer of more than 64 bits"
        case int() | float():
            return str(value)
        case _:
            return described(value)


def described(value: Any) -> str:
    """The type of a value, for where the value itself may not be shown."""
    return next((words for types, words in _TYPES if isinstance(value, types)), "nothing")


def quoted(text: str) -> str:
    """Text in quotes with everything escaped that a terminal or a log could take for more than text."""
    escaped = "".join(
        character
        if character.isprintable() and character not in '"\\'
        else f"\\{character}"
        if character in '"\\'
        else character.encode("unicode_escape").decode("ascii")
        for character in text[: LONGEST_SHOWN + 1]
    )
    return f'"{_shortened(escaped)}"'


def _did_you_mean(word: str, choices: Iterable[str]) -> str:
    # Longer words are no slip of the pen, and comparing them takes long.
    close = get_close_matches(word, list(choices), n=1) if len(word) <= LONGEST_SHOWN else []
    return f"; did you mean {quoted(close[0])}?" if close else ""


def _plain(word: str) -> str:
    return word if _PLAIN_WORD.fullmatch(word) else quoted(word)


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
