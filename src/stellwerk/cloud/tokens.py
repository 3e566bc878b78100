"""How access tokens are asked for, by Google's and Microsoft's endpoints alike: OAuth 2.0 forms in, JSON out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from stellwerk.cloud.refreshing import Token
from stellwerk.errors import UpstreamCredentials, UpstreamError
from stellwerk.ports.credential import Fetch

FORM = "application/x-www-form-urlencoded"
LONGEST_WORD = 64
UNREADABLE = "No access token can be had: the answer holds none that can be read."


async def ask(
    fetch: Fetch, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None, now: float
) -> Token:
    """The token that an endpoint gives. Raises ``UpstreamCredentials``, whose message holds no secret."""
    sent = {**headers, "content-type": FORM} if form else headers
    document = await answer_of(fetch, method, url, sent, urlencode(form).encode() if form else b"")
    try:
        return read(document, now)
    except (ValueError, LookupError, TypeError):
        raise UpstreamCredentials(UNREADABLE) from None


async def answer_of(fetch: Fetch, method: str, url: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """The JSON object that an endpoint answers with, empty if it is none. Raises ``UpstreamCredentials``."""
    try:
        status, answer = await fetch(method, url, headers, body)
    except UpstreamError as error:
        raise UpstreamCredentials(f"No access token can be had: {error.message}") from None
    document = _object(answer)
    if status != 200:
        word = document.get("error")
        reason = f" ({word[:LONGEST_WORD]})" if isinstance(word, str) and word.isprintable() else ""
        host = urlsplit(url).hostname
        raise UpstreamCredentials(f"No access token can be had: {host} answered with status {status}{reason}.")
    return document


def read(document: Mapping[str, Any], now: float) -> Token:
    """The token in a JSON document, whose life is told in seconds or as its end in Unix time.

    Raises ``ValueError``, ``LookupError`` or ``TypeError``.
    """
    value = document["access_token"]
    if not isinstance(value, str):
        raise TypeError("access_token")
    life = document.get("expires_in")
    expires_s = now + float(life) if life is not None else float(document["expires_on"])
    if not now < expires_s < now + 1e9:
        raise ValueError("a token that does not live")
    return Token(value, expires_s)


def _object(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return {}
