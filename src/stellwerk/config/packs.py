"""Policy packs: what a trade wants checked, as data. Read and validated into the rules that `[[guardrails]]` makes too.

A pack may extend another one: a guardrail of the same name takes the place of the other's, and so does a help text of
the same category; everything else is added.
"""

from __future__ import annotations

import pkgutil
import tomllib
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from stellwerk import plugins
from stellwerk.core.snapshot import GuardrailSpec
from stellwerk.core.subject import Side
from stellwerk.core.taxonomy import Pii, category_of
from stellwerk.core.verdict import Action
from stellwerk.errors import ConfigurationError

NAMES = ("finance", "general", "health", "hospitality", "legal")
"""The packs that the package brings."""

_OWN = frozenset(field.name for field in msgspec.structs.fields(GuardrailSpec)) - {"options", "secrets"}
Strength = Literal["NONE", "LOW", "MEDIUM", "HIGH"]


class Screening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the pack suggests for `[screening]`. ``help_texts`` are by category, ``unmask_tools`` types by tool."""

    message: str = ""
    help_texts: dict[str, str] = {}
    unmask_tools: dict[str, tuple[str, ...]] = {}


class Disclaimer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What answers about something have to say, in German and English. Applications show it; nothing is appended."""

    about: str
    de: str
    en: str


class Bedrock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a guardrail of Amazon Bedrock needs besides: strengths of its filters on input and output, word lists."""

    profanity: bool = False
    words: tuple[str, ...] = ()
    filters: dict[
        Literal["HATE", "INSULTS", "SEXUAL", "VIOLENCE", "MISCONDUCT", "PROMPT_ATTACK"], tuple[Strength, Strength]
    ] = {}
    grounding: dict[Literal["GROUNDING", "RELEVANCE"], float] = {}


class Pack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One policy. ``guardrails`` are tables as the configuration has them, each with a name of its own."""

    title: str
    description: str
    languages: tuple[Literal["de", "en"], ...]
    guardrails: tuple[dict[str, Any], ...]
    extends: str = ""
    screening: Screening = Screening()
    disclaimers: tuple[Disclaimer, ...] = ()
    bedrock: Bedrock = Bedrock()


def read(name: str) -> Pack:
    """A pack of the package, with all that it extends. Raises ``ConfigurationError`` for a name that is none's."""
    if name not in NAMES:
        raise ConfigurationError((f"policy: there is no {name!r}, only {', '.join(NAMES)}",))
    content = pkgutil.get_data("stellwerk.config", f"policies/{name}.toml") or b""
    return parse(content.decode(), name)


def parse(content: str, source: str) -> Pack:
    """A pack from its file's content. Raises ``ConfigurationError`` with every fault of its guardrails."""
    try:
        pack = msgspec.convert(tomllib.loads(content), Pack, strict=True)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigurationError((f"{source}: {error}",)) from error
    named = tuple({"name": table.get("name", table.get("use", "")), **table} for table in pack.guardrails)
    pack = msgspec.structs.replace(pack, guardrails=named)
    if pack.extends:
        pack = _extended(pack, read(pack.extends))
    if problems := tuple(f"{source}: {problem}" for problem in _problems(pack)):
        raise ConfigurationError(problems)
    return pack


def specs(pack: Pack, prefix: str = "") -> tuple[GuardrailSpec, ...]:
    """The pack's guardrails as the compiled configuration has them; ``prefix`` keeps names of several packs apart."""
    return tuple(_spec(table, prefix) for table in pack.guardrails)


def _spec(table: dict[str, Any], prefix: str) -> GuardrailSpec:
    own = {key: value for key, value in table.items() if key in _OWN}
    options = {key: value for key, value in table.items() if key not in _OWN}
    action = Action(plugins.default_action(own["use"]))
    actions = {**plugins.default_actions(own["use"]), **own.get("actions", {})}
    spec = {
        "action": action,
        **own,
        "actions": actions,
        "name": prefix + own["name"],
        "options": options,
        "secrets": {},
    }
    return msgspec.convert(spec, GuardrailSpec, strict=True)


def _extended(pack: Pack, base: Pack) -> Pack:
    own = {table["name"] for table in pack.guardrails}
    screening = Screening(
        pack.screening.message or base.screening.message,
        base.screening.help_texts | pack.screening.help_texts,
        base.screening.unmask_tools | pack.screening.unmask_tools,
    )
    return msgspec.structs.replace(
        pack,
        guardrails=(*pack.guardrails, *(table for table in base.guardrails if table["name"] not in own)),
        screening=screening,
        disclaimers=(*pack.disclaimers, *base.disclaimers),
        bedrock=pack.bedrock if pack.bedrock != Bedrock() else base.bedrock,
    )


def _problems(pack: Pack) -> Iterator[str]:
    if not pack.guardrails:
        yield "expected at least one guardrail, found none"
    names = [table["name"] for table in pack.guardrails]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"two guardrails have the name {name!r}"
    known = {*map(str, Pii)}
    for place, table in enumerate(pack.guardrails):
        try:
            spec = _spec(table, "")
            plugins.convert("guardrails", spec.use, spec.options)
        except (KeyError, msgspec.ValidationError, ConfigurationError) as error:
            reason = "expected use, found nothing" if isinstance(error, KeyError) else error
            yield f"guardrails[{place}]: {reason}"
            continue
        if not spec.on:
            yield f"guardrails[{place}]: expected one side at least, of {', '.join(Side)}"
        own = {part["name"] for key in ("topics", "patterns") for part in spec.options.get(key, ())}
        known |= own
        yield from (
            f"guardrails[{place}]: actions: there is no category {label!r}"
            for label in spec.actions
            if label not in own and not _is_category(label)
        )
    for label in pack.screening.help_texts:
        if label not in known and not _is_category(label):
            yield f"help_texts: there is no category {label!r}"
    for tool, types in pack.screening.unmask_tools.items():
        yield from (f"unmask_tools: {tool}: there is no type {label!r}" for label in types if label not in known)


def _is_category(label: str) -> bool:
    try:
        category_of(label)
    except ValueError:
        return False
    return True
