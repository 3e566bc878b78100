"""Who calls? A key's digest, looked up; or a token of an issuer, where there are any."""

from __future__ import annotations

import re

from stellwerk.core.identity import Principal
from stellwerk.errors import AuthenticationFailed, PermissionDenied
from stellwerk.gateway.directory import Directory
from stellwerk.http.fields import Headers
from stellwerk.http.forwarded import client_address

ANY = "*"
"""Stands for every dialect."""
_SIGNED = re.compile(rb"AWS4-HMAC-SHA256 Credential=(?!eyJ[^./]*\.[^./]*\.)([^/,\s]+)/")
"""What looks like a token of an issuer is none here: programs write access key ids down wherever they like."""


def authenticate(headers: Headers, directory: Directory, peer: str = "", dialect: str = "") -> Principal:
    """Finds the caller by ``Authorization``, ``x-api-key`` or ``x-goog-api-key``, in this order.

    What looks like a token of an issuer is taken for one where the configuration has issuers.

    AWS's clients refuse bearer tokens without TLS: there the key stands as the access key id of their signature, and is
    itself the proof. The signature is not looked at.

    ``peer`` is the address of the other end; empty where it is not known, as for a Unix socket. ``dialect`` is what is
    spoken, ``ANY`` where that does not matter. A key that is restricted is refused where either is not known.

    Raises ``AuthenticationFailed`` without naming what was sent, in the same words whether the key is unknown, expired
    or disabled, and ``PermissionDenied`` where it may not be used from there or in that dialect. Of a token it says
    what is wrong; while the keys of its issuer are not there, it raises ``IssuerUnavailable``.
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
    if principal.networks or principal.dialects is not None:
        _permit(principal, headers, directory, peer, dialect)
    return principal


def _permit(principal: Principal, headers: Headers, directory: Directory, peer: str, dialect: str) -> None:
    if dialect != ANY and not principal.may_speak(dialect):
        message = (
            f"This API key may not be used in this dialect, but only in: {', '.join(sorted(principal.dialects or ()))}."
        )
        raise PermissionDenied(message)
    if principal.networks:
        address = client_address(peer, headers, directory.trusted)
        if address is None or not any(address in network for network in principal.networks):
            message = f"This API key may not be used from the address {address or 'of this connection'}."
            raise PermissionDenied(message)
