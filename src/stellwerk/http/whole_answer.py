"""Reads the commonest answer without the parser: 200, kept alive, and all of it in one read.

The form is a strict part of what the parser takes, and means the same there. Everything else is the parser's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_HEAD = re.compile(
    rb"HTTP/1\.1 200 [\t\x20-\x7e\x80-\xff]*+\r\n"
    rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]++:[\t\x20-\x7e\x80-\xff]*+\r\n)++\r\n"
)
_TELLING = re.compile(
    rb"\r\n(content-length|content-encoding|transfer-encoding|connection|trailer|upgrade):[ \t]*+([^\r\n]*+)"
)
"""Fields that say how the answer is read, or what becomes of its connection."""
_FIELD = re.compile(rb"\r\n([^:\r\n]++):[ \t]*+([^\r\n]*+)")
_MOST_DIGITS = 9


class AnswerHeaders(Mapping[bytes, bytes]):
    """The fields of a head, searched for one by one: mostly nobody asks for more than one of them."""

    __slots__ = ("_fields", "_head", "_lower")

    def __init__(self, head: bytes, lower: bytes) -> None:
        self._head = head
        self._lower = lower
        self._fields: dict[bytes, bytes] | None = None

    def __getitem__(self, name: bytes) -> bytes:
        return self._read()[name]

    def get(self, name: bytes, default: Any = None) -> Any:
        """The field's value; without reading all of them where it is not there."""
        return self._read()[name] if self._lower.find(b"\r\n%b:" % name) >= 0 else default

    def __contains__(self, name: object) -> bool:
        return isinstance(name, bytes) and self._lower.find(b"\r\n%b:" % name) >= 0

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def _read(self) -> dict[bytes, bytes]:
        if self._fields is None:
            fields: dict[bytes, bytes] = {}
            self._fields = fields
            for name, value in _FIELD.findall(self._head):
                key, text = name.lower(), value.rstrip(b" \t")
                fields[key] = text if key not in fields else b"%b, %b" % (fields[key], text)
        return self._fields


def read_whole(data: bytes) -> tuple[AnswerHeaders, bytes] | None:
    """Fields and body of the answer that is exactly ``data``; ``None`` for what the parser has to read."""
    found = _HEAD.match(data)
    if found is None:
        return None
    end = found.end()
    head = data[: end - 2]
    lower = head.lower()
    telling = _TELLING.findall(lower)
    if len(telling) != 1:
        return None
    name, value = telling[0]
    value = value.rstrip(b" \t")
    if name != b"content-length" or not value.isdigit() or len(value) > _MOST_DIGITS or int(value) != len(data) - end:
        return None
    return AnswerHeaders(head, lower), data[end:]
