"""A whole reply: its thin reading for accounting, and the way between this dialect and the neutral form."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.chat import Message, Role
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import Audio, Part, Text, ToolCall
from stellwerk.core.reply import Candidate, Finish, Logprobs, Reply, ReplyFacts
from stellwerk.core.usage import Usage
from stellwerk.dialects.members import NUMBER, RAW, RAWS, STRING, UnreadableError, refuse_reply, without_nulls
from stellwerk.dialects.openai_errors import read_error
from stellwerk.dialects.openai_responses.finish import decode_finish, encode_finish, is_cut, word_of
from stellwerk.dialects.openai_responses.item_decoder import decode_output
from stellwerk.dialects.openai_responses.item_encoder import Item, encode_output, groups
from stellwerk.dialects.openai_responses.types import DIALECT, Members, merge, own, without
from stellwerk.dialects.openai_responses.usage import (
    SEARCH,
    WireUsage,
    decode_usage,
    encode_usage,
    neutral,
    searches_in,
)
from stellwerk.dialects.token_logprobs import decode_tokens
from stellwerk.dialects.whole_reading import complaint, read_loosely, read_reply, word
from stellwerk.errors import UpstreamInvalid

__all__ = ["ReplyFacts", "decode", "encode", "read_usage"]

_LOGPROBS = "logprobs"
_SEARCH = b'"' + SEARCH.encode() + b'"'
_UNSAID: dict[str, Any] = {
    "error": None,
    "incomplete_details": None,
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": None,
    "truncation": "disabled",
    "usage": None,
}
"""What the SDKs' types want there and a reply of another dialect does not say."""


