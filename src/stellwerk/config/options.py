"""Judges plugins that the configuration names, and their options by the ``Settings`` that they declare."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

import msgspec

from stellwerk import plugins
from stellwerk.config import notation
from stellwerk.config.grounding import DEFAULT_STRATEGY, KIND_KEYS, OWN_KEYS, Grounded, tables
from stellwerk.config.problems import Path, Problem, one_of, shown, unfit, unknown_key, unknown_name
from stellwerk.errors import ConfigurationError

_PLACE = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_STEP = re.compile(r"\.(?P<key>[A-Za-z0-9_]+)|\[(?P<index>\d+)\]")
_MISMATCH = re.compile(r"Expected `(?P<type>.*?)(?: \| null)?`(?P<bound>.*?)(?:, got .*)?", re.DOTALL)
_SECTIONS = {"providers": "a kind of provider", "notifiers": "a kind of notifier", "guardrails": "a check"}
_TYPES = {
    "str": "a string",
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
    "array": "an array",
    "object": "a table",
}


def problems_in(grounded: Grounded) -> Iterator[Problem]:
    """What is wrong with any plugin of the document, all faults at once."""
    for section, what in _SECTIONS.items():
        yield from _plugged(section, what, grounded)
    yield from _strategies(grounded)


def _plugged(section: str, what: str, grounded: Grounded) -> Iterator[Problem]:
    """Of a section whose tables are plugins of the shelf with its name."""
    known, key = plugins.names(section), KIND_KEYS[section]
    for place, entry in tables(grounded.document, section):
        kind, at = entry.get(key), (section, place)
        if not isinstance(kind, str):
            continue
        if kind not in known:
            found = grounded.found((*at, key), kind)
            yield Problem((*at, key), unknown_name(what, kind, known, found))
            continue
        options = {option: value for option, value in entry.items() if option not in OWN_KEYS[section]}
        yield from _judged(section, kind, options, at, grounded)


def _strategies(grounded: Grounded) -> Iterator[Problem]:
    known = plugins.names("strategies")
    for place, entry in tables(grounded.document, "models"):
        strategy, at = entry.get("strategy", DEFAULT_STRATEGY), ("models", place, "strategy")
        options = entry.get("strategy_options", {})
        if not isinstance(strategy, str):
            continue
        if strategy not in known:
            yield Problem(at, unknown_name("a strategy", strategy, known, grounded.found(at, strategy)))
        elif isinstance(options, dict):
            at = ("models", place, "strategy_options")
            yield from _judged("strategies", strategy, options, at, grounded) or _unreadable(strategy, options, at)


def _texts(options: Mapping[str, Any], at: Path, grounded: Grounded) -> Iterator[Problem]:
    """Texts that cannot be what they have to be for any plugin: they end up in requests."""
    for option, value in options.items():
        path = (*at, option)
        if not isinstance(value, str) or path in grounded.secrets or path in grounded.unknown:
            continue
        try:
            (notation.url if option == "base_url" else notation.one_line)(value)
        except ValueError as error:
            yield Problem(path, unfit(str(error), grounded.found(path, value)))


def _unreadable(strategy: str, options: Mapping[str, Any], at: Path) -> list[Problem]:
    """What is wrong with the file that a strategy needs, which shows when it is built."""
    names = plugins.files("strategies", strategy)
    try:
        if names:
            plugins.build("strategies", strategy, options)
    except ConfigurationError as error:
        return [Problem((*at, names[0]), error.message)]
    return []


def _judged(kind: str, name: str, options: Mapping[str, Any], at: Path, grounded: Grounded) -> list[Problem]:
    """Faults of one plugin's options, which stand in the table at ``at``."""
    try:
        declared = plugins.settings(kind, name)
    except ConfigurationError as error:
        named = (*at, KIND_KEYS[kind]) if kind in OWN_KEYS else (*at[:-1], "strategy")
        return [Problem(named, error.message)]
    fields = {field.encode_name: field for field in msgspec.structs.fields(declared)}
    secrets = {option for option in plugins.secrets(kind, name) if (*at, option) in grounded.secrets}
    beside = OWN_KEYS.get(kind, ())
    problems = [
        Problem((*at, option), unknown_key(option, (*beside, *fields))) for option in options if option not in fields
    ]
    problems += _texts(options, at, grounded) if kind in OWN_KEYS else ()
    for option, field in fields.items():
        if option in options and option not in secrets and (*at, option) not in grounded.unknown:
            problems += _field_problems(options[option], field.type, (*at, option), grounded)
        elif option not in options and field.required:
            problems.append(Problem((*at, option), "required, but missing"))
    is_known = not any(path[: len(at)] == at for path in grounded.unknown)
    if problems or not is_known or any(grounded.secrets[*at, option].value is None for option in secrets):
        return problems
    # What remains are rules over several options, which may look at the secrets' values.
    values = {option: grounded.secrets[*at, option].value for option in secrets}
    try:
        plugins.convert(kind, name, {**options, **values})
    except ConfigurationError as error:
        reason = error.message.removeprefix(f"{kind}/{name}: ")
        quotes_a_value = any(str(options[option]) in reason for option in options if (*at, option) in grounded.borrowed)
        return [Problem(at, "its settings refuse these options" if quotes_a_value else reason)]
    return []


def _field_problems(value: Any, declared: Any, path: Path, grounded: Grounded) -> list[Problem]:
    try:
        msgspec.convert(value, declared, strict=True)
    except msgspec.ValidationError as error:
        path, value, message = _fault(str(error), value, path)
        return [Problem(path, _reworded(message, declared, grounded.found(path, value)))]
    return []


def _reworded(message: str, declared: Any, found: str) -> str:
    if get_origin(declared) is Literal:
        return unfit(one_of(shown(choice) for choice in get_args(declared)), found)
    if expected := _MISMATCH.fullmatch(message):
        return unfit(_TYPES.get(expected["type"], expected["type"]) + expected["bound"], found)
    # The other messages may quote the value.
    return message if message.startswith("Object ") else unfit("a value that the plugin knows", found)


def _fault(message: str, value: Any, path: Path) -> tuple[Path, Any, str]:
    """Splits msgspec's message: where inside the value, what stands there, and what is wrong with it."""
    place = _PLACE.search(message)
    # Keys of free tables are left out as [...]: from there on nobody can follow.
    followed = place["path"].partition("[...]")[0] if place else ""
    for step in _STEP.finditer(followed):
        piece: str | int = step["key"] or int(step["index"])
        value = value[piece]
        path = (*path, piece)
    return path, value, _PLACE.sub("", message)
