"""Reads and judges ``stellwerk.toml``: the settings, or every problem at once.

When the file is away, or a reference in it leads nowhere, that is a problem like any other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from stellwerk.catalog.load import OVERLAY, overlay
from stellwerk.catalog.load import load as load_catalog
from stellwerk.config import checks, crosschecks, issuers, labels, options, people, strength
from stellwerk.config.grounding import ground
from stellwerk.config.lines import Lines
from stellwerk.config.problems import Problem
from stellwerk.config.schema import Settings
from stellwerk.config.source import Unreadable, document_of, text_of
from stellwerk.config.validation import validate
from stellwerk.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found in a file. ``settings`` is there exactly when ``problems`` is empty, and holds no secret."""

    file: str
    settings: Settings | None
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """Every problem as one readable line, in the order of the file."""
        return tuple(problem.render(self.file) for problem in self.problems)


def load(path: Path) -> Settings:
    """The settings of a file. Raises ``ConfigurationError`` with every problem."""
    verdict = examine(path)
    if verdict.settings is None:
        raise ConfigurationError(verdict.lines)
    return verdict.settings


def examine(path: Path, *, is_offline: bool = False) -> Verdict:
    """Everything there is to say about a file; raises nothing, whatever stands in it.

    Who ``is_offline`` needs no secret, and none is looked up; nor are checks built, which takes time.
    """
    file, text = str(path), ""
    try:
        text = text_of(path)
        grounded = ground(document_of(text), path.absolute(), is_offline=is_offline)
    except Unreadable as error:
        return Verdict(file, None, _placed([error.problem], text), ())
    settings = validate(grounded)
    found = [
        *grounded.problems,
        *(settings if isinstance(settings, list) else ()),
        *options.problems_in(grounded),
        *strength.problems_in(grounded),
        *crosschecks.problems_in(grounded),
        *issuers.problems_in(grounded),
        *people.problems_in(grounded),
    ]
    if not is_offline:
        found += checks.problems_in(grounded, [problem.path for problem in found])
    noticed = [*strength.warnings_in(grounded), *crosschecks.warnings_in(grounded), *labels.warnings_in(grounded)]
    warnings = _placed(noticed, text)
    if not isinstance(settings, list):
        found += _models_problems(path.absolute().parent / settings.state.directory)
    if found or isinstance(settings, list):
        return Verdict(file, None, _placed(_one_per_place(found), text), warnings)
    return Verdict(file, settings, (), warnings)


def _models_problems(state: Path) -> list[Problem]:
    """What is wrong with the user's own models in the state directory."""
    try:
        if overlay(state / OVERLAY) is not None:
            load_catalog(state)
    except ConfigurationError as error:
        return [Problem(("state", "directory"), problem) for problem in error.problems]
    return []


def _one_per_place(problems: Iterable[Problem]) -> list[Problem]:
    """The first problem of each place: what follows from it would only distract."""
    first: dict[tuple[str | int, ...], Problem] = {}
    for problem in problems:
        first.setdefault(problem.path, problem)
    return list(first.values())


def _placed(problems: list[Problem], text: str) -> tuple[Problem, ...]:
    """Problems with their lines, in the order of the file."""
    if any(problem.path for problem in problems):
        lines = Lines(text)
        problems = [replace(problem, line=problem.line or lines.of(problem.path)) for problem in problems]
    return tuple(sorted(problems, key=lambda problem: problem.line))
