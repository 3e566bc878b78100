"""What an entry is, how it is written, and how it holds on to the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

START = "0" * 64
"""What the first entry holds on to."""
MAX_ENTRY_BYTES = 1_048_576
FIELDS = frozenset({"after", "before", "hash", "number", "previous", "target", "time", "what", "who"})
REDACTED = "[redacted]"

_SECRETS = frozenset({"api_key", "authorization", "digest", "key", "password", "secret", "token"})


class Damaged(ValueError):
    """A line that is no entry, or not the one that its hash was made of."""


def seal(fields: Mapping[str, Any], *, number: int, previous: str) -> bytes:
    """The line of an entry, its newline included. Raises ``ValueError`` when the fields are no JSON, or too long."""
    entry = {**_without_secrets(dict(fields)), "number": number, "previous": previous}
    line = canonical({**entry, "hash": _hash(entry)}) + b"\n"
    if len(line) > MAX_ENTRY_BYTES:
        raise ValueError(f"an entry of {len(line)} bytes: at most {MAX_ENTRY_BYTES} are kept")
    return line


def opened(line: bytes) -> dict[str, Any]:
    """The entry in a line without its newline. Raises ``Damaged``."""
    try:
        found = json.loads(line)
        is_canonical = canonical(found) == line
    except (ValueError, RecursionError):
        raise Damaged("this is no entry") from None
    if not is_canonical or not isinstance(found, dict) or found.keys() != FIELDS or type(found["number"]) is not int:
        raise Damaged("this is not how an entry is written")
    entry: dict[str, Any] = found
    if entry["hash"] != _hash({name: value for name, value in entry.items() if name != "hash"}):
        raise Damaged("the entry is not the one that its hash was made of")
    return entry


def canonical(value: Any) -> bytes:
    """JSON that has one spelling: sorted names, no spaces, ASCII alone."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _hash(entry: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(entry)).hexdigest()


def _without_secrets(value: Any) -> Any:
    """Whoever writes entries leaves secrets out; this is for whoever forgets."""
    match value:
        case dict():
            return {
                str(name): REDACTED
                if str(name).lower() in _SECRETS and isinstance(child, str)
                else _without_secrets(child)
                for name, child in value.items()
            }
        case list() | tuple():
            return [_without_secrets(child) for child in value]
        case _:
            return value
