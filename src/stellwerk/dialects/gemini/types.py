"""Words of the dialect and its own ways with JSON objects, shared by requests, replies and streams."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.dialects import members
from stellwerk.dialects.members import SPELLING, Refuse

DIALECT = "gemini"
"""The name by which this dialect marks what only it understands."""

COUNT_DIALECT = "gemini_count_tokens"
"""The name under which requests go on record that only ask how many tokens they are."""

_NUMBER: msgspec.json.Decoder[int | float | str] = msgspec.json.Decoder(int | float | str)
_INNER = re.compile(r"(?<=[a-z0-9])_([a-z0-9])")
_DIGITS = re.compile(r"-?[0-9]{1,19}")


class Members(members.Members):
    """The members of one of this dialect's objects, by their camelCase names.

    Google's parser takes snake_case as well, and reads ``null`` as absent: neither survives, for neither says more.
    """

    __slots__ = ()

    dialect = DIALECT

    def __init__(self, raw: bytes | msgspec.Raw, path: str = "", refuse: Refuse | None = None) -> None:
        super().__init__(raw, path, refuse)
        for name in self._left:
            if "_" in name:
                self._rename()
                break

    def _rename(self) -> None:
        left: dict[str, msgspec.Raw] = {}
        for known, value in self._left.items():
            name = camel_case(known)
            if name in left:
                self.fail(f"Duplicate parameter: '{self.path(name)}'.", name)
            left[name] = value
        self._left = left

    def take_integer(self, name: str) -> int | None:
        """A whole number, in any of the ways in which protocol buffers write one: ``40``, ``40.0``, ``"40"``."""
        value = self.take(name, _NUMBER)
        if type(value) is str and _DIGITS.fullmatch(value):
            return int(value)
        if type(value) is float and value.is_integer():
            return int(value)
        if value is not None and type(value) is not int:
            self.fail(f"Invalid type for '{self.path(name)}': expected an integer.", name)
        return value

    def opaque(self, **parts: Opaque | None) -> Opaque | None:
        """All that was not taken; see the class it comes from."""
        left = super().opaque(**parts)
        if left is None or SPELLING not in left.members.values():
            return left
        told = {name: value for name, value in left.members.items() if value != SPELLING}
        return Opaque(DIALECT, told) if told else None


def camel_case(name: str) -> str:
    """``generationConfig`` of ``generation_config``."""
    return _INNER.sub(lambda found: found[1].upper(), name)


def merge(wire: dict[str, Any], opaque: Opaque | None) -> dict[str, Any]:
    """Writes this dialect's opaque members, without marks, into the object they came from, which is also returned."""
    if opaque is not None:
        for name, value in opaque.of(DIALECT).items():
            if isinstance(value, Opaque):
                within = wire.setdefault(name, {})
                if type(within) is dict:
                    merge(within, value)
            elif value != SPELLING and wire.get(name) is None:
                wire[name] = value
    return wire


def mark(opaque: Opaque | None, *names: str) -> Opaque | None:
    """With a mark by each name: it says how a neutral value was spelled, or that it was not on the wire."""
    if not names:
        return opaque
    return Opaque(DIALECT, {**(opaque.members if opaque is not None else {}), **dict.fromkeys(names, SPELLING)})


def is_marked(opaque: Opaque | None, name: str) -> bool:
    """Whether this dialect's decoder left a mark of that name."""
    return members.is_spelled(opaque, name, DIALECT)


def take_raws(within: Members, name: str) -> tuple[msgspec.Raw, ...]:
    """The raw elements of an array; none where it is absent."""
    raws = within.take(name, members.RAWS)
    return () if raws is None else raws
