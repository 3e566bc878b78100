"""A URL that somebody else wrote, read so strictly that no other program can read another host out of it.

Where the standards (RFC 3986, WHATWG) or well-known parsers differ, the URL is refused instead of interpreted: user
parts, backslashes, blanks and control characters, empty or padded ports, a host behind anything but ``//``. What stands
after the authority is kept as it came.
"""

from __future__ import annotations

import re

import msgspec

from stellwerk.core.hostname import Host, canonical, shown
from stellwerk.core.wire import Origin

LONGEST_URL = 16_384
DEFAULT_PORTS = {"http": 80, "https": 443}

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>.*)")
_AUTHORITY = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[^\[\]:]+))(?::(?P<port>[1-9][0-9]{0,4}))?")


class Url(msgspec.Struct, frozen=True):
    """An http(s) URL. ``target`` is the path and query as they came, without the fragment."""

    scheme: str
    host: Host
    port: int
    target: str

    @property
    def origin(self) -> Origin:
        """Where a connection for it goes."""
        return Origin(self.scheme, self.host.text, self.port)


def read(text: str) -> Url:
    """The URL in ``text``. Raises ``ValueError`` with what is wrong."""
    if len(text) > LONGEST_URL:
        raise ValueError(f"a URL has at most {LONGEST_URL} characters")
    if not text.isprintable() or " " in text or "\\" in text:
        raise ValueError("it holds a blank, a backslash or a character that cannot be seen")
    found = _URL.fullmatch(text)
    if found is None:
        raise ValueError("it is no absolute URL")
    scheme, authority, rest = found["scheme"].lower(), found["authority"], found["rest"]
    if scheme not in DEFAULT_PORTS:
        raise ValueError(f"its scheme is {shown(scheme)}, not https")
    if "@" in authority or (not rest.startswith("/") and "@" in rest.partition("/")[0]):
        raise ValueError("it has a user part, or what some programs would take for one")
    host, port = _host_and_port(authority)
    return Url(scheme, host, port or DEFAULT_PORTS[scheme], rest.partition("#")[0])


def split_host(text: str) -> tuple[Host, int | None]:
    """``host`` or ``host:port``, an IPv6 host in brackets; the port is ``None`` where none is said.

    Raises ``ValueError`` with what is wrong.
    """
    found = _AUTHORITY.fullmatch(text)
    if found is None:
        raise ValueError(f"{shown(text)} is no host, or no host and port")
    port = int(found["port"]) if found["port"] else None
    if port is not None and port > 65_535:
        raise ValueError(f"there is no port {port}")
    host = canonical(found["six"] or found["name"])
    if found["six"] and ":" not in found["six"]:
        raise ValueError(f"{shown(text)} has brackets around what is no IPv6 address")
    return host, port


def _host_and_port(authority: str) -> tuple[Host, int | None]:
    if not authority:
        raise ValueError("it has no host")
    return split_host(authority)
