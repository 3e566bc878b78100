"""A mapping of the source, read so that nothing is overlooked: what nobody has taken is told at the end."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from stellwerk.transfer.findings import Findings


class Table:
    """One mapping at a path. What has the wrong type is told as left behind, and taken as if it were not there."""

    def __init__(self, value: Mapping[str, Any], path: str, findings: Findings, *, is_camel: bool = False) -> None:
        """``is_camel``: a name may also be written in camel case."""
        self._value = value
        self._left = {name: None for name, child in value.items() if child is not None}
        self._is_camel = is_camel
        self.path = path
        self.findings = findings

    def at(self, name: str) -> str:
        """The path of an entry, as it is written."""
        return joined(self.path, self._spelling(name))

    def has(self, name: str) -> bool:
        """Whether there is such an entry, and nobody has taken it."""
        return self._spelling(name) in self._left

    @property
    def left(self) -> list[str]:
        """Names of the entries that nobody has taken yet, as they are written."""
        return list(self._left)

    def peek(self, name: str) -> Any:
        """An entry as it stands, which stays to be taken."""
        return self._value.get(self._spelling(name))

    def take(self, name: str) -> Any:
        """An entry as it stands; ``None`` where there is none."""
        spelling = self._spelling(name)
        self._left.pop(spelling, None)
        return self._value.get(spelling)

    def text(self, name: str) -> str | None:
        """Text that is not empty; a number counts as its digits."""
        value = self.take(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str):
            return value.strip() or None
        self._unfit(name, value, "text")
        return None

    def number(self, name: str) -> float | None:
        """A number that is not negative, also one in quotes."""
        value = self.take(name)
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                self._unfit(name, value, "a number")
                return None
        if isinstance(value, bool) or not isinstance(value, int | float | None):
            self._unfit(name, value, "a number")
            return None
        if value is not None and not (0 <= value < 2**53 and math.isfinite(value)):
            self._unfit(name, value, "a number from 0 to 2^53")
            return None
        return value

    def flag(self, name: str) -> bool:
        """Whether something is switched on."""
        value = self.take(name)
        if isinstance(value, str) and value.lower() in {"true", "false"}:
            value = value.lower() == "true"
        if not isinstance(value, bool | None):
            self._unfit(name, value, "true or false")
        return value is True

    def table(self, name: str) -> Table:
        """A mapping; an empty one where there is none."""
        value = self.take(name)
        if not isinstance(value, dict):
            self._unfit(name, value, "a mapping")
            value = {}
        return Table(value, self.at(name), self.findings, is_camel=self._is_camel)

    def tables(self, name: str) -> Iterator[Table]:
        """The mappings of a list."""
        value = self.take(name)
        if not isinstance(value, list):
            self._unfit(name, value, "a list of mappings")
            return
        for place, child in enumerate(value):
            path = f"{self.at(name)}[{place}]"
            if isinstance(child, dict):
                yield Table(child, path, self.findings, is_camel=self._is_camel)
            else:
                self.findings.lose(path, "expected a mapping; left out")

    def texts(self, name: str) -> list[str]:
        """The texts of a list; a single one counts as a list of it."""
        value = self.take(name)
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list):
            self._unfit(name, value, "a list of texts")
            return []
        return [child for child in value if isinstance(child, str) and child]

    def close(self, advice: Mapping[str, str], otherwise: str) -> None:
        """Tells of every entry that nobody has taken: what ``advice`` says by its name, or else ``otherwise``."""
        for name in self._left:
            self.findings.lose(joined(self.path, name), advice.get(snake(name), otherwise))
        self._left = {}

    def _spelling(self, name: str) -> str:
        camel = _camel(name)
        return camel if self._is_camel and name not in self._value and camel in self._value else name

    def _unfit(self, name: str, value: Any, expected: str) -> None:
        if value is not None:
            self.findings.lose(self.at(name), f"expected {expected}; left out")


def joined(path: str, name: str) -> str:
    """The path of what a name says in a mapping."""
    shown = name if name.isprintable() else ascii(name)
    return f"{path}.{shown}" if path else shown


def snake(name: str) -> str:
    """``requestTimeout`` as ``request_timeout``."""
    return "".join(f"_{character.lower()}" if character.isupper() else character for character in name)


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)
