"""A whole reply: its thin reading for accounting, and the way between this dialect and the neutral form.

A reply of this dialect names neither its model nor itself: whoever asked knows the model, and the header
``x-amzn-requestid`` the id.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from stellwerk.core.chat import Message, Role
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import ToolCall
from stellwerk.core.reply import Candidate, Finish, Reply, ReplyFacts, StopReason
from stellwerk.core.usage import Usage
from stellwerk.dialects.bedrock_converse.finish import STOP_REASON, decode_finish, encode_finish
from stellwerk.dialects.bedrock_converse.messages import decode_answer, encode_answer
from stellwerk.dialects.bedrock_converse.types import DIALECT, NO_NAMES, Members, merge
from stellwerk.dialects.bedrock_converse.usage import USAGE, WireUsage, decode_usage, encode_usage, neutral, read_tier
from stellwerk.dialects.excerpt import excerpt
from stellwerk.dialects.members import RAW, STRING, UnreadableError, refuse_reply
from stellwerk.dialects.whole_reading import not_json, read_reply, word
from stellwerk.errors import UpstreamInvalid

__all__ = ["ReplyFacts", "decode", "encode", "read_usage"]

_RESPONSE_FIELDS = "additionalModelResponseFields"
_NULL = msgspec.Raw(b"null")


def read_usage(body: bytes) -> ReplyFacts:
    """What accounting needs of a reply that is passed on. Raises ``UpstreamInvalid`` when it is not the dialect's."""
    try:
        if not body.isascii():
            body.decode()
        wire = _read(body)
        usage = None if wire.usage is None else neutral(wire.usage, read_tier(wire.serviceTier))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        usage, wire = _read_tolerantly(body)
    if wire.output is None or wire.output.message is None:
        raise UpstreamInvalid(_complaint(body))
    return ReplyFacts(usage, wire.stopReason)


def decode(body: bytes, *, model: str = "", identity: str = "", names: Mapping[str, str] = NO_NAMES) -> Reply:
    """Reads a reply whole. Raises ``UpstreamInvalid`` when it is not the dialect's.

    ``model`` and ``identity`` are what the reply is to say of itself; ``names`` are the tools that were asked for
    under another name, as ``neutral_names`` of the request has them.
    """
    return read_reply(body, lambda: _decode(Members(body, refuse=refuse_reply), model, identity, names))


def encode(reply: Reply, *, latency_ms: int = 0) -> bytes:
    """The body that a caller of this dialect reads. What only other dialects can say is left out.

    The dialect has one candidate. ``latency_ms`` is how long the answer took, where the reply does not say itself.
    """
    candidate = reply.candidates[0] if reply.candidates else Candidate(Message(Role.ASSISTANT, ()))
    message = candidate.message
    has_calls = any(isinstance(part, ToolCall) for part in message.parts)
    wire: dict[str, Any] = {
        "output": {"message": merge({"role": "assistant", "content": encode_answer(message.parts)}, message.opaque)},
        STOP_REASON: encode_finish(candidate.finish or Finish(StopReason.END), has_calls=has_calls),
        USAGE: encode_usage(reply.usage or Usage(), reply.usage_opaque),
    }
    if reply.service_tier is not None:
        wire["serviceTier"] = {"type": reply.service_tier}
    if candidate.finish is not None and candidate.finish.stop_sequence is not None:
        wire[_RESPONSE_FIELDS] = {"stop_sequence": candidate.finish.stop_sequence}
    wire = merge(merge(wire, candidate.opaque), reply.opaque)
    wire.setdefault("metrics", {"latencyMs": latency_ms})
    return msgspec.json.encode(wire)


def take_stop_sequence(members: Members) -> tuple[str | None, Opaque | None]:
    """The sequence that the model met, where it was asked to tell, and what else its family tells."""
    if _RESPONSE_FIELDS not in members:
        return None, None
    try:
        fields = Members(members.peek(_RESPONSE_FIELDS))
        sequence = fields.take("stop_sequence", STRING) if "stop_sequence" in fields else None
    except UnreadableError:
        return None, None
    if sequence is None:
        return None, None
    members.take(_RESPONSE_FIELDS, RAW)
    return sequence, fields.opaque()


class _Skipped(msgspec.Struct, gc=False):
    """An object whose members are skipped."""


class _Output(msgspec.Struct, gc=False):
    message: _Skipped | None = None


class _Thin(msgspec.Struct, gc=False):
    output: _Output | None = None
    stopReason: str = ""  # noqa: N815 (the wire's name)
    usage: WireUsage | None = None
    serviceTier: msgspec.Raw = _NULL  # noqa: N815 (the wire's name)


class _Thinner(msgspec.Struct, gc=False):
    output: _Output | None = None
    stopReason: Any = ""  # noqa: N815 (the wire's name)
    usage: msgspec.Raw = _NULL
    serviceTier: msgspec.Raw = _NULL  # noqa: N815 (the wire's name)


_read = msgspec.json.Decoder(_Thin).decode
_read_thinner = msgspec.json.Decoder(_Thinner).decode


def _read_tolerantly(body: bytes) -> tuple[Usage | None, _Thin]:
    """Where a count is none, or a word: only the shape of the whole is demanded."""
    try:
        body.decode()
        wire = _read_thinner(body)
    except msgspec.ValidationError:
        raise UpstreamInvalid(_complaint(body)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise not_json(body) from None
    return decode_usage(wire.usage, read_tier(wire.serviceTier)), _Thin(wire.output, word(wire.stopReason))


def _complaint(body: bytes) -> str:
    try:
        wire = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        wire = None
    told = (wire.get("message") or wire.get("Message")) if type(wire) is dict else None
    if type(told) is str and told:
        return f"The provider answered with an error: {excerpt(told)}"
    return "The provider's answer is not a Converse reply: it has no output."


def _decode(body: Members, model: str, identity: str, names: Mapping[str, str]) -> Reply:
    output = body.within("output")
    answer = output.within("message")
    message = decode_answer(answer, refuse_reply, names)
    word = body.take(STOP_REASON, STRING)
    sequence, fields = take_stop_sequence(body)
    finish = None if word is None else decode_finish(word, sequence)
    raw = body.take(USAGE, RAW)
    tier, tier_rest = _take_tier(body)
    usage = None if raw is None else decode_usage(raw, tier or "")
    return Reply(
        identity,
        model,
        (Candidate(message, finish=finish),),
        usage=usage,
        usage_opaque=None if usage is None or raw is None else Opaque(DIALECT, {USAGE: raw}),
        service_tier=tier,
        opaque=body.opaque(output=output.opaque(), serviceTier=tier_rest, **{_RESPONSE_FIELDS: fields}),
    )


def _take_tier(body: Members) -> tuple[str | None, Opaque | None]:
    try:
        tier = Members(body.peek("serviceTier"))
        word = tier.need("type", STRING)
    except UnreadableError:
        return None, None
    body.take("serviceTier", RAW)
    return word, tier.opaque()
