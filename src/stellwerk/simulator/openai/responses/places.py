"""Says what is wrong with a request for a response, and where: ``Missing required parameter: 'input[0].role'``."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec

from stellwerk.simulator.refusal import Refusal

_PLACE = re.compile(r" - at `\$(.*)`$")
_MISSING = re.compile(r"Object missing required field `(.+)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(.+)`")
_TYPE = re.compile(r"Expected `([^`]+)`, got `(.+)`")
_VALUE = re.compile(r"Invalid enum value (.+)")

Kind = TypeVar("Kind")


def decoded(body: bytes, kind: type[Kind]) -> Kind:
    """A body as a ``kind``. Raises ``Refusal``."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise _told(str(error), "") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(400, f"We could not parse the JSON body of your request: {error}.") from error


def converted(value: object, kind: type[Kind], place: str) -> Kind:
    """A part of a body, which stands at ``place``, as a ``kind``. Raises ``Refusal``."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise _told(str(error), place) from error


def refusal(message: str, param: str | None = None, code: str | None = None) -> Refusal:
    """What is told about a wrong request."""
    return Refusal(400, message, param=param, code=code)


def chosen(table: dict[str, Any], found: object, place: str) -> Any:
    """What ``table`` has for ``found``, which stands at ``place``. Raises ``Refusal``."""
    if found is None:
        raise refusal(f"Missing required parameter: '{place}'.", place, "missing_required_parameter")
    if not isinstance(found, str) or found not in table:
        known = ", ".join([f"'{name}'" for name in table])
        raise refusal(f"Invalid value: '{found}'. Supported values are: {known}.", place, "invalid_value")
    return table[found]


def _told(problem: str, root: str) -> Refusal:
    found = _PLACE.search(problem)
    place = (root + (found.group(1) if found else "")).lstrip(".")
    reason = _PLACE.sub("", problem)
    if missing := _MISSING.fullmatch(reason):
        place = f"{place}.{missing.group(1)}".lstrip(".")
        return refusal(f"Missing required parameter: '{place}'.", place, "missing_required_parameter")
    if unknown := _UNKNOWN.fullmatch(reason):
        place = f"{place}.{unknown.group(1)}".lstrip(".")
        return refusal(f"Unknown parameter: '{place}'.", place, "unknown_parameter")
    if wrong := _TYPE.fullmatch(reason):
        told = f"Invalid type for '{place}': expected {wrong.group(1)}, but got {wrong.group(2)} instead."
        return refusal(told, place, "invalid_type")
    if value := _VALUE.fullmatch(reason):
        return refusal(f"Invalid value: {value.group(1)} for '{place}'.", place, "invalid_value")
    return refusal(f"Invalid '{place}': {reason.replace('`', chr(39))}.", place or None, "invalid_value")
