"""Judges by which names a configuration calls what checks find: categories, and its own patterns and topics.

A rule for what nobody ever finds looks as if it protected from something.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from stellwerk import plugins
from stellwerk.config import packs
from stellwerk.config.grounding import Grounded, tables
from stellwerk.config.problems import Path, Problem, quoted, unknown_name
from stellwerk.core.taxonomy import Pii, category_of


def problems_in(use: str, table: dict[str, Any], at: Path) -> Iterator[Problem]:
    """Actions for what a check of ours cannot find: those of services, and of others, have names of their own."""
    if use not in plugins.shelf("guardrails"):
        return
    for label in table.get("actions", {}):
        if not _is_known(label, _names(table)):
            place: Path = (*at, "actions", label)
            yield Problem(place, unknown_name("a category", label, (*map(str, Pii), *_names(table)), quoted(label)))


def warnings_in(grounded: Grounded) -> Iterator[Problem]:
    """What ``[screening]`` says of categories that there are not, nor patterns or topics: it may be a slip."""
    section = grounded.document.get("screening")
    if not isinstance(section, dict):
        return
    own = {name for _, table in tables(grounded.document, "guardrails") for name in _names(table)}
    labels: list[tuple[Path, Any]] = [
        (("screening", key, label), label) for key in ("masks", "help_texts") for label in _table(section, key)
    ]
    for tool, types in _table(section, "unmask_tools").items():
        listed = types if isinstance(types, list) else ()
        labels += [(("screening", "unmask_tools", tool, place), label) for place, label in enumerate(listed)]
    for path, label in labels:
        if isinstance(label, str) and not _is_known(label, own):
            yield Problem(path, f"there is no category {quoted(label)}, nor a pattern or topic of that name")


def _table(section: dict[str, Any], key: str) -> dict[str, Any]:
    value = section.get(key)
    return value if isinstance(value, dict) else {}


def _names(table: dict[str, Any]) -> tuple[str, ...]:
    """What a guardrail calls its own patterns and topics, also those of a policy pack."""
    policy = table.get("policy")
    if policy in packs.NAMES:
        return tuple(name for one in packs.read(policy).guardrails for name in _names(one))
    parts = [part for key in ("patterns", "topics") for part in _list(table, key)]
    return tuple(part["name"] for part in parts if isinstance(part, dict) and isinstance(part.get("name"), str))


def _list(table: dict[str, Any], key: str) -> list[Any]:
    value = table.get(key)
    return value if isinstance(value, list) else []


def _is_known(label: str, own: Collection[str]) -> bool:
    if label in own:
        return True
    try:
        category_of(label)
    except ValueError:
        return False
    return True
