"""A whole reply: its thin reading for accounting, and its encoding from the neutral form."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.part import Refusal, Text
from stellwerk.core.reply import Candidate, Reply
from stellwerk.dialects.chunk_facts import ReplyFacts, read_usage
from stellwerk.dialects.openai_completions.choice import encode_choice, encode_finish
from stellwerk.dialects.openai_usage import encode_usage

__all__ = ["ReplyFacts", "encode", "read_usage"]


def encode(reply: Reply) -> bytes:
    """The body that a caller of this dialect reads: the text alone, for it knows neither tools nor reasoning."""
    wire: dict[str, Any] = {
        "id": reply.id,
        "object": "text_completion",
        "created": reply.created_s,
        "model": reply.model,
        "choices": [_encode_candidate(candidate) for candidate in reply.candidates],
    }
    if reply.usage is not None:
        wire["usage"] = encode_usage(reply.usage)
    return msgspec.json.encode(wire)


def _encode_candidate(candidate: Candidate) -> dict[str, Any]:
    text = "".join(part.text for part in candidate.message.parts if isinstance(part, Text | Refusal))
    return encode_choice(candidate.index, text, candidate.logprobs, encode_finish(candidate.finish))
