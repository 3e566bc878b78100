"""The security token service of AWS: where it is, how a role is asked of it, and what it answers."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

import msgspec

from stellwerk.cloud.aws_credentials import Credentials
from stellwerk.cloud.sigv4 import Signer
from stellwerk.core import url as urls
from stellwerk.core.wire import Origin

_VERSION = "2011-06-15"
_FORM = "application/x-www-form-urlencoded; charset=utf-8"
_FIELDS = ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")


class TokenService(msgspec.Struct, frozen=True):
    """The service of a region, at the address that is usual there or at an ``endpoint``."""

    region: str
    endpoint: str = ""

    @property
    def url(self) -> str:
        """Where it is asked; ends in a slash."""
        if self.endpoint:
            return self.endpoint.rstrip("/") + "/"
        suffix = "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        return f"https://sts.{self.region}.{suffix}/"

    @property
    def origin(self) -> Origin:
        """Where connections to it go. Raises ``ValueError`` for an address that cannot be one."""
        return urls.read(self.url).origin

    def asking(
        self, action: str, parameters: Mapping[str, str], credentials: Credentials | None, now: float
    ) -> tuple[dict[str, str], bytes]:
        """Header fields and body of a request, signed where there are ``credentials`` to sign it with."""
        body = urlencode({"Action": action, "Version": _VERSION, **parameters}).encode()
        headers = {"content-type": _FORM}
        if credentials is None:
            return headers, body
        found = urls.read(self.url)
        covered = ((b"content-type", _FORM.encode()),)
        lines = Signer(self.region, "sts").sign(
            b"POST", found.origin.authority.encode(), found.target.encode(), b"", covered, body, credentials, now
        )
        return headers | dict(line.split(": ", 1) for line in lines.decode().splitlines()), body


def read_sts(body: bytes) -> Credentials:
    """The credentials in an answer, which is XML. Raises ``LookupError`` or ``ValueError``."""
    text = body.decode(errors="replace")
    found = {}
    for field in _FIELDS:
        match = re.search(rf"<{field}>([^<]+)</{field}>", text)
        if match is None:
            raise LookupError(field)
        found[field] = html.unescape(match[1]).strip()
    key, secret, token, expiration = (found[field] for field in _FIELDS)
    return Credentials(key, secret, token, datetime.fromisoformat(expiration).timestamp())
