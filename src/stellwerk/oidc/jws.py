"""Reads a signed token (JWT in the compact serialization, RFC 7515 and 7519), so strictly that it has one reading.

Nothing is believed yet: what a token says of itself is checked elsewhere. Of its header only the algorithm, the key's
id and the type are looked at; keys and addresses of keys that a token brings along (``jwk``, ``jku``, ``x5c``,
``x5u``) mean nothing here.
"""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, NoReturn

import msgspec

from stellwerk.errors import AuthenticationFailed

LONGEST = 8_192
"""Bytes of a token."""
LONGEST_KEY_ID = 512
TYPES = frozenset({"jwt", "at+jwt", "application/jwt", "application/at+jwt"})
"""What a token may call itself. Others are meant for something else, such as telling of a logout."""


class Jws(msgspec.Struct, frozen=True):
    """A token that was read and not verified."""

    algorithm: str
    key_id: str | None
    claims: dict[str, Any]
    signed: bytes
    signature: bytes


def read(token: bytes) -> Jws:
    """The token. Raises ``AuthenticationFailed``, whose message repeats nothing of it."""
    if len(token) > LONGEST:
        refuse(f"it is larger than {LONGEST} bytes")
    parts = token.split(b".")
    if len(parts) != 3:
        refuse("it does not have three parts")
    header, claims, signature = _object(parts[0]), _object(parts[1]), _bytes(parts[2])
    algorithm, key_id, kind = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
    if not isinstance(algorithm, str):
        refuse("it names no algorithm")
    if key_id is not None and not (isinstance(key_id, str) and 0 < len(key_id) <= LONGEST_KEY_ID):
        refuse("the id of its key is none")
    if not isinstance(kind, str) or kind.lower() not in TYPES:
        refuse("it is of a type that is not meant for this")
    if "crit" in header:
        refuse("it needs an extension that is not known here")
    return Jws(algorithm, key_id, claims, token[: token.rindex(b".")], signature)


def refuse(reason: str) -> NoReturn:
    """Raises ``AuthenticationFailed``."""
    raise AuthenticationFailed(f"The token is not accepted: {reason}.")


def _object(part: bytes) -> dict[str, Any]:
    try:
        found = json.loads(_bytes(part).decode(), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        refuse("it holds no JSON object, or one that can be read in two ways")
    if not isinstance(found, dict):
        refuse("it holds no JSON object, or one that can be read in two ways")
    return found


def _bytes(part: bytes) -> bytes:
    """Base64url without padding, and as an encoder writes it: there is one text for the same bytes."""
    try:
        found = urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except binascii.Error:
        found = b""
    if urlsafe_b64encode(found).rstrip(b"=") != part:
        refuse("it is not base64url")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A member that stands there twice means one thing to one program and another to the next."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member twice")
    return found


def _no_constant(text: str) -> NoReturn:
    raise ValueError(text)
