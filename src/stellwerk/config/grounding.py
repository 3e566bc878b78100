"""Takes the secrets out of a document and the references to everything else in.

What leaves here can be judged, shown and compiled without care: every secret has become an absolute reference, and
every other reference the value it stands for. The secrets' values stay beside it for the few checks that need them.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from stellwerk import plugins
from stellwerk.config.problems import MAX_INTEGER, Path, Problem, described, quoted, shown, unfit
from stellwerk.config.references import absolute, is_reference, pointer, resolve
from stellwerk.core.snapshot import CacheSpec
from stellwerk.errors import ConfigurationError

DEFAULT_STRATEGY = "priority"
OWN_OPTIONS = ("name", "kind", "limits", "budget")
"""Keys of ``[[providers]]`` that belong to every provider; all others belong to its plugin."""
OWN_KEYS = {
    "providers": OWN_OPTIONS,
    "notifiers": ("name", "kind"),
    "guardrails": ("use", "policy", "name", "on", "action", "actions", "failure", "timeout_s"),
}
"""The same for each section whose tables are plugins: the shelf has the section's name."""
KIND_KEYS = {"providers": "kind", "notifiers": "kind", "guardrails": "use"}
"""The key that names the plugin."""

EMBEDDER_OPTIONS: Path = ("cache", "embedder_options")
"""The options of another plugin, the cache's embedder."""

