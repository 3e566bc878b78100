"""Finds the line on which a value of a TOML document stands.

The standard parser gives values without places. This one walks over a text that the standard parser has accepted and
notes where each key and each element of an array begins; it judges nothing itself.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from dataclasses import dataclass

from stellwerk.config.problems import Path

_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_REST_OF_LINE = re.compile(r"[^\n]*\n?")
_KEY_PART = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*'""")
_SCALAR = re.compile(
    r'''"""(?:[^"\\]|\\.|"{1,2}(?!"))*+"{3,5}'''
    r"""|'''(?:[^']|'{1,2}(?!'))*+'{3,5}"""
    r'''|"(?:[^"\\]|\\.)*+"'''
    r"""|'[^']*'"""
    r"""|\d{4}-\d\d-\d\d[ ]\d[\d:.Zz+-]*"""
    r"""|[^\s,\]}\#]+""",
    re.DOTALL,
)


class Lines:
    """The lines of one document. ``text`` is valid TOML with plain line ends."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self._found: dict[Path, int] = {}
        self._sizes: dict[Path, int] = {}
        self._read()

    def of(self, path: Path) -> int:
        """The line, from 1, where a value begins; for one that is missing, where the table begins that lacks it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self._found:
                return self._found[path[:length]]
        return 0

    def _read(self) -> None:
        table: Path = ()
        position = self._skip(_BLANK, 0)
        while position < len(self._text):
            if self._text[position] == "[":
                table, position = self._header(position)
            else:
                position = self._pair(table, position)
            position = self._skip(_BLANK, position)

    def _header(self, position: int) -> tuple[Path, int]:
        is_array = self._text.startswith("[[", position)
        parts, end = self._key(position + (2 if is_array else 1))
        path: Path = ()
        for place, part in enumerate(parts):
            path = (*path, part)
            self._note(path, position)
            if is_array and place == len(parts) - 1:
                self._sizes[path] = self._sizes.get(path, 0) + 1
            if path in self._sizes:
                path = (*path, self._sizes[path] - 1)
                self._note(path, position)
        return path, self._skip(_REST_OF_LINE, end)

    def _pair(self, table: Path, position: int) -> int:
        """Notes a key and everything in its value; returns where the value ends."""
        path, position = self._assignment(table, position)
        open_containers: list[_Container] = []
        while True:
            opened, position = self._value(path, position)
            if opened:
                open_containers.append(opened)
            while open_containers:
                container = open_containers[-1]
                position = self._next(container, position)
                if not container.is_closed:
                    break
                open_containers.pop()
            if not open_containers:
                return position
            path, position = self._child(open_containers[-1], position)

    def _assignment(self, table: Path, position: int) -> tuple[Path, int]:
        parts, end = self._key(position)
        path = table
        for part in parts:
            path = (*path, part)
            self._note(path, position)
        return path, self._skip(_SPACE, end + 1)

    def _value(self, path: Path, position: int) -> tuple[_Container | None, int]:
        if self._text[position] in "[{":
            return _Container(path, is_array=self._text[position] == "["), position + 1
        return None, self._skip(_SCALAR, position)

    def _next(self, container: _Container, position: int) -> int:
        """Moves over a comma to the next child, or over the closing bracket."""
        position = self._skip(_BLANK, position)
        if self._text[position] == ",":
            position = self._skip(_BLANK, position + 1)
        if self._text[position] in "]}":
            container.is_closed = True
            position += 1
        return position

    def _child(self, container: _Container, position: int) -> tuple[Path, int]:
        if not container.is_array:
            return self._assignment(container.path, position)
        path = (*container.path, container.size)
        container.size += 1
        self._note(path, position)
        return path, position

    def _key(self, position: int) -> tuple[list[str], int]:
        """The parts of a dotted key, and the position of what follows it."""
        parts = []
        while True:
            position = self._skip(_SPACE, position)
            end = self._skip(_KEY_PART, position)
            parts.append(_plain(self._text[position:end]))
            position = self._skip(_SPACE, end)
            if self._text[position] != ".":
                return parts, position
            position += 1

    def _skip(self, pattern: re.Pattern[str], position: int) -> int:
        found = pattern.match(self._text, position)
        return found.end() if found else position

    def _note(self, path: Path, position: int) -> None:
        self._found.setdefault(path, bisect_right(self._starts, position))


@dataclass
class _Container:
    """An array or inline table that is being read."""

    path: Path
    is_array: bool
    size: int = 0
    is_closed: bool = False


def _plain(part: str) -> str:
    if part[0] not in "\"'":
        return part
    value: str = tomllib.loads(f"key = {part}")["key"]
    return value
