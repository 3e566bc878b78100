"""Gemini's thought signature as its OpenAI endpoint carries it: ``extra_content.google.thought_signature``."""

from __future__ import annotations

from typing import Any

from stellwerk.core.opaque import Opaque
from stellwerk.dialects.members import RAW, STRING, Members, UnreadableError


def decode_signature(owner: Members) -> tuple[str | None, Opaque | None]:
    """Takes the signature of a call or a text, and gives what else stands beside it."""
    if "extra_content" not in owner:
        return None, None
    kind = type(owner)
    try:
        extra = kind(owner.peek("extra_content"))
        google = extra.within("google")
        signature = google.need("thought_signature", STRING)
    except UnreadableError:
        return None, None
    owner.take("extra_content", RAW)
    return signature, extra.opaque(google=google.opaque())


def encode_signature(signature: str | None) -> dict[str, Any]:
    """The members that carry it; empty without one."""
    return {} if signature is None else {"extra_content": {"google": {"thought_signature": signature}}}
