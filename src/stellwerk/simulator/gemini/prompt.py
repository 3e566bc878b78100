"""The contents of a prompt: how many tokens each of them counts, by modality, and what was said in them last."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import msgspec

from stellwerk.simulator.ask import Segment
from stellwerk.simulator.gemini.turns import having, named
from stellwerk.simulator.tokens import count

IMAGE_TOKENS = 258
AUDIO_BYTES_PER_TOKEN = 1_500
"""Thirty-two tokens a second of 24 kHz, 16 bit, one channel."""
FILE_BYTES_PER_TOKEN = 4

Content = dict[str, Any]


class Measured(NamedTuple):
    """A prompt in segments, and how many of its tokens are images and sounds."""

    segments: tuple[Segment, ...]
    image_tokens: int
    audio_tokens: int


def measure(system: Content | None, tools: list[dict[str, Any]], contents: list[Content]) -> Measured:
    """The prompt in the order in which a model reads it."""
    segments: list[Segment] = []
    images = sounds = 0
    if tools:
        listed = _canonical(tools)
        segments.append(Segment(listed, count(listed.decode())))
    for content in ([system] if system else []) + contents:
        tokens = [_tokens(part) for part in content.get("parts", ())]
        images += sum([length for kind, length in tokens if kind == "image"])
        sounds += sum([length for kind, length in tokens if kind == "audio"])
        segments.append(Segment(_canonical(content), sum([length for _, length in tokens])))
    return Measured(tuple(segments), images, sounds)


def text_of(contents: list[Content]) -> str:
    """What the user said last."""
    for content in reversed(contents):
        texts = [part["text"] for part in content.get("parts", ()) if "text" in part]
        if content.get("role") != "model" and texts:
            return "".join(texts)
    return ""


def results_of(contents: list[Content]) -> tuple[tuple[str, str], ...]:
    """The results of functions that the contents end with, under the names of the functions."""
    return tuple(
        (named(part, "functionResponse"), _shown(part["functionResponse"]["response"]))
        for part in having(contents[-1], "functionResponse")
    )


def plain(content: Content) -> str:
    """The text of a content alone."""
    return "".join([part["text"] for part in content.get("parts", ()) if "text" in part])


def _shown(response: dict[str, Any]) -> str:
    """A result that is one text is that text."""
    values = list(response.values())
    return values[0] if len(values) == 1 and isinstance(values[0], str) else msgspec.json.encode(response).decode()


def _tokens(part: dict[str, Any]) -> tuple[str, int]:
    if "inlineData" in part:
        return _media_tokens(part["inlineData"]["mimeType"], len(part["inlineData"]["data"]))
    if "fileData" in part:
        return _media_tokens(part["fileData"].get("mimeType", ""), 0)
    if "text" in part:
        return "text", 0 if part.get("thought") else count(part["text"])
    return "text", count(
        _canonical({name: value for name, value in part.items() if name != "thoughtSignature"}).decode()
    )


def _media_tokens(mime_type: str, length: int) -> tuple[str, int]:
    match mime_type.partition("/")[0]:
        case "image" | "video":
            return "image", IMAGE_TOKENS
        case "audio":
            return "audio", max(1, math.ceil(length / AUDIO_BYTES_PER_TOKEN))
        case _:
            return "text", max(1, math.ceil(length / FILE_BYTES_PER_TOKEN))


def _canonical(value: object) -> bytes:
    return msgspec.json.encode(value)
