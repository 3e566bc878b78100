"""The ``stellwerk.toml`` that is being made out of another gateway's configuration."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from stellwerk.config import notation
from stellwerk.config.circles import circles
from stellwerk.core.snapshot import RetrySpec
from stellwerk.transfer import toml
from stellwerk.transfer.findings import Findings

PLACEHOLDERS = frozenset({"", "-", "anything", "dummy", "empty", "fake", "fake-key", "no-key", "none", "not-needed"})
"""What people write where a program insists on a key and the host wants none."""
LITERAL = "a secret that stands in the file is not copied"
SECTIONS = ("admin", "breaker", "retry")
LONGEST_NAME = 56
"""Of a provider's name, so that a number fits behind it."""

_OUTSIDE_PROVIDER = re.compile(r"[^A-Za-z0-9._-]+")
_OUTSIDE_MODEL = re.compile(r"[^A-Za-z0-9_.:/@+~-]+")
_OUTSIDE_VARIABLE = re.compile(r"[^A-Z0-9_]+")
_REFERENCE = re.compile(r'"env:([A-Za-z0-9_]+)"')
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Unusable(Exception):
    """Something at a target without which it would lead elsewhere than it did: the target has to be left out."""

    def __init__(self, path: str, text: str) -> None:
        super().__init__(text)
        self.path = path
        self.text = text


class Draft:
    """Sections as they will be written, and where their secrets will come from."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.sections: dict[str, dict[str, Any]] = {}
        self.providers: dict[str, dict[str, Any]] = {}
        self.models: dict[str, dict[str, Any]] = {}
        self.keys: list[dict[str, Any]] = []
        self._taken: set[str] = set()
        """Names of variables that the source itself refers to."""
        self._renamed: dict[str, str] = {}
        """Variables that the source's gateway reads by itself, whose names stand for another secret already."""
        self._secrets: dict[str, str] = {}
        """Literal secrets to the variables that stand for them. Nobody writes them anywhere."""

    def reserve(self, names: set[str]) -> None:
        """Variables that mean something already: none of them will stand for a literal secret."""
        self._taken |= names

    def variable(self, name: str, purpose: str, path: str) -> str:
        """A reference to a variable that the source names, or its gateway looks at by itself. Raises ``Unusable``."""
        if not _VARIABLE.fullmatch(name):
            raise Unusable(path, "what it refers to is no name of an environment variable; left out")
        name = self._renamed.get(name) or self._renamed.setdefault(name, self._unused(name, self._secrets.values()))
        self._taken.add(name)
        self.findings.variables.setdefault(name, purpose)
        return f"env:{name}"

    def secret(self, literal: str, wish: str, purpose: str, path: str, why: str = LITERAL) -> str:
        """A reference instead of a secret that stands in the source itself; ``why`` it has to be set is told."""
        name = self._secrets.get(literal)
        if name is None:
            wish = _OUTSIDE_VARIABLE.sub("_", wish.upper()).strip("_")
            name = self._unused(wish, {*self._taken, *self._secrets.values()})
            self._secrets[literal] = name
            self.findings.variables.setdefault(name, purpose)
        self.findings.change(path, f"{why}: set {name}")
        return f"env:{name}"

    @staticmethod
    def _unused(wish: str, taken: Collection[str]) -> str:
        name, number = wish, 1
        while name in taken:
            number += 1
            name = f"{wish}_{number}"
        return name

    def retry(self, count: float) -> dict[str, int]:
        """Repeats of one target as a section or a model says it; room for them is left among all attempts."""
        same_target = min(int(count), 99)
        usual = RetrySpec().attempts
        return {"same_target": same_target} | ({"attempts": same_target + 1} if same_target >= usual else {})

    def provider(self, wish: str, options: Mapping[str, Any], deployments: Mapping[str, str] | None = None) -> str:
        """The name of a provider with these options, which is made unless there is one."""
        table = next((name for name, found in self.providers.items() if _same(found, options)), None)
        if table is None:
            wish = _OUTSIDE_PROVIDER.sub("-", wish).strip("-._")[:LONGEST_NAME] or "provider"
            table = _free(wish, self.providers)
            self.providers[table] = {"name": table, **options}
        if deployments:
            self.providers[table].setdefault("deployments", {}).update(deployments)
        return table

    def model_name(self, wish: str, path: str) -> str | None:
        """A name for ``[[models]]`` as near as possible to what callers ask for now."""
        name = _OUTSIDE_MODEL.sub("-", wish).lstrip("-.:/@+~")[:256]
        try:
            notation.model_name(name)
        except ValueError:
            self.findings.lose(path, "no name of a model can be made of it; left out")
            return None
        if name != wish:
            self.findings.change(path, f"callers ask for {name} from now on: names have no other characters")
        return name

    def fall_back(self, name: str, fallback: str, path: str) -> bool:
        """Lets a model fall back to another one; says so where it cannot."""
        if name not in self.models or fallback not in self.models:
            self.findings.lose(path, f"there is no model {fallback if name in self.models else name} here")
            return False
        listed: list[str] = self.models[name].setdefault("fallback", [])
        if fallback in listed:
            return True
        listed.append(fallback)
        if any(circles({one: model.get("fallback", []) for one, model in self.models.items()})):
            listed.remove(fallback)
            text = (
                f"{name} cannot fall back to {fallback}, which leads back to it: list its targets behind {name}'s own"
            )
            self.findings.lose(path, text)
            return False
        return True

    def text(self, source: str) -> str:
        """The file."""
        self._put_in_order()
        parts = [toml.table(f"[{name}]", self.sections[name]) for name in SECTIONS if name in self.sections]
        for head, tables in (("providers", self.providers.values()), ("models", self.models.values())):
            parts += [toml.table(f"[[{head}]]", table) for table in tables]
        parts += [toml.table("[[keys]]", table) for table in self.keys]
        used = set(_REFERENCE.findall("\n".join(parts)))
        self.findings.variables = {name: what for name, what in self.findings.variables.items() if name in used}
        return "\n".join([_head(source, self.findings), *parts])

    def _put_in_order(self) -> None:
        for model in self.models.values():
            if not model.get("fallback", [""]):
                del model["fallback"]
            if "fallback" in model:
                model["fallback"] = model.pop("fallback")


def _same(found: Mapping[str, Any], options: Mapping[str, Any]) -> bool:
    return {name: value for name, value in found.items() if name not in {"name", "deployments"}} == dict(options)


def _free(wish: str, taken: Mapping[str, Any]) -> str:
    name, number = wish, 1
    while name in taken:
        number += 1
        name = f"{wish}-{number}"
    return name


def _head(source: str, findings: Findings) -> str:
    lines = [f"# Made by `stellwerk import {source}`. Judge it with `stellwerk check`."]
    if findings.variables:
        lines.append("# Set these environment variables before the gateway starts:")
    lines += [f"#   {name}: {purpose}" for name, purpose in findings.variables.items()]
    return "\n".join(lines) + "\n"
