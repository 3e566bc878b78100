"""Signs thoughts, and tells whether one that comes back is what was signed."""

from __future__ import annotations

import base64
import binascii

from stellwerk.simulator.seal import is_seal_of, seal

_REDACTED = b"redacted"


def sign(thinking: str, seed: bytes) -> str:
    """The signature of a thought."""
    return base64.b64encode(seal(thinking.encode(), seed)).decode()


def redact(seed: bytes) -> str:
    """The data of a thought that nobody can read."""
    return base64.b64encode(seal(_REDACTED, seed)).decode()


def is_signed(thinking: str, signature: str) -> bool:
    """Whether ``signature`` is one of ``thinking``."""
    return is_seal_of(thinking.encode(), _bytes(signature))


def is_redacted(data: str) -> bool:
    """Whether ``data`` came from here."""
    return is_seal_of(_REDACTED, _bytes(data))


def _bytes(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except ValueError:
        return b""