_FIXED_SECRETS: tuple[Path, ...] = (
    ("admin", "token"),
    ("admin", "oidc", "client_secret"),
    ("cache", "encryption_key"),
    ("server", "tls", "certificate"),
    ("server", "tls", "key"),
    ("state", "database"),
    ("state", "shared"),
)


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret of the document: its reference, whether the file holds it literally, and its value."""

    reference: str
    is_literal: bool
    value: str | None
    """``None`` when it cannot be had."""


@dataclass
class Grounded:
    """A document whose values stand where they belong."""

    document: dict[str, Any]
    secrets: dict[Path, Secret] = field(default_factory=dict)
    borrowed: dict[Path, str] = field(default_factory=dict)
    """Values that came from elsewhere, with their references: a message shows those instead."""
    hidden: set[Path] = field(default_factory=set)
    """Values that may be secrets although nobody can tell."""
    unknown: set[Path] = field(default_factory=set)
    """Options of providers whose values were left where they are: nothing can be said of them."""
    problems: list[Problem] = field(default_factory=list)

    def found(self, path: Path, value: Any) -> str:
        """What a message says about the value at a path."""
        if path in self.borrowed:
            return f"the value of {quoted(self.borrowed[path])}"
        is_covert = any(path[:length] in self.hidden for length in range(1, len(path) + 1))
        return described(value) if is_covert or path in self.secrets else shown(value)


def ground(document: dict[str, Any], source: pathlib.Path, *, is_offline: bool = False) -> Grounded:
    """Replaces references and secrets. ``source`` is the absolute path of the file; the document is left as it is.

    Who ``is_offline`` connects to nobody: secrets are not looked up, and what else stands at a provider need not be.
    """
    return _Walk(document, source, is_offline=is_offline).grounded


class _Walk:
    """One walk over a document, which makes another one of it."""

    def __init__(self, document: dict[str, Any], source: pathlib.Path, *, is_offline: bool) -> None:
        self._document = document
        self._source = source
        self._is_offline = is_offline
        self.grounded = Grounded({})
        self._covert = self._secret_paths()
        self._files = self._file_paths()
        self.grounded.document = self._replaced(document, ())

    def _secret_paths(self) -> set[Path]:
        paths = {*_FIXED_SECRETS, *(("keys", place, "key") for place, _ in tables(self._document, "keys"))}
        for section, own in OWN_KEYS.items():
            for place, plugin in tables(self._document, section):
                names = self._secret_options(section, plugin.get(KIND_KEYS[section]))
                if names is None:
                    # Nobody knows which options of an unknown plugin are secrets.
                    self.grounded.hidden |= {(section, place, name) for name in plugin if name not in own}
                else:
                    paths |= {(section, place, name) for name in names}
        secrets = self._embedder_options(plugins.secrets)
        if secrets is None:
            self.grounded.hidden.add(EMBEDDER_OPTIONS)
        return paths | (secrets or set())

    def _embedder_options(self, of: Callable[[str, str], tuple[str, ...]]) -> set[Path] | None:
        """Where options of the cache's embedder stand; ``None`` where nobody knows the embedder."""
        cache = self._document.get("cache")
        if not isinstance(cache, dict) or "embedder_options" not in cache:
            return set()
        name = cache.get("embedder", CacheSpec().embedder)
        try:
            if isinstance(name, str) and is_reference(name):
                name = resolve(absolute(name, self._source.parent))
            return {(*EMBEDDER_OPTIONS, option) for option in of("embedders", str(name))}
        except ConfigurationError:
            return None

    def _file_paths(self) -> set[Path]:
        """Options of plugins that name files: a relative one lies beside the configuration."""
        paths = self._embedder_options(plugins.files) or set()
        for place, model in tables(self._document, "models"):
            try:
                names = plugins.files("strategies", str(model.get("strategy", DEFAULT_STRATEGY)))
            except ConfigurationError:
                continue  # a strategy that does not exist, which is told elsewhere
            paths |= {("models", place, "strategy_options", name) for name in names}
        return paths

    def _secret_options(self, section: str, kind: Any) -> tuple[str, ...] | None:
        try:
            if isinstance(kind, str) and is_reference(kind):
                kind = resolve(absolute(kind, self._source.parent))
            return plugins.secrets(section, kind) if isinstance(kind, str) else None
        except ConfigurationError:
            return None

    def _replaced(self, value: Any, path: Path) -> Any:
        if path in self.grounded.hidden:
            return value
        if path in self._covert:
            return self._secret(value, path)
        match value:
            case dict():
                return {key: self._replaced(child, (*path, key)) for key, child in value.items()}
            case list():
                return [self._replaced(child, (*path, place)) for place, child in enumerate(value)]
            case str():
                text = self._borrowed(value, path) if is_reference(value) else value
                return os.path.normpath(self._source.parent / text) if text and path in self._files else text
            case int() if abs(value) > MAX_INTEGER:
                self._complain(path, unfit("an integer of at most 64 bits", shown(value)))
        return value

    def _secret(self, value: Any, path: Path) -> str:
        if not isinstance(value, str):
            self._complain(path, unfit("a string", described(value)))
            self.grounded.secrets[path] = Secret("", is_literal=False, value=None)
            return ""
        if not is_reference(value):
            reference = pointer(self._source, self._pieces(path))
            self.grounded.secrets[path] = Secret(reference, is_literal=True, value=value)
            return reference
        reference = absolute(value, self._source.parent)
        found = None if self._is_offline else self._resolved(reference, path)
        self.grounded.secrets[path] = Secret(reference, is_literal=False, value=found)
        return reference

    def _borrowed(self, value: str, path: Path) -> str:
        self.grounded.borrowed[path] = value
        resolved = self._resolved(absolute(value, self._source.parent), path)
        return value if resolved is None else resolved

    def _resolved(self, reference: str, path: Path) -> str | None:
        try:
            return resolve(reference)
        except ConfigurationError as error:
            if self._is_offline and path[0] in OWN_KEYS and len(path) > 2 and path[2] not in OWN_KEYS[str(path[0])]:
                self.grounded.unknown.add(path)
            else:
                self._complain(path, error.message)
            return None

    def _pieces(self, path: Path) -> tuple[str, ...]:
        """The path as a pointer has it: a table in an array goes by its name as it is written in the file.

        A guardrail without one is called as its check is.
        """
        pieces: list[str] = []
        value: Any = self._document
        for piece in path:
            value = value[piece]
            pieces.append(str(value.get("name", value.get("use", piece))) if isinstance(piece, int) else piece)
        return tuple(pieces)

    def _complain(self, path: Path, message: str) -> None:
        self.grounded.problems.append(Problem(path, message))


def tables(document: dict[str, Any], section: str) -> list[tuple[int, dict[str, Any]]]:
    """The well-formed entries of an array of tables, with their places."""
    entries = document.get(section)
    found = enumerate(entries) if isinstance(entries, list) else ()
    return [(place, entry) for place, entry in found if isinstance(entry, dict)]
