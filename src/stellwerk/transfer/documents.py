"""Reads the files of other gateways, YAML and JSON, within bounds: of size, of depth, and of what aliases stand for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from stellwerk.config.references import read
from stellwerk.errors import ConfigurationError

MAX_BYTES = 1_048_576
MAX_DEPTH = 32
"""Mappings and lists inside one another."""
MAX_VALUES = 100_000
"""With every alias written out: a few lines of YAML can stand for billions of them."""


class Unreadable(ValueError):
    """What is wrong, and on which line where that is known."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


def load(path: Path) -> dict[str, Any]:
    """The mapping in a file: JSON where its name ends so, else YAML. Raises ``ConfigurationError``."""
    try:
        return _parsed(_text(path), is_json=path.suffix.lower() == ".json")
    except Unreadable as error:
        place = f"{path}:{error.line}" if error.line else str(path)
        raise ConfigurationError((f"{place}: {error}",)) from None


def _text(path: Path) -> str:
    try:
        return read(path, MAX_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("expected UTF-8 text") from None
    except OSError as error:
        raise Unreadable((error.strerror or "cannot be read").lower()) from None
    except ValueError as error:
        raise Unreadable(str(error)) from None


def _parsed(text: str, *, is_json: bool) -> dict[str, Any]:
    if is_json:
        document = json_of(text)
    else:
        from stellwerk.transfer.yaml import load as load_yaml  # a library that nothing else needs

        document = load_yaml(text, MAX_DEPTH, MAX_VALUES)
        _demand_bounds(document)
    if not isinstance(document, dict):
        raise Unreadable("expected a mapping of settings")
    return document


def json_of(text: str) -> Any:
    """What a JSON text says. Raises ``Unreadable``."""
    document = _json(text)
    _demand_bounds(document)
    return document


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise Unreadable(f"this is not JSON: {error.msg.lower()}", error.lineno) from None
    except RecursionError:
        raise Unreadable(f"more than {MAX_DEPTH} objects and arrays inside one another") from None
    except ValueError:
        raise Unreadable("this is not JSON: it holds a number that is none, or too long") from None


def _refuse(_: str) -> Any:
    raise ValueError


def _demand_bounds(document: Any) -> None:
    """Raises ``Unreadable`` for what is too deep, too much, or no text. Walks without calling itself."""
    count, waiting = 0, [(document, 1)]
    while waiting:
        value, depth = waiting.pop()
        count += 1
        if depth > MAX_DEPTH or count > MAX_VALUES:
            raise Unreadable(f"more than {MAX_DEPTH} levels, or more than {MAX_VALUES:,} values")
        if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
            raise Unreadable("it holds text that is no Unicode: half of a surrogate pair")
        if isinstance(value, dict):
            waiting += [(name, depth) for name in value]
            waiting += [(child, depth + 1) for child in value.values()]
        elif isinstance(value, list):
            waiting += [(child, depth + 1) for child in value]
