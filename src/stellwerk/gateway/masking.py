"""Keeps the key that a provider was called with out of what its callers read, when the provider repeats it."""

from __future__ import annotations

MASK = "[redacted]"
LEAST_SECRET = 8
"""A shorter key is a local host's placeholder, often an everyday word: nothing is hidden by masking it."""


def mask(text: str, secret: str) -> str:
    """``text`` without ``secret``."""
    return text.replace(secret, MASK) if len(secret) >= LEAST_SECRET else text


def mask_body(body: bytes, secret: str) -> bytes:
    """``body`` without ``secret``."""
    return body.replace(secret.encode(), MASK.encode()) if len(secret) >= LEAST_SECRET else body
