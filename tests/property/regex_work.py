"""Counts what a backtracking engine may have to do at one place of a text, from the pattern's own syntax tree."""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple

parser: Any = importlib.import_module("re._parser")
UNBOUNDED = 10**12
LONGEST = 10_000


class Work(NamedTuple):
    """In how many ways a part may match, and the steps that all of them take together."""

    ways: int
    steps: int


def paths(pattern: str, flags: int = 0) -> Work:
    """The work of a whole pattern; ``UNBOUNDED`` steps where a repetition has no bound."""
    return _sequence(parser.parse(pattern, flags))


def _sequence(parts: Any) -> Work:
    ways, steps = 1, 1
    for operation, argument in parts:
        part = _part(str(operation), argument)
        steps += ways * part.steps
        ways *= part.ways
    return Work(ways, min(steps, UNBOUNDED))


def _part(operation: str, argument: Any) -> Work:
    match operation:
        case "SUBPATTERN":
            return _sequence(argument[3])
        case "ATOMIC_GROUP":
            return Work(1, _sequence(argument).steps)
        case "ASSERT" | "ASSERT_NOT":
            return Work(1, _sequence(argument[1]).steps)
        case "BRANCH":
            branches = [_sequence(branch) for branch in argument[1]]
            return Work(sum(branch.ways for branch in branches), sum(branch.steps for branch in branches))
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            least, most, body = argument
            inner = _sequence(body)
            return _repeated(operation, int(least), int(most), inner)
        case _:
            return Work(1, 1)


def _repeated(operation: str, least: int, most: int, inner: Work) -> Work:
    if most > LONGEST:
        return Work(UNBOUNDED, UNBOUNDED)
    if operation == "POSSESSIVE_REPEAT":  # beyond the least count it keeps what it has, and goes back into nothing
        return Work(1, min(max(inner.ways**least, 1) * max(most, 1) * inner.steps, UNBOUNDED))
    ways = sum(inner.ways**count for count in range(least, most + 1))
    return Work(min(ways, UNBOUNDED), min(max(ways, most) * inner.steps, UNBOUNDED))
