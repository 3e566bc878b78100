"""Gemini's safety settings on every request of a provider: the operator's, unless the caller's own are stricter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec

from stellwerk.dialects import json_splice
from stellwerk.errors import InvalidRequest

Category = Literal["HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT", "CIVIC_INTEGRITY"]
Threshold = Literal["OFF", "BLOCK_NONE", "BLOCK_ONLY_HIGH", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_LOW_AND_ABOVE"]
SafetySettings: TypeAlias = Mapping[Category, Threshold]

_NAMES = ("safetySettings", "safety_settings")
_PREFIX = "HARM_CATEGORY_"
_STRICTNESS = {
    "OFF": 1,
    "BLOCK_NONE": 2,
    "BLOCK_ONLY_HIGH": 3,
    "BLOCK_MEDIUM_AND_ABOVE": 4,
    "BLOCK_LOW_AND_ABOVE": 5,
}


class _Setting(msgspec.Struct):
    category: str
    threshold: str = ""


_RAWS = msgspec.json.Decoder(list[msgspec.Raw] | None)
_SETTING = msgspec.json.Decoder(_Setting)


def secure(body: bytes, settings: SafetySettings) -> bytes:
    """The body of a request with these settings in it, one for each category.

    Where an operator has settings, the caller's have to be readable: category and threshold by their names. Raises
    ``InvalidRequest`` for others, and for a member that stands twice, in whichever spelling.
    """
    camel, snake = (json_splice.find(body, name) for name in _NAMES)
    if camel is not None and snake is not None:
        raise InvalidRequest(f"Duplicate parameter: '{_NAMES[0]}'.", param=_NAMES[0])
    own = camel or snake
    asked = _read(body[own.start : own.end]) if own is not None else []
    value = msgspec.json.encode(_merged(settings, asked))
    return json_splice.insert(body, _NAMES[0], value) if own is None else json_splice.replace(body, own, value)


def _merged(settings: SafetySettings, asked: list[tuple[_Setting, msgspec.Raw]]) -> list[Any]:
    """The caller's other categories as they came; of those that both set, the stricter."""
    chosen: dict[str, Any] = {}
    strictness: dict[str, int] = {}
    for short, threshold in settings.items():
        name = _PREFIX + short
        chosen[name] = {"category": name, "threshold": threshold}
        strictness[name] = _STRICTNESS[threshold]
    for setting, raw in asked:
        strict = _STRICTNESS.get(setting.threshold, 0)
        if strict > strictness.get(setting.category, -1):
            chosen[setting.category], strictness[setting.category] = raw, strict
    return list(chosen.values())


def _read(asked: bytes) -> list[tuple[_Setting, msgspec.Raw]]:
    try:
        return [(_SETTING.decode(raw), raw) for raw in _RAWS.decode(asked) or ()]
    except msgspec.MsgspecError:
        message = "Invalid 'safetySettings': expected objects with the names of a category and of a threshold."
        raise InvalidRequest(message, param=_NAMES[0]) from None
