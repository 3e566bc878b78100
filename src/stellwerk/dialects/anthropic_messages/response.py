"""A whole reply: its thin reading for accounting, and the way between this dialect and the neutral form."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.chat import Message, Role
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import Refusal, ToolCall
from stellwerk.core.reply import Candidate, Reply, ReplyFacts
from stellwerk.core.usage import Usage
from stellwerk.dialects.anthropic_messages.finish import encode_finish, take_finish
from stellwerk.dialects.anthropic_messages.parts import decode_content, encode_answer
from stellwerk.dialects.anthropic_messages.types import DIALECT, Members, merge
from stellwerk.dialects.anthropic_messages.usage import WireUsage, encode_usage, neutral, read_wire
from stellwerk.dialects.members import INTEGER, RAW, STRING, refuse_reply
from stellwerk.dialects.whole_reading import complaint, read_loosely, read_reply, word

__all__ = ["ReplyFacts", "decode", "decode_count", "encode", "encode_answered_count", "read_usage"]

_EXPECTED = "a message: it has no content"


def read_usage(body: bytes) -> ReplyFacts:
    """What accounting needs of a reply that is passed on. Raises ``UpstreamInvalid`` when it is not the dialect's."""
    try:
        if not body.isascii():
            body.decode()
        wire = _read(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _read_tolerantly(body)
    return ReplyFacts(None if wire.usage is None else neutral(wire.usage), wire.stop_reason or "", wire.id)


def decode(body: bytes) -> Reply:
    """Reads a reply whole. Raises ``UpstreamInvalid`` when it is not the dialect's."""
    return read_reply(body, lambda: _decode(Members(body, refuse=refuse_reply), body))


def encode(reply: Reply) -> bytes:
    """The body that a caller of this dialect reads: the first candidate, for it knows of no others.

    What only other dialects can say is left out.
    """
    candidate = next(iter(reply.candidates), Candidate(Message(Role.ASSISTANT, ())))
    parts = candidate.message.parts
    finish = encode_finish(
        candidate.finish,
        has_calls=any(isinstance(part, ToolCall) for part in parts),
        has_refusal=any(isinstance(part, Refusal) for part in parts),
    )
    own = reply.usage_opaque.of(DIALECT).get("usage") if reply.usage_opaque is not None else None
    wire: dict[str, Any] = {
        "id": reply.id,
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": [block for part in parts if (block := encode_answer(part)) is not None],
        **finish,
        "usage": encode_usage(reply.usage or Usage()) if own is None else own,
    }
    return msgspec.json.encode(merge(wire, reply.opaque))


def decode_count(body: bytes) -> int:
    """``input_tokens`` of an answer to ``count_tokens``. Raises ``UpstreamInvalid`` when it is none."""
    return read_reply(body, lambda: Members(body, refuse=refuse_reply).need("input_tokens", INTEGER))


def encode_answered_count(input_tokens: int) -> bytes:
    """The answer to ``count_tokens``."""
    return msgspec.json.encode({"input_tokens": input_tokens})


class _Reply(msgspec.Struct, gc=False):
    content: list[msgspec.Raw]
    id: str = ""
    stop_reason: str | None = None
    usage: WireUsage | None = None


_read = msgspec.json.Decoder(_Reply).decode


def _read_tolerantly(body: bytes) -> ReplyFacts:
    """For hosts that are careless with types: only the shape of the whole is demanded."""
    wire = read_loosely(body)
    if type(wire) is not dict or type(wire.get("content")) is not list:
        raise complaint(wire, _EXPECTED)
    usage = wire.get("usage")
    return ReplyFacts(
        neutral(read_wire(usage)) if type(usage) is dict else None,
        word(wire.get("stop_reason")),
        word(wire.get("id")),
    )


def _decode(body: Members, raw: bytes) -> Reply:
    if not bytes(body.peek("content")).startswith(b"["):
        raise complaint(msgspec.json.decode(raw), _EXPECTED)
    body.take("type", STRING)
    body.take("role", STRING)
    parts, _ = decode_content(body)
    finish = take_finish(body)
    usage, usage_opaque = _take_usage(body)
    return Reply(
        body.take("id", STRING) or "",
        body.take("model", STRING) or "",
        (Candidate(Message(Role.ASSISTANT, parts), finish=finish),),
        usage=usage,
        usage_opaque=usage_opaque,
        opaque=body.opaque(),
    )


def _take_usage(body: Members) -> tuple[Usage | None, Opaque | None]:
    raw = body.take("usage", RAW)
    wire = None if raw is None else msgspec.json.decode(raw)
    if raw is None or type(wire) is not dict:
        return None, None
    return neutral(read_wire(wire)), Opaque(DIALECT, {"usage": raw})
