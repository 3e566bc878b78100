"""Writes TOML in a readable form: what is written reads back as the same values."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

WIDTH = 110
"""Columns from which on an array is written with an entry a line."""

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def table(head: str, entries: Mapping[str, Any]) -> str:
    """A table under its head, such as ``[admin]`` or ``[[models]]``, and its keys in their order."""
    return "\n".join([head, *(line(name, value) for name, value in entries.items())]) + "\n"


def line(name: str, value: Any) -> str:
    """A key and its value; long arrays go over several lines."""
    whole = f"{key(name)} = {written(value)}"
    if len(whole) <= WIDTH or not isinstance(value, list | tuple):
        return whole
    return "\n".join([f"{key(name)} = [", *(f"  {written(entry)}," for entry in value), "]"])


def key(name: str) -> str:
    """A key, in quotes where it needs them."""
    return name if _BARE_KEY.fullmatch(name) else written(name)


def written(value: Any) -> str:
    """A value on one line. A float must be finite, text without lone surrogates."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            # JSON's escapes are TOML's, but for the one control character that JSON takes literally.
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case Mapping():
            pairs = [f"{key(name)} = {written(child)}" for name, child in value.items()]
            return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
        case Sequence():
            return f"[{', '.join(written(child) for child in value)}]"
        case _:
            return repr(value)
