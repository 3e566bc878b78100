"""The thin reading of a request, made for every one, and its rewriting for an upstream of the same dialect."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from stellwerk.core.envelope import Envelope
from stellwerk.dialects import json_splice
from stellwerk.dialects.gemini.types import DIALECT
from stellwerk.dialects.thin_reading import MOST, check_utf8, refusal, too_deep
from stellwerk.errors import InvalidRequest

_Number: TypeAlias = int | float | str | None
_UNSET: Any = msgspec.UNSET
_NO_MODEL = msgspec.Raw(b"")
_CONFIG = ("generationConfig", "generation_config")
_CAP = ("maxOutputTokens", "max_output_tokens")
_CHOICES = ("candidateCount", "candidate_count")


class GeminiEnvelope(Envelope, frozen=True, gc=False):
    """An envelope that also remembers how its answer is framed, and whether the body names a model itself.

    With ``is_sse`` a stream comes as events (``?alt=sse``), without it as one JSON array.
    """

    is_sse: bool = True
    has_model: bool = False


def read_envelope(body: bytes, *, model: str, is_stream: bool, max_depth: int, is_sse: bool = True) -> Envelope:
    """Reads a request as far as every request needs it, in one pass that skips the rest.

    Model and streaming stand in the path. Raises ``InvalidRequest`` for what is not UTF-8, not JSON, nested deeper
    than ``max_depth``, of wrong types where the gateway acts on a member, or for such a member that stands twice.
    """
    if not body.isascii():
        check_utf8(body)
    try:
        wire = _decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise refusal(error, body, max_depth) from None
    check_depth(body, max_depth)
    if wire.contents is _UNSET:
        raise InvalidRequest("Missing required parameter: 'contents'.", param="contents")
    if wire.camel is not _UNSET or wire.snake is not _UNSET:
        _refuse_duplicates(body)
    config = wire.snake or wire.camel
    output_cap, choices = None, None
    if config:
        output_cap = _count("maxOutputTokens", config.camel_cap if config.snake_cap is None else config.snake_cap, 0)
        choices = _count("candidateCount", config.camel_count if config.snake_count is None else config.snake_count, 1)
    return GeminiEnvelope(
        dialect=DIALECT,
        model=model,
        is_stream=is_stream,
        body=body,
        output_cap=output_cap,
        choices=choices or 1,
        is_sse=is_sse,
        has_model=wire.model != _NO_MODEL,
    )


def rewrite(envelope: Envelope, model: str) -> bytes:
    """The body for an upstream of this dialect: the same object, for the model stands in the path.

    A ``model`` in the body would contradict the path: it is taken out.
    """
    del model
    body = envelope.body
    if isinstance(envelope, GeminiEnvelope) and not envelope.has_model:
        return body
    member = json_splice.find(body, "model")
    return body if member is None else json_splice.drop(body, member)


def check_depth(body: bytes, max_depth: int) -> None:
    """Raises ``InvalidRequest`` for a body that is nested deeper."""
    if body.count(b"[") + body.count(b"{") > max_depth and json_splice.is_deeper(body, max_depth):
        raise too_deep(max_depth)


class _Array(msgspec.Struct, array_like=True, gc=False):
    """An array whose elements are skipped."""


class _Config(msgspec.Struct, gc=False):
    camel_cap: _Number = msgspec.field(default=None, name=_CAP[0])
    snake_cap: _Number = msgspec.field(default=None, name=_CAP[1])
    camel_count: _Number = msgspec.field(default=None, name=_CHOICES[0])
    snake_count: _Number = msgspec.field(default=None, name=_CHOICES[1])


class _Wire(msgspec.Struct, gc=False):
    contents: _Array | msgspec.UnsetType = _UNSET
    camel: _Config | msgspec.UnsetType | None = msgspec.field(default=_UNSET, name=_CONFIG[0])
    snake: _Config | msgspec.UnsetType | None = msgspec.field(default=_UNSET, name=_CONFIG[1])
    model: msgspec.Raw = _NO_MODEL


_decode = msgspec.json.Decoder(_Wire).decode


def _refuse_duplicates(body: bytes) -> None:
    """Two parsers must never read two different limits. Mostly a count of the names says that there is but one."""
    if b"\\u00" not in body and all(_count_of(body, names) <= 1 for names in (_CONFIG, _CAP, _CHOICES)):
        return
    found = _find_unique(body, _CONFIG)
    config = body[found.start : found.end] if found is not None else b"{}"
    _find_unique(config, _CAP)
    _find_unique(config, _CHOICES)


def _count_of(body: bytes, names: tuple[str, str]) -> int:
    return sum(body.count(b'"' + name.encode() + b'"') for name in names)


def _find_unique(body: bytes, names: tuple[str, str]) -> json_splice.Member | None:
    camel, snake = (json_splice.find(body, name) for name in names)
    if camel is not None and snake is not None:
        raise InvalidRequest(f"Duplicate parameter: '{names[0]}'.", param=names[0])
    return camel or snake


def _count(name: str, value: _Number, least: int) -> int | None:
    if value is None:
        return None
    number: _Number = value
    is_digits = type(value) is str and value.isascii() and value.isdigit() and len(value) < 20
    if is_digits or (type(value) is float and value.is_integer()):
        number = int(value)
    param = f"generationConfig.{name}"
    if type(number) is not int:
        raise InvalidRequest(f"Invalid type for '{param}': expected an integer.", param=param)
    if not least <= number <= MOST:
        raise InvalidRequest(f"Invalid '{param}': expected a value from {least} to {MOST}.", param=param)
    return number
