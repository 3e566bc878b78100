"""How every dialect reads and writes JSON objects member by member, so that what it does not know survives."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NoReturn, Self, TypeVar

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.errors import InvalidRequest, StellwerkError, UpstreamInvalid

WRONG_TYPE = "Invalid type for '{}': {}."
SPELLING = msgspec.Raw(b"null")
"""Marks in an ``Opaque`` under which of two names a neutral value came."""

STRING = msgspec.json.Decoder(str)
INTEGER = msgspec.json.Decoder(int)
NUMBER: msgspec.json.Decoder[float] = msgspec.json.Decoder(int | float)
BOOLEAN = msgspec.json.Decoder(bool)
STRINGS: msgspec.json.Decoder[tuple[str, ...]] = msgspec.json.Decoder(tuple[str, ...])
RAW = msgspec.json.Decoder(msgspec.Raw)
RAWS: msgspec.json.Decoder[tuple[msgspec.Raw, ...]] = msgspec.json.Decoder(tuple[msgspec.Raw, ...])

_T = TypeVar("_T")
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_OBJECTS: msgspec.json.Decoder[list[dict[str, msgspec.Raw]]] = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_NULL = msgspec.Raw(b"null")
_SPACE = re.compile(rb"[ \t\r\n]*+")
_FIRST = re.compile(rb"[ \t\r\n]*+\{[ \t\r\n]*+")
_COLON = re.compile(rb"[ \t\r\n]*+:[ \t\r\n]*+")
_NEXT = re.compile(rb",[ \t\r\n]*+")
_LAST = re.compile(rb"\}[ \t\r\n]*+")
_MISMATCH = re.compile(r"Expected `([^`]+)`, got `([^`]+)`")
_NAMES = {
    "str": "a string",
    "int": "an integer",
    "float": "a decimal number",
    "int | float": "a number",
    "bool": "a boolean",
    "array": "an array",
    "object": "an object",
    "null": "null",
}
_PYTHON_NAMES = {str: "str", int: "int", float: "float", bool: "bool", list: "array", dict: "object"}

Refuse = Callable[[str, str | None], StellwerkError]
"""Makes the error for a message and the path of what is to blame."""


class UnreadableError(Exception):
    """A shape that this version does not know: whoever meets it keeps the value opaque."""


def refuse_request(message: str, param: str | None) -> StellwerkError:
    """The caller's fault."""
    return InvalidRequest(message, param=param)


def refuse_reply(message: str, _param: str | None) -> StellwerkError:
    """The provider's fault."""
    return UpstreamInvalid(f"The provider's answer cannot be read. {message}")


