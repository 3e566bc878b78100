"""Keeps what a provider was called with out of what its callers read, when the provider repeats it."""

from __future__ import annotations

import re

MASK = "[redacted]"
LEAST_SECRET = 8
"""A shorter key is a local host's placeholder, often an everyday word: nothing is hidden by masking it."""

_PROOF = re.compile(rb"(?im)^[a-z0-9-]*(?:auth|key|secret|signature|token)[a-z0-9-]*:[ \t]*([^\r\n]*)")
_SIGNED = re.compile(rb"(?:Credential|Signature)=([^/, \t]+)")


def proofs_in(fields: bytes) -> tuple[str, ...]:
    """What a rendered block of header lines proves a caller's identity with: keys, tokens, signatures and their ids."""
    found: list[bytes] = []
    for value in _PROOF.findall(fields):
        found += _SIGNED.findall(value) or value.split()[-1:]
    return tuple(word.decode("latin-1") for word in found)


def mask(text: str, *secrets: str) -> str:
    """``text`` without the secrets."""
    for secret in secrets:
        if len(secret) >= LEAST_SECRET:
            text = text.replace(secret, MASK)
    return text


def mask_body(body: bytes, *secrets: str) -> bytes:
    """``body`` without the secrets."""
    for secret in secrets:
        if len(secret) >= LEAST_SECRET:
            body = body.replace(secret.encode(), MASK.encode())
    return body
