"""What the head of a request comes to, and the headers that callers set terms with."""

from __future__ import annotations

import hashlib
import re

import msgspec

from stellwerk.core.identity import Principal
from stellwerk.errors import InvalidRequest
from stellwerk.gateway.configuration import Configuration
from stellwerk.http.deadlines import NEVER
from stellwerk.http.fields import Headers, render

MAX_TAGS_BYTES = 1024
MAX_SESSION_BYTES = 256
MAX_USER_BYTES = 128
MAX_IDEMPOTENCY_KEY_BYTES = 255
_TRACE_PARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_WORD = rb"[\x20-\x2b\x2d-\x3c\x3e-\x7e]"
"""Printable ASCII without the comma and the equals sign."""
_TAGS = re.compile(rb"%b+=%b*(?:,%b+=%b*)*" % ((_WORD,) * 4))
_USER = re.compile(rb"(?!\*$)%b+" % _WORD)
_CACHE = frozenset((b"no-store", b"no-cache"))
_SECONDS = re.compile(rb"[0-9]{1,9}(?:\.[0-9]{0,9})?|\.[0-9]{1,9}")


class Terms(msgspec.Struct, frozen=True):
    """What the head of a request comes to under one configuration: who calls, and on which terms."""

    configuration: Configuration
    principal: Principal
    timeout_s: float
    """What ``x-stellwerk-timeout`` allows; ``NEVER`` without it."""
    tags: str
    trace: bytes
    """Rendered header lines that go along to providers."""
    session: bytes
    """What ``x-stellwerk-session`` names; empty without it."""
    cache: bytes = b""
    """What ``x-stellwerk-cache`` says: ``no-store``, ``no-cache``; empty without it."""


def terms_of(principal: Principal, headers: Headers, configuration: Configuration) -> Terms:
    """Everything that the head alone decides. Raises ``InvalidRequest`` and ``PermissionDenied``."""
    if b"x-stellwerk-user" in headers:
        principal = configuration.directory.on_behalf(principal, _user(headers[b"x-stellwerk-user"]))
    trace = _trace(headers) if b"traceparent" in headers else b""
    if b"idempotency-key" in headers:
        trace += _idempotency(headers[b"idempotency-key"], principal)
    session = headers.get(b"x-stellwerk-session", b"")
    if len(session) > MAX_SESSION_BYTES:
        message = f"Invalid value for the header 'x-stellwerk-session': expected at most {MAX_SESSION_BYTES} bytes."
        raise InvalidRequest(message, param="x-stellwerk-session")
    cache = headers.get(b"x-stellwerk-cache", b"").strip().lower()
    if cache and cache not in _CACHE:
        message = "Invalid value for the header 'x-stellwerk-cache': expected no-store or no-cache."
        raise InvalidRequest(message, param="x-stellwerk-cache")
    return Terms(configuration, principal, _timeout_s(headers), _tags(headers, principal), trace, session, cache)


def _timeout_s(headers: Headers) -> float:
    """What the caller allows for an answer."""
    wanted = headers.get(b"x-stellwerk-timeout")
    if wanted is None:
        return NEVER
    seconds = float(wanted) if _SECONDS.fullmatch(wanted) is not None else 0.0
    if seconds <= 0:
        message = "Invalid value for the header 'x-stellwerk-timeout': expected a positive number of seconds."
        raise InvalidRequest(message, param="x-stellwerk-timeout")
    return seconds


def _user(value: bytes) -> str:
    """Whom the caller sends a request for."""
    if len(value) > MAX_USER_BYTES or _USER.fullmatch(value) is None:
        message = (
            "Invalid value for the header 'x-stellwerk-user': expected printable ASCII characters without comma and "
            f"equals sign, at most {MAX_USER_BYTES} of them."
        )
        raise InvalidRequest(message, param="x-stellwerk-user")
    return value.decode("ascii")


def _tags(headers: Headers, principal: Principal) -> str:
    """Labels of a request, ``k=v,k=v``: its key's, and the caller's own beside them."""
    fixed = ",".join(f"{name}={value}" for name, value in principal.tags)
    tags = headers.get(b"x-stellwerk-tags")
    if tags is None or not tags.strip():
        return fixed
    if len(tags) > MAX_TAGS_BYTES or _TAGS.fullmatch(tags) is None:
        message = (
            f"Invalid value for the header 'x-stellwerk-tags': expected k=v,k=v in at most {MAX_TAGS_BYTES} bytes."
        )
        raise InvalidRequest(message, param="x-stellwerk-tags")
    own = tags.decode("ascii")
    if not fixed:
        return own
    names = {name for name, _ in principal.tags}
    return ",".join([fixed, *(tag for tag in own.split(",") if tag.partition("=")[0] not in names)])


def _trace(headers: Headers) -> bytes:
    """The caller's trace context, handed on as it came (W3C Trace Context); one that is malformed is dropped."""
    parent = headers[b"traceparent"]
    if _TRACE_PARENT.fullmatch(parent) is None:
        return b""
    pairs = [(b"traceparent", parent)]
    if b"tracestate" in headers:
        pairs.append((b"tracestate", headers[b"tracestate"]))
    try:
        return render(pairs)
    except ValueError:
        return b""


def _idempotency(key: bytes, principal: Principal) -> bytes:
    """The caller's idempotency key for providers that heed one, which then do the same work once.

    It is hashed with its owner's name: behind one credential, nobody gets an answer by another caller's key.
    """
    if not 0 < len(key) <= MAX_IDEMPOTENCY_KEY_BYTES:
        message = f"Invalid value for the header 'idempotency-key': expected 1 to {MAX_IDEMPOTENCY_KEY_BYTES} bytes."
        raise InvalidRequest(message, param="idempotency-key")
    owner = hashlib.blake2b(principal.key_name.encode()).digest()
    return b"idempotency-key: %b\r\n" % hashlib.blake2b(key, key=owner, digest_size=16).hexdigest().encode()
