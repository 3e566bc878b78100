"""AWS Signature Version 4: the header lines that prove who sends a request, in one pass over it.

Source: AWS, "Create a signed AWS API request". Paths are encoded once more, as all services but S3 want it.
"""

from __future__ import annotations

import hmac
import re
import time
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes

if TYPE_CHECKING:
    from stellwerk.cloud.aws_credentials import Credentials

EMPTY_SHA256 = sha256(b"").hexdigest().encode()

_SPACES = re.compile(rb"[ \t\n\r\x0b\x0c]+")
_MOST_PATHS = 1024

Header = tuple[bytes, bytes]


class Signer:
    """Signs requests to one service in one region; keeps the day's signing key and the paths it has seen."""

    __slots__ = ("_date", "_key", "_key_of", "_paths", "_scope", "_second", "_stamp", "region", "service")

    def __init__(self, region: str, service: str) -> None:
        self.region = region
        self.service = service
        self._scope = f"/{region}/{service}/aws4_request".encode()
        self._second = -1
        self._stamp = self._date = b""
        self._key_of: tuple[str, bytes] = ("", b"")
        self._key = b""
        self._paths: dict[bytes, bytes] = {}

    def sign(
        self,
        method: bytes,
        host: bytes,
        path: bytes,
        query: bytes,
        headers: Sequence[Header],
        body: bytes,
        credentials: Credentials,
        now: float,
    ) -> bytes:
        """The lines ``x-amz-date``, ``x-amz-security-token`` (if there is one) and ``authorization``, ended by CRLF.

        ``host`` is the Host header's value, ``path`` the target as sent, percent-encoded, without ``query``;
        ``headers`` are all others that shall be covered; ``now`` is Unix time in seconds.
        """
        if int(now) != self._second:
            self._tell_time(int(now))
        stamp, date = self._stamp, self._date
        token = credentials.session_token.encode()
        signed, block = canonical_headers(headers, host, stamp, token)
        canonical = b"\n".join(
            (
                method,
                self._canonical_path(path),
                canonical_query(query) if query else b"",
                block,
                signed,
                sha256(body).hexdigest().encode() if body else EMPTY_SHA256,
            )
        )
        scope = date + self._scope
        told = b"\n".join((b"AWS4-HMAC-SHA256", stamp, scope, sha256(canonical).hexdigest().encode()))
        key_of = (credentials.secret_access_key, date)
        if key_of != self._key_of:
            self._derive(credentials.secret_access_key, date)
        signature = hmac.digest(self._key, told, "sha256").hex().encode()
        lines = (
            b"x-amz-date: ",
            stamp,
            b"\r\nx-amz-security-token: " + token if token else b"",
            b"\r\nauthorization: AWS4-HMAC-SHA256 Credential=",
            credentials.access_key_id.encode(),
            b"/",
            scope,
            b", SignedHeaders=",
            signed,
            b", Signature=",
            signature,
            b"\r\n",
        )
        return b"".join(lines)

    def _tell_time(self, second: int) -> None:
        moment = time.gmtime(second)
        self._stamp = time.strftime("%Y%m%dT%H%M%SZ", moment).encode()
        self._date = self._stamp[:8]
        self._second = second

    def _derive(self, secret: str, date: bytes) -> None:
        """The signing key: good for this secret and day, this region and service."""
        key = b"AWS4" + secret.encode()
        for word in (date, self.region.encode(), self.service.encode(), b"aws4_request"):
            key = hmac.digest(key, word, "sha256")
        self._key, self._key_of = key, (secret, date)

    def _canonical_path(self, path: bytes) -> bytes:
        known = self._paths.get(path)
        if known is None:
            known = canonical_path(path)
            if len(self._paths) < _MOST_PATHS:
                self._paths[path] = known
        return known


def canonical_path(path: bytes) -> bytes:
    """The path without dot segments and empty ones, encoded once more."""
    return quote_from_bytes(_without_dots(path) or b"/", safe="/~").encode()


def canonical_query(query: bytes) -> bytes:
    """The query's parameters in order of their encoded names, then values; each with its equals sign."""
    pairs = sorted(pair.partition(b"=")[::2] for pair in query.split(b"&"))
    return b"&".join([name + b"=" + value for name, value in pairs])


def canonical_headers(headers: Iterable[Header], host: bytes, stamp: bytes, token: bytes) -> tuple[bytes, bytes]:
    """The list of the signed names, and the block of lines: sorted, in lower case, spaces folded, repeats joined."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        known, folded = name.lower().strip(), _SPACES.sub(b" ", value).strip(b" ")
        found[known] = found[known] + b"," + folded if known in found else folded
    found[b"host"] = host
    found[b"x-amz-date"] = stamp
    if token:
        found[b"x-amz-security-token"] = token
    names = sorted(found)
    return b";".join(names), b"".join([name + b":" + found[name] + b"\n" for name in names])


def _without_dots(path: bytes) -> bytes:
    """RFC 3986, section 5.2.4, as AWS reads it: empty segments are left out as well."""
    if b"/." not in path and b"//" not in path:
        return path
    kept: list[bytes] = []
    for segment in path.split(b"/"):
        if segment == b"..":
            if kept:
                kept.pop()
        elif segment not in {b"", b"."}:
            kept.append(segment)
    tail = b"/" if path.endswith(b"/") and kept else b""
    return b"/" + b"/".join(kept) + tail
