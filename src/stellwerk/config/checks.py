"""Builds each check of a document: what shows only then is a fault of the file, and not of the start.

A pattern that RE2 does not take, a schema that asks for too much, a package that is not installed: a start or a reload
would fail with it. A check whose secrets cannot be had is not built; that they are missing is told elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

import msgspec

from stellwerk import plugins
from stellwerk.config import labels, packs
from stellwerk.config.grounding import KIND_KEYS, OWN_KEYS, Grounded, tables
from stellwerk.config.problems import Path, Problem
from stellwerk.core.subject import Side
from stellwerk.errors import ConfigurationError
from stellwerk.ports.guardrail import RemoteGuardrail

SECTION = "guardrails"
_AT = re.compile(r"(?P<option>[a-z_]+)(?P<inside>(?:\[\d+\]|\.[a-z_]+)*): ")
_STEP = re.compile(r"\[(?P<index>\d+)\]|\.(?P<key>[a-z_]+)")


def problems_in(grounded: Grounded, faulty: Collection[Path]) -> Iterator[Problem]:
    """What building says of the checks that are in order otherwise: ``faulty`` has the places of other problems."""
    skipped = {path[1] for path in (*faulty, *grounded.unknown) if path[0] == SECTION and len(path) > 1}
    for place, table in tables(grounded.document, SECTION):
        if place in skipped:
            continue
        at = (SECTION, place)
        if isinstance(policy := table.get("policy"), str):
            yield from _pack_problems(policy, (*at, "policy"))
        elif isinstance(use := table.get(KIND_KEYS[SECTION]), str):
            yield from _problems(use, table, at, grounded)


def _pack_problems(policy: str, at: Path) -> Iterator[Problem]:
    for spec in packs.specs(packs.read(policy)):
        try:
            plugins.build(SECTION, spec.use, spec.options)
        except (ConfigurationError, ValueError) as error:
            yield Problem(at, str(error))


def _problems(use: str, table: dict[str, Any], at: Path, grounded: Grounded) -> Iterator[Problem]:
    options = {option: value for option, value in table.items() if option not in OWN_KEYS[SECTION]}
    secrets: dict[str, str] = {}
    for option in plugins.secrets(SECTION, use):
        if option in options:
            value = grounded.secrets[*at, option].value
            if value is None:
                return
            secrets[option] = value
    try:
        check = plugins.build(SECTION, use, {**options, **secrets})
    except (ConfigurationError, ValueError) as error:
        lines = error.problems if isinstance(error, ConfigurationError) else (str(error),)
        fields = {field.encode_name for field in msgspec.structs.fields(plugins.settings(SECTION, use))}
        for line in lines:
            problem = _placed(line.removeprefix(f"{SECTION}/{use}: "), at, fields)
            is_covert = any(value and value in line for value in secrets.values())
            is_covert |= any(_is_within(path, problem.path) for path in grounded.borrowed)
            yield replace(problem, message="it cannot be built with these options") if is_covert else problem
    else:
        if not isinstance(check, RemoteGuardrail):
            yield from labels.problems_in(use, table, at)
        elif Side.LOG in table.get("on", ()):
            yield Problem((*at, "on"), "a check that asks a service cannot look at log")


def _is_within(path: Path, other: Path) -> bool:
    """Whether one of them is the other, or in it."""
    return all(one == another for one, another in zip(path, other, strict=False))


def _placed(told: str, at: Path, fields: set[str]) -> Problem:
    """The problem where its words say it is: at an option, or within one, else at the table."""
    found = _AT.match(told)
    if found is None or found["option"] not in fields:
        return Problem(at, told)
    steps = [int(step["index"]) if step["index"] else step["key"] for step in _STEP.finditer(found["inside"])]
    return Problem((*at, found["option"], *steps), told[found.end() :])
