"""What the gateway rewrites in a request of OpenAI's dialects before it hands the bytes on."""

from __future__ import annotations

import msgspec

from stellwerk.core.envelope import Envelope
from stellwerk.dialects import json_splice

_ASK_FOR_USAGE = b'{"include_usage":true}'


def rewrite(envelope: Envelope, model: str) -> bytes:
    """The body for an upstream of its dialect that knows the model as ``model``: the same object where it may be."""
    if model == envelope.model:
        return envelope.body
    return json_splice.splice(envelope.body, (rename(envelope.body, envelope.model, model),))


def rewrite_stream(envelope: Envelope, model: str, *, has_options: bool) -> bytes:
    """``rewrite`` for the dialects whose streams tell usage only when asked.

    A stream whose caller did not ask for usage asks for it all the same: it is accounted, then stripped.
    ``has_options`` says whether the body has a ``stream_options`` member.
    """
    body = envelope.body
    edits: list[json_splice.Edit] = []
    if envelope.is_stream and not envelope.wants_usage:
        edits.append(ask_for_usage(body, has_options=has_options))
    if model != envelope.model:
        edits.append(rename(body, envelope.model, model))
    return json_splice.splice(body, edits) if edits else body


def rename(body: bytes, old: str, new: str) -> json_splice.Edit:
    """The edit that puts another model's name in."""
    value, key = msgspec.json.encode(new), b'"model":'
    # Nearly every client writes it just so.
    at = json_splice.shallow(body, key + b'"' + old.encode() + b'"')
    if at >= 0:
        start = at + len(key)
        return start, start + len(old.encode()) + 2, value
    member = json_splice.locate_unique(body, "model")
    return member.start, member.end, value


def ask_for_usage(body: bytes, *, has_options: bool) -> json_splice.Edit:
    """The edit that asks for usage at the end of a stream of chunks."""
    member = json_splice.find(body, "stream_options") if has_options else None
    if member is None:
        return json_splice.insertion(body, "stream_options", _ASK_FOR_USAGE)
    options = body[member.start : member.end]
    asked = _ASK_FOR_USAGE if options == b"null" else json_splice.put(options, "include_usage", b"true")
    return member.start, member.end, asked