def read_usage(body: bytes) -> ReplyFacts:
    """What accounting needs of a reply that is passed on. Raises ``UpstreamInvalid`` when it is not the dialect's."""
    try:
        if not body.isascii():
            body.decode()
        wire = _read(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _read_tolerantly(body)
    details = None if wire.incomplete_details is None else {"reason": wire.incomplete_details.reason}
    usage = None if wire.usage is None else neutral(wire.usage, _searches(wire.output), wire.service_tier)
    return ReplyFacts(usage, word_of(wire.status, details), wire.id)


def decode(body: bytes) -> Reply:
    """Reads a reply whole. Raises ``UpstreamInvalid`` when it is not the dialect's, or says that it failed."""
    return read_reply(body, lambda: decode_response(Members(body, refuse=refuse_reply)))


def encode(reply: Reply) -> bytes:
    """The body that a caller of this dialect reads: the first candidate. What others can say is left out."""
    candidate = reply.candidates[0] if reply.candidates else Candidate(Message(Role.ASSISTANT, ()))
    finish, logprobs = candidate.finish, candidate.logprobs
    parts = tuple(_in_words(part) for part in candidate.message.parts)
    output = encode_items(parts, reply.id, logprobs=logprobs, is_cut=is_cut(finish))
    return msgspec.json.encode(encode_response(reply, finish, output))


def decode_response(body: Members) -> Reply:
    """The neutral reply in the members of a response. Raises ``UpstreamInvalid``."""
    raws, identity = body.need("output", RAWS), body.take("id", STRING) or ""
    parts = tuple(
        part for index, raw in enumerate(raws) for part in decode_output(raw, f"output[{index}]", refuse_reply)
    )
    finish = take_finish(body, has_calls=any(isinstance(part, ToolCall) for part in parts))
    parts, logprobs = _take_logprobs(parts)
    candidate = Candidate(Message(Role.ASSISTANT, parts), 0, finish, logprobs)
    return take_frame(body, identity, (candidate,), search_count(raws))


def take_frame(body: Members, identity: str, candidates: tuple[Candidate, ...], searches: int = 0) -> Reply:
    """What a response says beside its output, in which there were so many ``searches``."""
    body.take("object", STRING)
    tier = body.given("service_tier", STRING)
    usage, usage_opaque = _take_usage(body, searches, tier)
    created = NUMBER.decode(body.peek("created_at")) if _is_number(body.peek("created_at")) else 0
    if created == int(created):
        body.given("created_at", RAW)
    return Reply(
        identity,
        body.take("model", STRING) or "",
        candidates,
        int(created),
        usage,
        usage_opaque,
        tier,
        body.marked(),
    )


def search_count(raws: tuple[msgspec.Raw, ...]) -> int:
    """How many of the raw items of an ``output`` are searches."""
    return searches_in([msgspec.json.decode(raw) for raw in raws if _SEARCH in bytes(raw)])


def take_finish(body: Members, *, has_calls: bool) -> Finish:
    """Why the response ended. Raises ``UpstreamInvalid`` when it failed."""
    status, details = body.take("status", STRING), msgspec.json.decode(body.peek("incomplete_details"))
    if status == "failed":
        message, _, _ = read_error(msgspec.json.decode(body.peek("error")))
        raise UpstreamInvalid(f"The provider's answer failed: {message or 'it does not say why'}")
    body.given("incomplete_details", RAW)
    return decode_finish(status, details, has_calls=has_calls)


def encode_items(
    parts: tuple[Part, ...], reply_id: str, *, logprobs: Logprobs | None = None, is_cut: bool = False
) -> list[Item]:
    """``output``: the items that the parts are. The last one is incomplete where the answer is cut."""
    items: list[Item] = []
    for group in groups(parts):
        item = encode_output(group, reply_id, len(items), logprobs=logprobs)
        if item is not None:
            items.append(item)
            if isinstance(group[0], Text):
                logprobs = None
    if is_cut and items and isinstance(items[-1], dict) and items[-1].get("status") == "completed":
        items[-1]["status"] = "incomplete"
    return items


def encode_response(reply: Reply, finish: Finish | None, output: list[Item], **said: Any) -> dict[str, Any]:
    """The response object around ``output``, with what is ``said`` in place of its status."""
    created = None if "created_at" in (own(reply.opaque) or {}) else reply.created_s
    usage: Any = None
    if reply.usage is not None:
        kept = own(reply.usage_opaque) or {}
        usage = kept.get("usage") or encode_usage(reply.usage)
    wire = {
        "id": reply.id,
        "object": "response",
        "created_at": created,
        "model": reply.model,
        **(said or encode_finish(finish)),
        "output": output,
        "usage": usage,
        "service_tier": reply.service_tier,
    }
    wire = merge(without_nulls(wire), reply.opaque)
    return wire if own(reply.opaque) is not None else {**_UNSAID, **wire}


def _in_words(part: Part) -> Part:
    """Sound has no item here: what was said is told."""
    return Text(part.transcript) if isinstance(part, Audio) and part.transcript else part


class _Details(msgspec.Struct, gc=False):
    reason: str | None = None


class _Action(msgspec.Struct, gc=False):
    type: str = "search"


class _Item(msgspec.Struct, gc=False):
    """An item of which only searches are looked into."""

    type: str = ""
    action: _Action | None = None


class _Reply(msgspec.Struct, gc=False):
    output: list[_Item]
    id: str = ""
    status: str | None = None
    incomplete_details: _Details | None = None
    usage: WireUsage | None = None
    service_tier: str | None = None


_read = msgspec.json.Decoder(_Reply).decode


def _searches(items: list[_Item]) -> int:
    return sum(item.type == SEARCH and (item.action is None or item.action.type == "search") for item in items)


def _read_tolerantly(body: bytes) -> ReplyFacts:
    """For hosts that are careless with types: only the shape of the whole is demanded."""
    wire = read_loosely(body)
    if type(wire) is not dict or type(wire.get("output")) is not list:
        raise complaint(wire, "a response: it has no output")
    usage = wire.get("usage")
    return ReplyFacts(
        decode_usage(usage, searches_in(wire["output"]), wire.get("service_tier")) if type(usage) is dict else None,
        word_of(wire.get("status"), wire.get("incomplete_details")),
        word(wire.get("id")),
    )


def _take_usage(body: Members, searches: int, tier: str | None) -> tuple[Usage | None, Opaque | None]:
    """The ``usage`` member in both forms."""
    raw = body.given("usage", RAW)
    if raw is None:
        return None, None
    wire = msgspec.json.decode(raw)
    return (decode_usage(wire, searches, tier), Opaque(DIALECT, {"usage": raw})) if type(wire) is dict else (None, None)


def _is_number(raw: msgspec.Raw) -> bool:
    return bytes(raw)[:1] in b"0123456789"


def _take_logprobs(parts: tuple[Part, ...]) -> tuple[tuple[Part, ...], Logprobs | None]:
    """The log-probabilities of the text where there is just one; otherwise they stay opaque."""
    texts = [number for number, part in enumerate(parts) if isinstance(part, Text)]
    text = parts[texts[0]] if len(texts) == 1 else None
    raw = (own(text.opaque) or {}).get(_LOGPROBS) if isinstance(text, Text) else None
    if not isinstance(text, Text) or not isinstance(raw, msgspec.Raw) or not bytes(raw).startswith(b"[{"):
        return parts, None
    try:
        tokens = decode_tokens(Members(b'{"logprobs":' + bytes(raw) + b"}"), _LOGPROBS)
    except UnreadableError:
        return parts, None
    bare = msgspec.structs.replace(text, opaque=without(text.opaque, _LOGPROBS))
    return (*parts[: texts[0]], bare, *parts[texts[0] + 1 :]), Logprobs(tokens)
