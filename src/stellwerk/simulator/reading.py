"""Reads what people typed into structs and finds every problem at once, each with its path."""

from __future__ import annotations

import types
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

Kind = TypeVar("Kind", bound=msgspec.Struct)


def read_struct(
    kind: type[Kind], found: object, path: str, problems: list[str], *, is_text: bool = False
) -> Kind | None:
    """A ``kind`` made of the table ``found``, or ``None`` with the reasons appended to ``problems``.

    ``is_text`` says that all values are strings, which are then read as what their field is.
    """
    if not isinstance(found, Mapping):
        problems.append(_line(path, f"expected a table, found {_name(found)}"))
        return None
    before = len(problems)
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    hints = get_type_hints(kind)
    values = {}
    for key, value in found.items():
        if key in fields:
            values[key] = _read(hints[key], value, _join(path, key), problems, is_text=is_text)
        else:
            problems.append(_line(_join(path, key), f"unknown key{_suggestion(key, fields)}"))
    problems.extend(
        _line(_join(path, name), "missing") for name, field in fields.items() if field.required and name not in found
    )
    if len(problems) > before:
        return None
    try:
        return kind(**values)
    except ValueError as error:
        problems.append(_line(path, str(error)))
        return None


def _read(hint: Any, value: object, path: str, problems: list[str], *, is_text: bool) -> object:
    members = get_args(hint) if get_origin(hint) in {Union, types.UnionType} else (hint,)
    if isinstance(value, Mapping):
        for member in members:
            if isinstance(member, type) and issubclass(member, msgspec.Struct):
                return read_struct(member, value, path, problems, is_text=is_text)
    if isinstance(value, list):
        for member in members:
            arguments = get_args(member)
            if get_origin(member) is tuple and arguments[-1] is Ellipsis:
                return tuple(
                    _read(arguments[0], item, f"{path}[{index}]", problems, is_text=is_text)
                    for index, item in enumerate(value)
                )
    try:
        return msgspec.convert(value, hint, strict=not is_text)
    except msgspec.ValidationError as error:
        reason = str(error).replace(" - at `$", " - at `" + path).replace("`", "").removesuffix(f" - at {path}")
        problems.append(_line(path, reason[0].lower() + reason[1:]))
        return None


def _suggestion(key: object, known: Mapping[str, object]) -> str:
    close = get_close_matches(str(key), known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(known)}"


def _name(value: object) -> str:
    return "an array" if isinstance(value, list) else f"{value!r}"


def _join(path: str, key: object) -> str:
    return f"{path}.{key}" if path else f"{key}"


def _line(path: str, problem: str) -> str:
    return f"{path}: {problem}" if path else problem
