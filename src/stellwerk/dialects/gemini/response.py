"""A whole reply: its thin reading for accounting, and the way between this dialect and the neutral form."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.chat import Message, Role
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import Part, Text, Thinking, ToolCall
from stellwerk.core.reply import Candidate, Finish, Reply, ReplyFacts, StopReason
from stellwerk.core.usage import Usage
from stellwerk.dialects.gemini.contents import decode_answer, encode_parts
from stellwerk.dialects.gemini.finish import decode_finish, encode_finish
from stellwerk.dialects.gemini.grounding import GROUNDING, encode_citations, restore, take_grounding, text_parts
from stellwerk.dialects.gemini.logprobs import decode_logprobs, encode_logprobs
from stellwerk.dialects.gemini.parts import encode_thinking
from stellwerk.dialects.gemini.types import DIALECT, Members, is_marked, mark, merge, take_raws
from stellwerk.dialects.gemini.usage import WireUsage, decode_usage, encode_usage, neutral
from stellwerk.dialects.gemini.usage import read_usage as read_wire_usage
from stellwerk.dialects.members import RAW, STRING, refuse_reply
from stellwerk.dialects.whole_reading import complaint, read_loosely, read_reply, word

__all__ = ["ReplyFacts", "decode", "encode", "read_usage"]

BLOCKED = "promptFeedback"
"""Marks the candidate that stands for a prompt which was blocked: on the wire there is none."""


def read_usage(body: bytes) -> ReplyFacts:
    """What accounting needs of a reply that is passed on. Raises ``UpstreamInvalid`` when it is not the dialect's."""
    try:
        if not body.isascii():
            body.decode()
        wire = _read(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _read_tolerantly(body)
    if wire.candidates is None and wire.prompt_feedback is None:
        raise complaint(msgspec.json.decode(body), _EXPECTED)
    finish = wire.candidates[0].finish_reason if wire.candidates else None
    if not wire.candidates and wire.prompt_feedback is not None:
        finish = wire.prompt_feedback.block_reason
    usage = wire.usage_metadata
    return ReplyFacts(None if usage is None else neutral(usage), finish or "", wire.response_id or "")


def decode(body: bytes) -> Reply:
    """Reads a reply whole. Raises ``UpstreamInvalid`` when it is not the dialect's."""
    return read_reply(body, lambda: _decode(Members(body, refuse=refuse_reply), body))


def encode(reply: Reply) -> bytes:
    """The body that a caller of this dialect reads. What only other dialects can say is left out."""
    wire: dict[str, Any] = {}
    candidates = [candidate for candidate in reply.candidates if not is_marked(candidate.opaque, BLOCKED)]
    if candidates:
        wire["candidates"] = [_encode_candidate(candidate) for candidate in candidates]
    if reply.usage is not None:
        own = reply.usage_opaque.of(DIALECT).get("usageMetadata") if reply.usage_opaque is not None else None
        wire["usageMetadata"] = encode_usage(reply.usage) if own is None else own
    if reply.model:
        wire["modelVersion"] = reply.model
    if reply.id:
        wire["responseId"] = reply.id
    return msgspec.json.encode(merge(wire, reply.opaque))


def take_usage(members: Members) -> tuple[Usage | None, Opaque | None]:
    """The ``usageMetadata`` member in both forms."""
    raw = members.take("usageMetadata", RAW)
    if raw is None:
        return None, None
    usage = read_wire_usage(raw)
    return usage, None if usage is None else Opaque(DIALECT, {"usageMetadata": raw})


def block_reason(members: Members) -> Finish | None:
    """Why the prompt was blocked, where it was: a filter's word, whichever it is."""
    if members.peek(BLOCKED) == _NULL:
        return None
    feedback = Members(members.peek(BLOCKED), BLOCKED, refuse_reply)
    word = feedback.take("blockReason", STRING)
    return Finish(StopReason.CONTENT_FILTER) if word else None


class _Feedback(msgspec.Struct, gc=False, rename="camel"):
    block_reason: str | None = None


class _Candidate(msgspec.Struct, gc=False, rename="camel"):
    finish_reason: str | None = None


class _Reply(msgspec.Struct, gc=False, rename="camel"):
    candidates: list[_Candidate] | None = None
    prompt_feedback: _Feedback | None = None
    usage_metadata: WireUsage | None = None
    response_id: str | None = None


_read = msgspec.json.Decoder(_Reply).decode
_EXPECTED = "generated content: it has no candidates"
_NULL = msgspec.Raw(b"null")


def _read_tolerantly(body: bytes) -> ReplyFacts:
    """For hosts that are careless with types: only the shape of the whole is demanded."""
    wire = read_loosely(body)
    candidates = wire.get("candidates") if type(wire) is dict else None
    if type(wire) is not dict or not (type(candidates) is list or type(wire.get(BLOCKED)) is dict):
        raise complaint(wire, _EXPECTED)
    first = candidates[0] if type(candidates) is list and candidates else None
    finish = first.get("finishReason") if type(first) is dict else None
    usage = wire.get("usageMetadata")
    return ReplyFacts(
        decode_usage(usage) if type(usage) is dict else None,
        word(finish),
        word(wire.get("responseId")),
    )


def _decode(body: Members, raw: bytes) -> Reply:
    if "candidates" not in body and BLOCKED not in body:
        raise complaint(msgspec.json.decode(raw), _EXPECTED)
    identity = body.take("responseId", STRING) or ""
    candidates = tuple(
        _decode_candidate(Members(entry, f"candidates[{number}]", refuse_reply), identity, number)
        for number, entry in enumerate(take_raws(body, "candidates"))
    )
    blocked = block_reason(body) if not candidates else None
    if blocked is not None:
        candidates = (Candidate(Message(Role.ASSISTANT, ()), 0, blocked, opaque=mark(None, BLOCKED)),)
    usage, usage_opaque = take_usage(body)
    model = body.take("modelVersion", STRING) or ""
    return Reply(identity, model, candidates, 0, usage, usage_opaque, opaque=body.opaque())


def _decode_candidate(candidate: Members, identity: str, number: int) -> Candidate:
    marks: tuple[str, ...] = ()
    index = candidate.take_integer("index")
    if index is None:
        index, marks = number, ("index",)
    if candidate.peek("content") == _NULL:
        candidate.take("content", RAW)
        message = Message(Role.ASSISTANT, ())
        marks += ("content",)
    else:
        content = candidate.within("content")
        message = decode_answer(content, refuse_reply, f"call_{identity}_{index}_")
    has_calls = any(isinstance(part, ToolCall) for part in message.parts)
    finish = decode_finish(candidate.take("finishReason", STRING), has_calls=has_calls)
    logprobs = decode_logprobs(candidate)
    cited, grounding = take_grounding(candidate, text_parts(message.parts))
    if cited:
        message = msgspec.structs.replace(message, parts=tuple(_cite(message.parts, cited)))
    left = candidate.opaque()
    if grounding is not None:
        left = Opaque(DIALECT, {**(left.members if left is not None else {}), **grounding.members})
    return Candidate(message, index, finish, logprobs, mark(left, *marks))


def _cite(parts: tuple[Part, ...], cited: dict[int, Any]) -> list[Part]:
    return [
        msgspec.structs.replace(part, citations=tuple(cited[number]))
        if isinstance(part, Text) and number in cited
        else part
        for number, part in enumerate(parts)
    ]


def _encode_candidate(candidate: Candidate) -> dict[str, Any]:
    message, finish, opaque = candidate.message, candidate.finish, candidate.opaque
    wire: dict[str, Any] = {}
    if message.parts or not is_marked(opaque, "content"):
        content: dict[str, Any] = {"parts": _encode_answer(message.parts), "role": "model"}
        if is_marked(message.opaque, "role"):
            del content["role"]
        if is_marked(message.opaque, "parts") and not content["parts"]:
            del content["parts"]
        wire["content"] = merge(content, message.opaque)
    if finish is not None:
        wire["finishReason"] = encode_finish(finish)
    if not is_marked(opaque, "index"):
        wire["index"] = candidate.index
    if candidate.logprobs is not None:
        wire["logprobsResult"] = encode_logprobs(candidate.logprobs)
    kept = opaque.of(DIALECT).get(GROUNDING) if opaque is not None else None
    if isinstance(kept, msgspec.Raw):
        wire[GROUNDING] = restore(kept, text_parts(message.parts))
    elif (grounding := encode_citations(message.parts)) is not None:
        wire[GROUNDING] = grounding
    return merge(wire, opaque)


def _encode_answer(parts: tuple[Part, ...]) -> list[Any]:
    """Parts as callers see them: thinking of whichever model, and its signature, for it to come back."""
    wires: list[Any] = []
    for part in parts:
        if isinstance(part, Thinking) and not is_marked(part.opaque, "thought"):
            wires.append(encode_thinking(part.text, part.signature))
        else:
            wires += encode_parts((part,))
    return wires
