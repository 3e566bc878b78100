"""Who calls? A key's digest, looked up."""

from __future__ import annotations

import hashlib
import re
import secrets

from stellwerk.core.identity import Principal
from stellwerk.errors import AuthenticationFailed
from stellwerk.http.fields import Headers

_PEPPER = secrets.token_bytes(32)
"""Keys the digests of this process: a memory image does not give away keys that are easy to guess."""


_SIGNED = re.compile(rb"AWS4-HMAC-SHA256 Credential=([^/,\s]+)/")


class Directory:
    """Every caller by the digest of its key. Immutable: a change makes a new one."""

    __slots__ = ("_principals",)

    def __init__(self, principals: dict[str, Principal]) -> None:
        self._principals = {digest(key.encode()): principal for key, principal in principals.items()}

    def find(self, key: bytes) -> Principal | None:
        """The principal whose key this is. The look-up's time tells nothing about keys: it is by keyed digest."""
        return self._principals.get(digest(key))


def authenticate(headers: Headers, directory: Directory) -> Principal:
    """Finds the caller by ``Authorization``, ``x-api-key`` or ``x-goog-api-key``, in this order.

    AWS's clients refuse bearer tokens without TLS: there the key stands as the access key id of their signature, and is
    itself the proof. The signature is not looked at.

    Raises ``AuthenticationFailed`` without naming what was sent.
    """
    authorization = headers.get(b"authorization")
    if authorization is not None and authorization[:7].lower() == b"bearer ":
        key = authorization[7:].strip()
    elif authorization is not None and (signed := _SIGNED.match(authorization)) is not None:
        key = signed[1]
    else:
        key = headers.get(b"x-api-key") or headers.get(b"x-goog-api-key") or b""
    if not key:
        message = "You didn't provide an API key. Send it as 'Authorization: Bearer YOUR_KEY'."
        raise AuthenticationFailed(message)
    principal = directory.find(key)
    if principal is None:
        message = "Incorrect API key provided: no such key is known to this gateway."
        raise AuthenticationFailed(message)
    return principal


def digest(key: bytes) -> bytes:
    """A digest of a secret under this process's own pepper: comparing two of them tells nothing about the secrets."""
    return hashlib.blake2b(key, key=_PEPPER, digest_size=16).digest()
