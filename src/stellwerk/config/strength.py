"""Judges secrets by their values, which no message shows."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from stellwerk.config import notation
from stellwerk.config.grounding import Grounded
from stellwerk.config.problems import Path, Problem, unfit
from stellwerk.core.stored_entry import LEAST_SECRET

SHORTEST_TOKEN = 16
"""Characters under which a key or token can be guessed in the long run."""


def problems_in(grounded: Grounded) -> Iterator[Problem]:
    """Secrets that cannot serve: empty, unfit for a header, no PEM text, or the same for two callers."""
    first: dict[str, Path] = {}
    for path, secret in grounded.secrets.items():
        if secret.value is None:
            continue
        try:
            _check(path, secret.value)
        except ValueError as error:
            yield Problem(path, unfit(str(error), "another text" if secret.value else "an empty one"))
            continue
        if path[0] == "keys" and first.setdefault(secret.value, path) != path:
            yield Problem(path, unfit("a key of its own", f"that of keys[{first[secret.value][1]}]"))


def warnings_in(grounded: Grounded) -> Iterator[Problem]:
    """Secrets that serve and are not wise."""
    for path, secret in grounded.secrets.items():
        if secret.is_literal and path[-1] != "certificate":
            yield Problem(path, 'a secret stands in the file itself; better "env:NAME" or "file:/path"')
        if path[0] in {"keys", "admin"} and secret.value and len(secret.value) < SHORTEST_TOKEN:
            yield Problem(path, f"shorter than {SHORTEST_TOKEN} characters, so it can be guessed")


def _has_valkey(url: str) -> bool:
    """Whether a URL leads to a Valkey or Redis server, as far as can be seen."""
    try:
        parts = urlsplit(url)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    if parts.scheme == "unix":
        return bool(parts.path)
    return has_port and bool(parts.hostname) and parts.scheme in {"valkey", "valkeys", "redis", "rediss"}


def _check(path: Path, value: str) -> None:
    if not value:
        raise ValueError("a secret")
    if path[:2] == ("server", "tls"):
        notation.pem(value)
    elif path == ("state", "database"):
        if not value.startswith(("postgresql://", "postgres://")):
            raise ValueError("a URL such as postgresql://user:password@host/name")
    elif path == ("state", "shared"):
        if not _has_valkey(value):
            raise ValueError("a URL such as valkey://user:password@host:6379")
    elif path == ("cache", "encryption_key"):
        if len(value) < LEAST_SECRET:
            raise ValueError(f"a secret of at least {LEAST_SECRET} characters")
    elif path[0] in {"keys", "admin"} or path[-1] == "api_key":
        notation.token(value)
