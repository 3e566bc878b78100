"""A whole reply: its thin reading for accounting, and the way between this dialect and the neutral form."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.reply import Candidate, Reply
from stellwerk.core.usage import Usage
from stellwerk.dialects.chunk_facts import ReplyFacts, read_usage
from stellwerk.dialects.members import (
    INTEGER,
    NUMBER,
    RAW,
    RAWS,
    STRING,
    refuse_reply,
)
from stellwerk.dialects.openai_chat.finish import decode_finish, encode_finish
from stellwerk.dialects.openai_chat.logprobs import decode_logprobs, encode_logprobs
from stellwerk.dialects.openai_chat.messages import decode_message, encode_answer
from stellwerk.dialects.openai_chat.types import DIALECT, Members, merge
from stellwerk.dialects.openai_usage import decode_usage, encode_usage
from stellwerk.dialects.whole_reading import read_reply

__all__ = ["ReplyFacts", "decode", "encode", "read_usage"]


def decode(body: bytes) -> Reply:
    """Reads a reply whole. Raises ``UpstreamInvalid`` when it is not the dialect's."""
    return read_reply(body, lambda: _decode(Members(body, refuse=refuse_reply)))


def encode(reply: Reply) -> bytes:
    """The body that a caller of this dialect reads. What only other dialects can say is left out."""
    wire: dict[str, Any] = {
        "id": reply.id,
        "object": "chat.completion",
        "created": reply.created_s,
        "model": reply.model,
        "choices": [_encode_candidate(candidate) for candidate in reply.candidates],
    }
    if reply.usage is not None:
        own = reply.usage_opaque.of(DIALECT).get("usage") if reply.usage_opaque is not None else None
        wire["usage"] = encode_usage(reply.usage) if own is None else own
    if reply.service_tier is not None:
        wire["service_tier"] = reply.service_tier
    return msgspec.json.encode(merge(wire, reply.opaque))


def take_usage(members: Members, tier: str | None) -> tuple[Usage | None, Opaque | None]:
    """The ``usage`` member in both forms. ``tier`` is that which served the call."""
    raw = members.take("usage", RAW)
    if raw is None:
        return None, None
    wire = msgspec.json.decode(raw)
    return (decode_usage(wire, tier), Opaque(DIALECT, {"usage": raw})) if type(wire) is dict else (None, None)


def _decode(body: Members) -> Reply:
    body.take("object", STRING)
    identity, choices = body.take("id", STRING) or "", body.need("choices", RAWS)
    candidates = tuple(
        _decode_candidate(Members(raw, f"choices[{index}]", refuse_reply), f"call_{identity}_{index}_")
        for index, raw in enumerate(choices)
    )
    tier = body.take("service_tier", STRING)
    usage, usage_opaque = take_usage(body, tier)
    return Reply(
        identity,
        body.take("model", STRING) or "",
        candidates,
        int(body.take("created", NUMBER) or 0),
        usage,
        usage_opaque,
        tier,
        body.opaque(),
    )


def _decode_candidate(choice: Members, call_prefix: str) -> Candidate:
    raw = choice.need("message", RAW)
    message = decode_message(raw, choice.path("message"), refuse_reply, call_prefix=call_prefix)
    finish = decode_finish(choice.take("finish_reason", STRING))
    logprobs = decode_logprobs(choice)
    return Candidate(message, choice.take("index", INTEGER) or 0, finish, logprobs, choice.opaque())


def _encode_candidate(candidate: Candidate) -> dict[str, Any]:
    message = candidate.message
    answer = {"role": "assistant", **encode_answer(message.parts, is_reply=True)}
    # A tool without arguments still takes an object, and clients parse what they get.
    for call in answer.get("tool_calls", ()):
        if (function := call.get("function")) is not None:
            function["arguments"] = function["arguments"] or "{}"
    finish = candidate.finish
    wire = {
        "index": candidate.index,
        "message": merge(answer, message.opaque),
        "logprobs": None if candidate.logprobs is None else encode_logprobs(candidate.logprobs),
        "finish_reason": "stop" if finish is None else encode_finish(finish),
    }
    return merge(wire, candidate.opaque)