class Members:
    """The members of one JSON object, taken one by one; what nobody takes is opaque.

    Each dialect derives its own with ``dialect`` set to its name. ``null`` counts as absent. With ``refuse`` a wrong
    type is refused by path, without it ``UnreadableError`` is raised.
    """

    __slots__ = ("_left", "_path", "_refuse")

    dialect: ClassVar[str]
    """The name by which a dialect marks what only it understands."""

    def __init__(self, raw: bytes | msgspec.Raw, path: str = "", refuse: Refuse | None = None) -> None:
        self._path = path
        self._refuse = refuse
        try:
            self._left = _OBJECT.decode(raw)
        except msgspec.ValidationError as error:
            self._fail(error, path)

    def __contains__(self, name: str) -> bool:
        """Whether the member is there and not yet taken."""
        return name in self._left

    def peek(self, name: str) -> msgspec.Raw:
        """The member's raw value without taking it; ``null`` when it is absent."""
        return self._left.get(name, _NULL)

    def take(self, name: str, decoder: msgspec.json.Decoder[_T]) -> _T | None:
        """The member's value; ``None`` when it is absent or ``null``."""
        raw = self._left.pop(name, _NULL)
        if raw == _NULL:
            return None
        if decoder is RAW:  # it has been read with the object
            return raw  # type: ignore[return-value]
        try:
            return decoder.decode(raw)
        except msgspec.ValidationError as error:
            self._fail(error, self.path(name))

    def need(self, name: str, decoder: msgspec.json.Decoder[_T]) -> _T:
        """The member's value, which must be there."""
        value = self.take(name, decoder)
        if value is None:
            self.fail(f"Missing required parameter: '{self.path(name)}'.", name)
        return value

    def within(self, name: str) -> Self:
        """The object that the member holds, which must be there."""
        return type(self)(self.need(name, RAW), self.path(name), self._refuse)

    def objects(self, name: str) -> list[Self]:
        """The objects in the array that the member holds, which must be there: read in one pass with the array."""
        path, raw = self.path(name), self.peek(name)
        try:
            found = _OBJECTS.decode(raw)
        except msgspec.ValidationError:  # one is no object: which, the longer way tells
            entries = self.need(name, RAWS)
            return [type(self)(entry, f"{path}[{index}]", self._refuse) for index, entry in enumerate(entries)]
        del self._left[name]
        return [self._of(entry, f"{path}[{index}]") for index, entry in enumerate(found)]

    def opaque(self, **parts: Opaque | None) -> Opaque | None:
        """All that was not taken, with what is left of the nested objects ``parts``; ``None`` when that is nothing."""
        left: dict[str, msgspec.Raw | Opaque] = {**self._left}
        left.update((name, part) for name, part in parts.items() if part is not None)
        return Opaque(self.dialect, left) if left else None

    def whole(self) -> msgspec.Raw:
        """The object of all members that are left."""
        return msgspec.Raw(msgspec.json.encode(self._left))

    def copy(self) -> Self:
        """The same members, of which others may be taken."""
        return self._of({**self._left}, self._path)

    def leniently(self) -> Self:
        """The same members, which raise ``UnreadableError`` from now on."""
        self._refuse = None
        return self

    def is_all_of(self, body: bytes) -> bool:
        """Whether ``body`` holds these members, of which none was taken, in their order and nothing else.

        A member that stands twice shows, for a decoder gives it once. ``False`` may also be a matter of spelling.
        """
        at, first = _FIRST.match(body), True
        for name, raw in self._left.items():
            found = _NEXT.match(body, at.end()) if at is not None and not first else at
            key = b'"%b"' % name.encode()
            if found is None or not body.startswith(key, found.end()):
                return False
            colon, value = _COLON.match(body, found.end() + len(key)), bytes(raw)
            if colon is None or not body.startswith(value, colon.end()):
                return False
            at, first = _SPACE.match(body, colon.end() + len(value)), False
        return at is not None and _LAST.fullmatch(body, at.end()) is not None

    def path(self, name: str) -> str:
        """Where the member stands, from the top of the body."""
        return f"{self._path}.{name}" if self._path else name

    def fail(self, message: str, name: str) -> NoReturn:
        """Refuses the member."""
        if self._refuse is None:
            raise UnreadableError(message)
        raise self._refuse(message, self.path(name))

    def _of(self, left: dict[str, msgspec.Raw], path: str) -> Self:
        made = self.__new__(type(self))
        made._left, made._path, made._refuse = left, path, self._refuse  # noqa: SLF001 - one of its own
        return made

    def _fail(self, error: msgspec.ValidationError, path: str) -> NoReturn:
        if self._refuse is None:
            raise UnreadableError(str(error)) from None
        where, told = describe_validation(error)
        path += where if where.startswith("[") else f".{where}" if where else ""
        raise self._refuse(WRONG_TYPE.format(path or "request body", told), path or None) from None


def understood(body: Members, name: str, decode_value: Callable[[msgspec.Raw], _T]) -> _T | None:
    """A member that stays opaque when its shape is not known."""
    raw = body.peek(name)
    if raw == _NULL:
        body.take(name, RAW)
        return None
    try:
        value = decode_value(raw)
    except UnreadableError:
        return None
    body.take(name, RAW)
    return value


def describe_validation(error: msgspec.ValidationError) -> tuple[str, str]:
    """Where in a value (``messages[0]``), and what was expected and found there, in OpenAI's manner of speaking."""
    told, _, place = str(error).partition(" - at `$")
    where = place.rstrip("`").removeprefix(".").replace("[...]", "")
    mismatch = _MISMATCH.fullmatch(told)
    if mismatch is None:
        return where, told[:1].lower() + told[1:]
    expected, found = mismatch[1].removesuffix(" | null"), mismatch[2]
    return where, f"expected {_NAMES.get(expected, expected)}, but got {_NAMES.get(found, found)} instead"


def describe_type(value: Any) -> str:
    """``a string``, ``an integer``, ... for a decoded JSON value."""
    return "null" if value is None else _NAMES[_PYTHON_NAMES[type(value)]]


def merge(wire: dict[str, Any], opaque: Opaque | None, dialect: str) -> dict[str, Any]:
    """Writes this dialect's opaque members back into the object they came from, which is also returned."""
    if opaque is not None:
        for name, value in opaque.of(dialect).items():
            if isinstance(value, Opaque):
                merge(wire.setdefault(name, {}), value, dialect)
            elif wire.get(name) is None:
                wire[name] = value
    return wire


def is_spelled(opaque: Opaque | None, name: str, dialect: str) -> bool:
    """Whether a neutral value came under this name rather than the usual one."""
    return opaque is not None and opaque.of(dialect).get(name) == SPELLING


def spelled(name: str) -> Mapping[str, msgspec.Raw | Opaque]:
    """The mark that ``is_spelled`` reads."""
    return {name: SPELLING}


def without_nulls(wire: dict[str, Any]) -> dict[str, Any]:
    """The object without the members that say nothing."""
    return {name: value for name, value in wire.items() if value is not None}
