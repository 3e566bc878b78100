"""Reads JSON as Google's services do: by messages whose fields have types, telling every violation at once."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from stellwerk.simulator.refusal import Refusal

Kind = str
"""``string``, ``int``, ``float``, ``bool``, ``bytes``, ``object``, ``any``, or the name of a message or an enumeration.

``[]`` before it makes a list of it, ``{}`` a map.
"""
Messages = Mapping[str, Mapping[str, Kind]]
Enumerations = Mapping[str, frozenset[str]]

DEEPEST = 100

_UNDERSCORE = re.compile(r"_([a-z0-9])")
_CAPITAL = re.compile(r"(?<!^)([A-Z])")
_INTEGER = re.compile(r"-?[0-9]{1,19}")
_TYPES = {"string": "TYPE_STRING", "int": "TYPE_INT32", "float": "TYPE_DOUBLE", "bool": "TYPE_BOOL"}
_MISFIT = object()


class InvalidPayload(Refusal):
    """A payload with fields that are unknown or of a wrong type, given as (place, description)."""

    def __init__(self, violations: list[tuple[str, str]]) -> None:
        super().__init__(400, "\n".join(description for _, description in violations))
        self.violations = violations


class Reader:
    """Reads one payload. ``violations`` are the places of what is wrong in it, each with a description."""

    def __init__(self, messages: Messages, enumerations: Enumerations) -> None:
        self._messages = messages
        self._enumerations = enumerations
        self.violations: list[tuple[str, str]] = []

    def message(self, name: str, value: object, place: str = "", depth: int = 0) -> dict[str, Any]:
        """A message with its names in camel case, without the fields that are null."""
        if depth > DEEPEST:
            raise Refusal(400, "Invalid JSON payload received. Message too deep. Max recursion depth reached")
        if not isinstance(value, dict):
            self._complain(place, f"Invalid value at '{place}' (type.googleapis.com/{name}), {value!r}")
            return {}
        fields = self._messages[name]
        made: dict[str, Any] = {}
        for key, item in value.items():
            field = camel_case(key)
            if field not in fields:
                self._complain(place, _unknown(key, place, "Cannot find field."))
            elif item is not None:
                inner = f"{place}.{snake_case(field)}" if place else snake_case(field)
                read = self._field(fields[field], item, key, place, inner, depth)
                if read is not _MISFIT:
                    made[field] = read
        return made

    def _field(self, kind: Kind, value: object, key: str, outer: str, place: str, depth: int) -> Any:
        if kind.startswith("[]"):
            items = value if isinstance(value, list) else [value]
            return [self._single(kind[2:], item, f"{place}[{number}]", depth) for number, item in enumerate(items)]
        if isinstance(value, list) and kind != "any":
            self._complain(outer, _unknown(key, outer, "Proto field is not repeating, cannot start list."))
            return _MISFIT
        if kind.startswith("{}"):
            if not isinstance(value, dict):
                self._complain(place, f"Invalid value at '{place}' (Map), {value!r}")
                return _MISFIT
            return {
                name: self._single(kind[2:], item, f"{place}[{number}].value", depth)
                for number, (name, item) in enumerate(value.items())
            }
        return self._single(kind, value, place, depth)

    def _single(self, kind: Kind, value: object, place: str, depth: int) -> Any:
        if kind in self._messages:
            return self.message(kind, value, place, depth + 1)
        if kind in self._enumerations:
            return self._listed(kind, value, place)
        read = _scalar(kind, value)
        if read is _MISFIT:
            self._complain(place, f"Invalid value at '{place}' ({_TYPES.get(kind, kind)}), {value!r}")
        return read

    def _listed(self, kind: Kind, value: object, place: str) -> Any:
        if isinstance(value, str) and value.upper() in self._enumerations[kind]:
            return value.upper()
        self._complain(place, f"Invalid value at '{place}' (type.googleapis.com/{kind}), {value!r}")
        return _MISFIT

    def _complain(self, place: str, description: str) -> None:
        self.violations.append((place, description))


def camel_case(name: str) -> str:
    """``name`` as JSON has it: both spellings are taken."""
    return _UNDERSCORE.sub(lambda found: found.group(1).upper(), name)


def snake_case(name: str) -> str:
    """``name`` as errors have it."""
    return _CAPITAL.sub(lambda found: "_" + found.group(1).lower(), name)


def _unknown(key: str, place: str, reason: str) -> str:
    where = f" at '{place}'" if place else ""
    return f'Invalid JSON payload received. Unknown name "{key}"{where}: {reason}'


def _scalar(kind: Kind, value: object) -> Any:
    match kind:
        case "string" if isinstance(value, str):
            return value
        case "bool" if isinstance(value, bool):
            return value
        case "int":
            return _integer(value)
        case "float" if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        case "bytes" if isinstance(value, str):
            return _bytes(value)
        case "object" if isinstance(value, dict):
            return value
        case "any":
            return value
        case _:
            return _MISFIT


def _integer(value: object) -> Any:
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else _MISFIT


def _bytes(value: str) -> Any:
    """Base64 in either alphabet, with or without padding."""
    bare = value.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        return _MISFIT
