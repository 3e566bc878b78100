"""Header fields: rendering without a chance of response splitting, hop-by-hop names, status lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus

Headers = Mapping[bytes, bytes]
"""Lower-case names to values; values of a repeated field are joined with ``, `` (RFC 9110, section 5.3)."""

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Fields that end at this hop (RFC 9110, section 7.6.1, and the older ones that peers still send)."""

STATUS_LINES = {status.value: b"HTTP/1.1 %d %b\r\n" % (status.value, status.phrase.encode()) for status in HTTPStatus}

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")


def status_line(status: int) -> bytes:
    """The status line for ``status``, known to the registry or not."""
    line = STATUS_LINES.get(status)
    return line if line is not None else b"HTTP/1.1 %d Unknown\r\n" % status


def is_safe_value(value: bytes) -> bool:
    """Whether ``value`` may stand in a header: no CR, LF, NUL or other control character but tab."""
    return _VALUE.fullmatch(value) is not None


def render(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Header lines for ``pairs``, each ended by CRLF. Raises ``ValueError`` on a name or value that would split."""
    lines = []
    for name, value in pairs:
        if _TOKEN.fullmatch(name) is None or not is_safe_value(value):
            msg = f"not a valid header field: {name!r}"
            raise ValueError(msg)
        lines.append(b"%b: %b\r\n" % (name, value))
    return b"".join(lines)


def end_to_end(headers: Headers) -> dict[bytes, bytes]:
    """The fields that may pass this hop: without hop-by-hop ones, those that Connection names, and the length."""
    named = {name.strip().lower() for name in headers.get(b"connection", b"").split(b",")}
    return {
        name: value
        for name, value in headers.items()
        if name not in HOP_BY_HOP and name not in named and name != b"content-length"
    }


def media_type(headers: Headers) -> bytes:
    """The bare, lower-case media type of Content-Type; empty when there is none."""
    return headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
