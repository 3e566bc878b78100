"""Says what is wrong with a request, and where, the way Anthropic does: ``messages.0.content: Field required``."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec

from stellwerk.simulator.refusal import Refusal

_PLACE = re.compile(r" - at `\$(.*)`$")
_MISSING = re.compile(r"Object missing required field `(.+)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(.+)`")
_TYPE = re.compile(r"Expected `([^`]+)`, got `.+`")
_TAG = re.compile(r"Invalid (?:enum )?value (.+)")
_VALID = {
    "int": "a valid integer",
    "float": "a valid number",
    "str": "a valid string",
    "bool": "a valid boolean",
    "array": "a valid list",
    "object": "a valid dictionary",
}

Kind = TypeVar("Kind")


def decoded(body: bytes, kind: type[Kind]) -> Kind:
    """A body as a ``kind``. Raises ``Refusal``."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise refusal(_told(str(error), "")) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise refusal(f"The request body is not valid JSON: {error}") from error


def converted(value: object, kind: Any, place: str) -> Any:
    """A part of a body, which stands at ``place``, as a ``kind``. Raises ``Refusal``."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise refusal(_told(str(error), place)) from error


def refusal(message: str) -> Refusal:
    """What is told about a wrong request."""
    return Refusal(400, message, code="invalid_request_error")


def _told(problem: str, root: str) -> str:
    found = _PLACE.search(problem)
    place = root + (found.group(1) if found else "")
    place = place.replace("[...]", "").replace("[", ".").replace("]", "").lstrip(".")
    reason = _PLACE.sub("", problem)
    if missing := _MISSING.fullmatch(reason):
        return f"{place}.{missing.group(1)}: Field required".lstrip(".")
    if unknown := _UNKNOWN.fullmatch(reason):
        return f"{place}.{unknown.group(1)}: Extra inputs are not permitted".lstrip(".")
    if wrong := _TYPE.fullmatch(reason):
        kinds = [_VALID.get(name.strip(), name.strip()) for name in wrong.group(1).split("|") if name.strip() != "null"]
        return f"{place}: Input should be {' or '.join(kinds)}"
    if tag := _TAG.fullmatch(reason):
        return f"{place}: Input tag {tag.group(1)} does not match any of the expected values"
    return f"{place}: {reason.replace('`', chr(39))}" if place else reason.replace("`", "'")
