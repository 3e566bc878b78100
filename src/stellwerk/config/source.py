"""The configuration file as text and as a document, with what is wrong about either."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from stellwerk.config.problems import Problem
from stellwerk.config.references import MAX_DOCUMENT_BYTES, read

MAX_DEPTH = 32
"""Tables and arrays inside one another; what reads the document may then call itself."""

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


class Unreadable(Exception):
    """The file is away, is no text, or is no TOML."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def text_of(path: Path) -> str:
    """The file's text with plain line ends. Raises ``Unreadable``."""
    content = b""
    try:
        content = read(path, MAX_DOCUMENT_BYTES)
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"expected UTF-8 text, found the byte 0x{content[error.start]:02x}"
        raise Unreadable(Problem((), message, line)) from None
    except OSError as error:
        raise Unreadable(Problem((), (error.strerror or "cannot be read").lower())) from None
    except ValueError as error:
        raise Unreadable(Problem((), str(error))) from None


def document_of(text: str) -> dict[str, Any]:
    """The TOML document in a text. Raises ``Unreadable``."""
    try:
        document = tomllib.loads(text)
    except RecursionError:
        raise Unreadable(Problem((), f"tables and arrays stand more than {MAX_DEPTH} deep in one another")) from None
    except ValueError as error:
        raise Unreadable(_syntax_problem(str(error), text)) from None
    if deep := _too_deep(document):
        message = f"tables and arrays stand more than {MAX_DEPTH} deep in one another"
        raise Unreadable(Problem(deep, message))
    return document


def _syntax_problem(message: str, text: str) -> Problem:
    place = _PLACE.search(message)
    message = f"this is not TOML: {_PLACE.sub('', message)}"
    if place is None:
        return Problem((), message)
    if place[1] is None:
        lines = text.split("\n")
        return Problem((), f"{message} at the end of the file", len(lines), len(lines[-1]) + 1)
    return Problem((), message, int(place[1]), int(place[2]))


def _too_deep(document: dict[str, Any]) -> tuple[str | int, ...]:
    # Dotted keys nest without limit, so this walk must not call itself.
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), document)]
    while waiting:
        path, value = waiting.pop()
        children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        if children and len(path) >= MAX_DEPTH:
            return path[:1]
        waiting += [((*path, key), child) for key, child in children]
    return ()
