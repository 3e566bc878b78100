"""The thin reading of a request, made for every one, and its rewriting for an upstream of the same dialect."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec

from stellwerk.core.envelope import Envelope
from stellwerk.dialects import json_splice
from stellwerk.dialects.anthropic_messages.types import DIALECT
from stellwerk.dialects.members import WRONG_TYPE, describe_type, describe_validation
from stellwerk.dialects.sse import BYTE_ORDER_MARK
from stellwerk.errors import InvalidRequest

MOST = 2**31 - 1
"""Largest count that is taken for one: no provider grants more."""

_tick = itertools.count().__next__
_UNSET: Any = msgspec.UNSET
_ACTED_ON = 3  # model, stream and max_tokens
_WINDOW_BYTES = 8_192


class AnthropicEnvelope(Envelope, frozen=True, gc=False):
    """An envelope of this dialect: its streams always tell usage, and it has one answer."""


def read_envelope(body: bytes, *, max_depth: int) -> Envelope:
    """Reads a request as far as every request needs it, in one pass that skips the rest.

    It serves ``count_tokens`` too, so that a missing ``max_tokens`` is the provider's to refuse. Raises
    ``InvalidRequest`` for what is not UTF-8, not JSON, nested deeper than ``max_depth``, of wrong types where the
    gateway acts on a member, or for such a member that stands twice.
    """
    if not body.isascii():
        _check_utf8(body)
    before = _tick()
    try:
        wire = _decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _refusal(error, body, max_depth) from None
    taken = _tick() - before - 1
    model: Any = wire.model
    stream: Any = wire.stream
    cap: Any = wire.max_tokens
    if taken + (model, stream, cap).count(_UNSET) != _ACTED_ON:
        _refuse_duplicates(body)
    if type(model) is not str:
        raise _wrong("model", "a string", model)
    if wire.messages is _UNSET:
        raise _missing("messages")
    if body.count(b"[") + body.count(b"{") > max_depth and json_splice.is_deeper(body, max_depth):
        raise _too_deep(max_depth)
    is_stream = stream is True
    if not (is_stream or stream is _UNSET or stream is False or stream is None):
        raise _wrong("stream", "a boolean", stream)
    output_cap = None if cap is _UNSET else _count("max_tokens", cap)
    return AnthropicEnvelope(DIALECT, model, is_stream, body, True, output_cap)  # noqa: FBT003


def rewrite(envelope: Envelope, model: str) -> bytes:
    """The body for an upstream of this dialect that knows the model as ``model``: the same object where it may be."""
    body = envelope.body
    return body if model == envelope.model else json_splice.splice(body, (_rename(body, envelope.model, model),))


class _Anything(type):
    """Makes every value an instance, without a call into Python for each: no object's ``id`` is zero."""

    __instancecheck__ = staticmethod(id)  # type: ignore[assignment]


class _Value(metaclass=_Anything):
    """Any JSON value of a member that is counted as it is read."""


class _Array(msgspec.Struct, array_like=True, gc=False):
    """An array whose elements are skipped."""


class _Wire(msgspec.Struct, gc=False):
    model: _Value = _UNSET
    messages: _Array | msgspec.UnsetType = _UNSET
    stream: _Value = _UNSET
    max_tokens: _Value = _UNSET


def _counted(_kind: type, value: Any) -> Any:
    """Called for every occurrence of a counted member, so that a second one shows.

    Readings in another thread meanwhile can only make the count too high, which leads to the exact check.
    """
    _tick()
    return value


_decode = msgspec.json.Decoder(_Wire, dec_hook=_counted).decode


def _count(name: str, value: Any) -> int | None:
    if value is None:
        return None
    if type(value) is not int:
        raise _wrong(name, "an integer", value)
    if not 0 <= value <= MOST:
        side, bound = ("below minimum", ">= 0") if value < 0 else ("above maximum", f"<= {MOST}")
        shown = str(value) if value.bit_length() <= 64 else "a number of over 64 bits"
        message = f"Invalid '{name}': integer {side} value. Expected a value {bound}, but got {shown} instead."
        raise InvalidRequest(message, param=name)
    return value


def _check_utf8(body: bytes) -> None:
    """Decodes in windows and throws the text away: half the price of decoding a large body at once."""
    at, size = 0, len(body)
    while at < size:
        end = min(at + _WINDOW_BYTES, size)
        for _ in range(3):  # not through a character, of which at most three bytes follow the first
            if end < size and body[end] & 0xC0 == 0x80:
                end -= 1
        try:
            body[at:end].decode()
        except UnicodeDecodeError as error:
            raise InvalidRequest(f"The request body is not valid UTF-8 (byte {at + error.start}).") from None
        at = end


def _refuse_duplicates(body: bytes) -> None:
    json_splice.find(body, "model")
    json_splice.find(body, "stream")
    json_splice.find(body, "max_tokens")


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


def _missing(name: str) -> InvalidRequest:
    return InvalidRequest(f"Missing required parameter: '{name}'.", param=name)


def _wrong(name: str, expected: str, found: Any) -> InvalidRequest:
    if found is _UNSET:
        return _missing(name)
    told = f"expected {expected}, but got {describe_type(found)} instead"
    return InvalidRequest(WRONG_TYPE.format(name, told), param=name)


def _rename(body: bytes, old: str, new: str) -> json_splice.Edit:
    value, key = msgspec.json.encode(new), b'"model":'
    # Nearly every client writes it just so.
    at = json_splice.shallow(body, key + b'"' + old.encode() + b'"')
    if at >= 0:
        start = at + len(key)
        return start, start + len(old.encode()) + 2, value
    member = json_splice.locate_unique(body, "model")
    return member.start, member.end, value
