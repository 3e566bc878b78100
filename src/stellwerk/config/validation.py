"""Judges a document by the schema and says what is wrong in our own words."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from stellwerk.config.grounding import Grounded
from stellwerk.config.problems import Path, Problem, described, unfit, unknown_key
from stellwerk.config.schema import LATER, Settings

NOT_IN_THIS_VERSION = "known to the product, but not enforced in this version, so refused rather than ignored"

_EXPECTED = {
    "string_type": "a string",
    "int_type": "an integer",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "an array",
    "dict_type": "a table",
    "model_type": "a table",
    "finite_number": "a finite number",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number not below {ge}",
    "less_than_equal": "a number not above {le}",
    "string_too_short": "a string that is not empty",
    "too_short": "at least one entry",
    "date_type": "a day, such as 2026-11-25",
    "time_type": "a time of day, such as 16:30:00",
    "notation": "{expected}",
    "datetime_type": "a date and time with its offset from UTC",
    "timezone_aware": "a date and time with its offset from UTC",
    "literal_error": "{expected}",  # 'this', 'that' or 'other'
}
_STRUCTURE = frozenset({"list_type", "dict_type", "model_type", "too_short"})
"""Where another structure was expected: what stands there may hold a secret that belongs one level down."""


def validate(grounded: Grounded) -> Settings | list[Problem]:
    """The settings, or everything that is wrong with single values."""
    try:
        return Settings.model_validate(grounded.document)
    except ValidationError as error:
        return [_problem(details, grounded) for details in error.errors(include_url=False)]


def _problem(details: ErrorDetails, grounded: Grounded) -> Problem:
    path, kind = _written_path(details["loc"], grounded.document), details["type"]
    if kind == "extra_forbidden":
        return Problem(path, _surplus(path))
    if kind == "missing":
        return Problem(path, "required, but missing")
    if kind == "reason":
        return Problem(path, details["ctx"]["reason"])
    bounds = {
        name: f"{bound:.0f}" if isinstance(bound, float) else bound for name, bound in details.get("ctx", {}).items()
    }
    expected = _EXPECTED[kind].format(**bounds)
    if kind == "literal_error":
        expected = expected.replace("'", '"')
    value = details["input"]
    if kind == "too_short":
        return Problem(path, unfit(expected, "an empty array"))
    return Problem(path, unfit(expected, described(value) if kind in _STRUCTURE else grounded.found(path, value)))


def _written_path(path: Path, document: Any) -> Path:
    """A path as it stands in the document, where a single table, or text, may stand for a list of one."""
    written: list[str | int] = []
    for piece in path:
        if isinstance(piece, int) and isinstance(document, dict | str):
            continue
        written.append(piece)
        if isinstance(document, dict):
            document = document.get(piece)
        elif isinstance(document, list) and isinstance(piece, int):
            document = document[piece]
    return tuple(written)


def _surplus(path: Path) -> str:
    if tuple(piece for piece in path if isinstance(piece, str)) in LATER:
        return NOT_IN_THIS_VERSION
    return unknown_key(str(path[-1]), _section_at(path[:-1]).model_fields)


def _section_at(path: Path) -> type[BaseModel]:
    """The part of the schema that describes the table at a path."""
    section: type[BaseModel] = Settings
    for piece in path:
        if isinstance(piece, str):
            section = _section_in(section.model_fields[piece].annotation)
    return section


def _section_in(annotation: Any) -> type[BaseModel]:
    """The section in ``Section``, ``Section | None``, ``list[Section]`` or ``list[Section] | None``."""
    candidates = [annotation]
    for each in candidates:
        candidates += get_args(each)
    return next(each for each in candidates if isinstance(each, type) and issubclass(each, BaseModel))
