"""The thin reading of a request, made for every one; for an upstream of the same dialect it needs no rewriting."""

from __future__ import annotations

from typing import Annotated

import msgspec

from stellwerk.core.envelope import Envelope
from stellwerk.dialects import json_splice
from stellwerk.dialects.bedrock_converse.types import DIALECT
from stellwerk.dialects.members import WRONG_TYPE, describe_validation
from stellwerk.dialects.sse import BYTE_ORDER_MARK
from stellwerk.errors import InvalidRequest

MOST = 2**31 - 1
"""Largest number of tokens that is taken for one: no provider grants more."""

_WINDOW_BYTES = 65_536


def read_envelope(body: bytes, *, model: str, is_stream: bool, max_depth: int) -> Envelope:
    """Reads a request as far as every request needs it, in one pass that skips the rest.

    ``model`` and ``is_stream`` are what the URL's path says. Raises ``InvalidRequest`` for what is not UTF-8, not
    JSON, nested deeper than ``max_depth``, of a wrong type where the gateway acts on a member, or for such a member
    that stands twice.
    """
    if not model:
        raise InvalidRequest("Missing required parameter: 'modelId'.", param="modelId")
    if not body.isascii():
        _check_utf8(body)
    try:
        wire = _decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _refusal(error, body, max_depth) from None
    if body.count(b"[") + body.count(b"{") > max_depth and json_splice.is_deeper(body, max_depth):
        raise _too_deep(max_depth)
    config = wire.inferenceConfig
    cap = None if config is None else config.maxTokens
    if body.count(b'"inferenceConfig"') > 1 or body.count(b'"maxTokens"') > 1 or may_hold_escaped_names(body):
        _refuse_duplicates(body)
    return Envelope(DIALECT, model, is_stream, body, wants_usage=True, output_cap=cap)


def may_hold_escaped_names(body: bytes) -> bool:
    """Whether a member's name may be spelled with escapes, so that it does not show as it is."""
    return b"\\" in body and b"\\u00" in body  # the first alone is found at memory speed


def rewrite(envelope: Envelope, model: str) -> bytes:
    """The body for an upstream of this dialect: the caller's own, for the model stands in the path alone."""
    del model
    return envelope.body


class _Inference(msgspec.Struct, gc=False):
    maxTokens: Annotated[int, msgspec.Meta(ge=1, le=MOST)] | None = None  # noqa: N815 (the wire's name)


class _Array(msgspec.Struct, array_like=True, gc=False):
    """An array whose elements are skipped."""


class _Wire(msgspec.Struct, gc=False):
    messages: _Array | None = None
    inferenceConfig: _Inference | None = None  # noqa: N815 (the wire's name)


_decode = msgspec.json.Decoder(_Wire).decode


def _refuse_duplicates(body: bytes) -> None:
    config = json_splice.find(body, "inferenceConfig")
    if config is not None and body.startswith(b"{", config.start):
        json_splice.find(body[config.start : config.end], "maxTokens")


def _check_utf8(body: bytes) -> None:
    """Decodes in windows and throws the text away: half the price of decoding a large body at once."""
    at, size = 0, len(body)
    while at < size:
        end = min(at + _WINDOW_BYTES, size)
        while at < end < size and end > at + _WINDOW_BYTES - 4 and body[end] & 0xC0 == 0x80:
            end -= 1  # not through a character, of which at most three bytes follow the first
        try:
            body[at:end].decode()
        except UnicodeDecodeError as error:
            raise InvalidRequest(f"The request body is not valid UTF-8 (byte {at + error.start}).") from None
        at = end


def _refusal(error: Exception, body: bytes, max_depth: int) -> InvalidRequest:
    if isinstance(error, RecursionError):
        return _too_deep(max_depth)
    if isinstance(error, msgspec.ValidationError):
        where, told = describe_validation(error)
        return InvalidRequest(WRONG_TYPE.format(where or "request body", told), param=where or None)
    if body.startswith(BYTE_ORDER_MARK):
        return InvalidRequest("The request body is not valid JSON: it begins with a byte order mark.")
    told = str(error).removeprefix("JSON is malformed: ")
    return InvalidRequest(f"The request body is not valid JSON: {told}.")


def _too_deep(max_depth: int) -> InvalidRequest:
    return InvalidRequest(f"The request body is nested too deeply: at most {max_depth} levels are taken.")
