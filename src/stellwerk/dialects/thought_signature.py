"""Signatures of reasoning on their way through other dialects.

Gemini's is carried as by its OpenAI endpoint: ``extra_content.google.thought_signature``.
"""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import Thinking
from stellwerk.dialects.members import RAW, STRING, Members, UnreadableError

_STANDARD = str.maketrans("-_", "+/")


def as_signed(part: Thinking) -> Thinking:
    """Thinking with its signature in the alphabet in which models of Anthropic write it.

    Google's SDK for Python hands any signature back in base64's other alphabet, the one for URLs.
    """
    if part.signature is None or part.opaque is None or part.opaque.dialect != "gemini":
        return part
    return msgspec.structs.replace(part, signature=part.signature.translate(_STANDARD))


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
