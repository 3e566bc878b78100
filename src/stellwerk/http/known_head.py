"""Recognises the head of a request that differs from the last one of its connection in the body's length at most.

Clients that keep a connection send the same head again and again. What the parser has made of it once, strictly, holds
for the same bytes: so they are compared, not parsed.
"""

from __future__ import annotations

import re

import msgspec

_LENGTH = re.compile(rb"\r\n[Cc][Oo][Nn][Tt][Ee][Nn][Tt]-[Ll][Ee][Nn][Gg][Tt][Hh]:[ \t]*([0-9]+)\r\n")
_LENGTH_DIGITS = 9


class KnownHead(msgspec.Struct, gc=False):
    """A head that was parsed, and what the application has concluded from it.

    ``headers`` is shared by all requests that carry the head: nobody may change it.
    """

    method: bytes
    path: bytes
    query: bytes
    headers: dict[bytes, bytes]
    _before: bytes
    """The head up to the digits of the length."""
    _after: bytes
    """The head from behind these digits to the empty line."""
    notes: object = None
    """The application's own, for as long as the same head comes."""

    def body_of(self, data: bytes) -> bytes | None:
        """The body of a request that is exactly ``data`` and has this head; ``None`` for anything else."""
        before = self._before
        if not data.startswith(before):
            return None
        at = len(before)
        end = data.find(b"\r", at, at + _LENGTH_DIGITS)
        digits = data[at:end]
        after = self._after
        if end < 0 or not digits.isdigit() or not data.startswith(after, end):
            return None
        body = data[end + len(after) :]
        return body if len(body) == int(digits) else None


def learn(
    data: bytes, method: bytes, path: bytes, query: bytes, headers: dict[bytes, bytes], body: bytes
) -> KnownHead | None:
    """The head of the request that is exactly ``data``, which the parser has read as the other arguments.

    ``None`` where the head and the body, whose length the head gives, are not all of it.
    """
    end = data.find(b"\r\n\r\n") + 4
    if len(data) - end != len(body) or not data.startswith(method):
        return None
    length = _LENGTH.search(data, 0, end)  # there is one: two would have been refused
    if length is None:
        return None
    return KnownHead(method, path, query, headers, data[: length.start(1)], data[length.end(1) : end])
