"""Signatures of what a model thought: the simulator knows by them whether a text came back unchanged."""

from __future__ import annotations

import base64
from hashlib import blake2b

_KEY = b"stellwerk simulator: reasoning"
_MARK = b"\x0a\xc8"


def sign(text: str) -> str:
    """The signature of a text."""
    return base64.b64encode(_MARK + blake2b(text.encode(), key=_KEY, digest_size=48).digest()).decode()


def is_signed(text: str, signature: str) -> bool:
    """Whether ``signature`` is that of ``text``, byte for byte."""
    return signature == sign(text)
