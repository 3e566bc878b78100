"""Log-probabilities between this dialect and the neutral form."""

from __future__ import annotations

from typing import Any

from stellwerk.core.reply import Logprobs
from stellwerk.dialects.members import RAW, UnreadableError
from stellwerk.dialects.openai_chat.types import Members, merge
from stellwerk.dialects.token_logprobs import decode_tokens, encode_tokens


def decode_logprobs(choice: Members) -> Logprobs | None:
    """Takes ``logprobs`` of a choice; one of another shape is left where it is, and so stays opaque."""
    if bytes(choice.peek("logprobs")) == b"null":
        choice.take("logprobs", RAW)
        return None
    try:
        logprobs = Members(choice.peek("logprobs"))
        content, refusal = decode_tokens(logprobs, "content"), decode_tokens(logprobs, "refusal")
    except UnreadableError:
        return None
    choice.take("logprobs", RAW)
    return Logprobs(content, refusal, logprobs.opaque())


def encode_logprobs(logprobs: Logprobs) -> dict[str, Any]:
    """``logprobs`` of a choice."""
    wire = {"content": encode_tokens(logprobs.content), "refusal": encode_tokens(logprobs.refusal)}
    return merge(wire, logprobs.opaque)
