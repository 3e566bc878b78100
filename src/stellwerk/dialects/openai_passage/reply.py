"""Answers to what is passed through: what they used, and the ids in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from stellwerk.core.reply import ReplyFacts
from stellwerk.core.usage import Usage
from stellwerk.dialects.whole_reading import not_json, read_loosely

_NAMED = (
    "id",
    "input_file_id",
    "output_file_id",
    "error_file_id",
    "training_file",
    "validation_file",
    "fine_tuning_job_id",
    "first_id",
    "last_id",
)
_MANY = ("result_files",)


class Listed(msgspec.Struct):
    """A page of a list as a host gives it: its entries, and whether there are more."""

    entries: list[dict[str, Any]]
    has_more: bool = False
    rest: dict[str, Any] = {}


def read_facts(body: bytes) -> ReplyFacts:
    """What accounting needs of an answer: the usage in it, unknown where it has none."""
    if body[:1] != b"{":
        return ReplyFacts()
    try:
        usage = _read_usage(body).usage
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ReplyFacts()
    return ReplyFacts(None if usage is None else usage.neutral())


def decode(body: bytes) -> dict[str, Any]:
    """An answer that is one object. Raises ``UpstreamInvalid``."""
    found = read_loosely(body)
    if type(found) is not dict:
        raise not_json(body)
    return found


def decode_list(body: bytes) -> Listed:
    """A page of a list. Raises ``UpstreamInvalid``."""
    found = decode(body)
    entries = found.pop("data", None)
    if type(entries) is not list:
        raise not_json(body)
    kept = [entry for entry in entries if type(entry) is dict and type(entry.get("id")) is str]
    return Listed(kept, found.pop("has_more", None) is True and bool(kept), found)


def seal(found: dict[str, Any], sealed: Callable[[str], str]) -> dict[str, Any]:
    """The object with sealed ids; ``sealed`` is told of each."""
    for name in _NAMED:
        if type(value := found.get(name)) is str and value:
            found[name] = sealed(value)
    for name in _MANY:
        if type(values := found.get(name)) is list:
            found[name] = [sealed(value) if type(value) is str else value for value in values]
    return found


class _Details(msgspec.Struct, gc=False):
    audio_tokens: int = 0
    image_tokens: int = 0


class _Usage(msgspec.Struct, gc=False):
    input_tokens: int
    output_tokens: int = 0
    pictures: _Details | None = msgspec.field(default=None, name="input_tokens_details")
    sounds: _Details | None = msgspec.field(default=None, name="input_token_details")

    def neutral(self) -> Usage:
        heard = self.pictures or self.sounds or _Details()
        return Usage(
            self.input_tokens,
            self.output_tokens,
            input_audio_tokens=heard.audio_tokens,
            input_image_tokens=heard.image_tokens,
        )


class _Used(msgspec.Struct, gc=False):
    usage: _Usage | None = None


_read_usage = msgspec.json.Decoder(_Used).decode
