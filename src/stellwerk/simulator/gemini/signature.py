"""Thought signatures: opaque for clients, but the simulator knows its own again, and what each of them belongs to."""

from __future__ import annotations

import base64
from hashlib import blake2b

SKIP = "skip_thought_signature_validator"
"""What histories may carry that no model signed."""

_KEY = b"stellwerk simulator: thoughts"
_MARK = b"\x12\x2d"
_NONCE_BYTES = 16
_BYPASSES = frozenset(
    bytes_
    for word in (SKIP, "context_engineering_is_the_way_to_go")
    for bytes_ in (word.encode(), base64.urlsafe_b64decode(word))
)


def sign(purpose: str, seed: bytes) -> str:
    """A signature for the call of the function ``purpose``, or for a text where it is empty."""
    nonce = blake2b(seed, digest_size=_NONCE_BYTES).digest()
    return base64.b64encode(_MARK + nonce + _seal(nonce, purpose)).decode()


def is_valid(signature: bytes, purpose: str) -> bool:
    """Whether a signature, decoded from Base64, is one that ``sign`` made for ``purpose``, or one of the bypasses."""
    if signature in _BYPASSES:
        return True
    end = len(_MARK) + _NONCE_BYTES
    return signature.startswith(_MARK) and signature[end:] == _seal(signature[len(_MARK) : end], purpose)


def _seal(nonce: bytes, purpose: str) -> bytes:
    return blake2b(nonce + purpose.encode(), key=_KEY, digest_size=16).digest()
