"""The thin reading of a request, made for every one; for an upstream of the same dialect it needs no rewriting."""

from __future__ import annotations

from typing import Annotated

import msgspec

from stellwerk.core.envelope import Envelope
from stellwerk.dialects import json_splice
from stellwerk.dialects.bedrock_converse.types import DIALECT
from stellwerk.dialects.thin_reading import MOST, check_utf8, refusal, too_deep
from stellwerk.errors import InvalidRequest

__all__ = ["MOST", "read_envelope", "rewrite"]


def read_envelope(body: bytes, *, model: str, is_stream: bool, max_depth: int) -> Envelope:
    """Reads a request as far as every request needs it, in one pass that skips the rest.

    ``model`` and ``is_stream`` are what the URL's path says. Raises ``InvalidRequest`` for what is not UTF-8, not
    JSON, nested deeper than ``max_depth``, of a wrong type where the gateway acts on a member, or for such a member
    that stands twice.
    """
    if not model:
        raise InvalidRequest("Missing required parameter: 'modelId'.", param="modelId")
    if not body.isascii():
        check_utf8(body)
    try:
        wire = _decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise refusal(error, body, max_depth) from None
    if body.count(b"[") + body.count(b"{") > max_depth and json_splice.is_deeper(body, max_depth):
        raise too_deep(max_depth)
    config = wire.inferenceConfig
    cap = None if config is None else config.maxTokens
    if body.count(b'"inferenceConfig"') > 1 or body.count(b'"maxTokens"') > 1 or _may_hold_escaped_names(body):
        _refuse_duplicates(body)
    return Envelope(DIALECT, model, is_stream, body, wants_usage=True, output_cap=cap)


def _may_hold_escaped_names(body: bytes) -> bool:
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
