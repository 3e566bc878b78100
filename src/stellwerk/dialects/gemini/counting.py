"""Counting a prompt's tokens: ``countTokens`` between this dialect and the neutral form."""

from __future__ import annotations

import msgspec

from stellwerk.core.chat import ChatRequest
from stellwerk.core.envelope import Envelope
from stellwerk.dialects import json_splice
from stellwerk.dialects.gemini.envelope import check_depth
from stellwerk.dialects.gemini.paths import resource
from stellwerk.dialects.gemini.request import decode_members, encode
from stellwerk.dialects.gemini.types import COUNT_DIALECT, Members
from stellwerk.dialects.members import refuse_request
from stellwerk.dialects.thin_reading import check_utf8, refusal
from stellwerk.dialects.whole_reading import not_json
from stellwerk.errors import UpstreamInvalid

_MAX_DEPTH = 256
_WRAPPERS = ("generateContentRequest", "generate_content_request")


def read_count_envelope(body: bytes, *, model: str, max_depth: int) -> Envelope:
    """Reads a request as far as every request needs it: an object, whose model stands in the path.

    Raises ``InvalidRequest`` for what is not UTF-8, not a JSON object, or nested deeper than ``max_depth``.
    """
    check_utf8(body)
    try:
        _read_object(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise refusal(error, body, max_depth) from None
    check_depth(body, max_depth)
    return Envelope(COUNT_DIALECT, model, is_stream=False, body=body)


def decode_count_request(body: bytes, *, model: str) -> ChatRequest:
    """The request whose tokens shall be counted: bare contents, or all of it in ``generateContentRequest``.

    Raises ``InvalidRequest`` with what is wrong.
    """
    try:
        if not body.isascii():
            body.decode()
        members = Members(body, refuse=refuse_request)
        if _WRAPPERS[0] in members:
            members = members.within(_WRAPPERS[0])
        return decode_members(members, model, is_stream=False)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise refusal(error, body, _MAX_DEPTH) from None


def rewrite_count_request(body: bytes, model: str, *, is_vertex: bool = False) -> bytes:
    """The body of one that is passed on: a request that names its model within names ours instead.

    Vertex takes what Google's own API wants wrapped bare, and its model from the path. ``body`` is known to be a JSON
    object.
    """
    for name in _WRAPPERS:
        member = json_splice.find(body, name)
        if member is not None and body[member.start : member.start + 1] == b"{":
            within = body[member.start : member.end]
            if is_vertex:
                named_model = json_splice.find(within, "model")
                return within if named_model is None else json_splice.drop(within, named_model)
            named = json_splice.put(within, "model", msgspec.json.encode(resource(model)))
            return json_splice.replace(body, member, named)
    return body


def encode_count_request(request: ChatRequest, *, is_vertex: bool = False) -> bytes:
    """The body that asks how many tokens a request has; Vertex takes it bare, Google's own API wrapped."""
    whole = encode(request)
    if is_vertex:
        return whole
    model = msgspec.json.encode(resource(request.model))
    return b'{"generateContentRequest":' + json_splice.put(whole, "model", model) + b"}"


def encode_count(tokens: int) -> bytes:
    """The answer that callers of this dialect read."""
    return msgspec.json.encode({"totalTokens": tokens})


def decode_count(body: bytes) -> int:
    """The number of tokens. Raises ``UpstreamInvalid`` when the body does not say it."""
    try:
        return _read_count(body).total_tokens
    except msgspec.ValidationError:
        raise UpstreamInvalid("The provider's answer does not say how many tokens there are.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise not_json(body) from None


class _Count(msgspec.Struct, gc=False, rename="camel"):
    total_tokens: int


class _Object(msgspec.Struct, gc=False):
    """An object whose members are skipped."""


_read_object = msgspec.json.Decoder(_Object).decode
_read_count = msgspec.json.Decoder(_Count).decode
