"""The messages of a chat, and how many tokens each of them, its images, sounds and files included, counts."""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from stellwerk.simulator.ask import Segment
from stellwerk.simulator.tokens import count

FIRST_TOKENS = 3
"""What the beginning of the answer costs."""
MESSAGE_TOKENS = 4
"""What a message costs beside its content."""
IMAGE_TOKENS = {"low": 85}
FULL_IMAGE_TOKENS = 765
"""An image of unknown size counts as one of 1024 by 1024 points."""
AUDIO_BYTES_PER_TOKEN = 4_800
"""A tenth of a second of 24 kHz, 16 bit, one channel."""
FILE_BYTES_PER_TOKEN = 4


class ImageUrl(msgspec.Struct, frozen=True, omit_defaults=True):
    """An image, as an address or as data."""

    url: str
    detail: str | None = None


class InputAudio(msgspec.Struct, frozen=True):
    """A sound as Base64."""

    data: str
    format: Literal["wav", "mp3"]


class InputFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file as Base64, or the id of one."""

    file_data: str | None = None
    file_id: str | None = None
    filename: str | None = None


class Breakpoint(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A place up to which the prompt is to be kept."""

    mode: Literal["explicit"]
    ttl: Literal["30m", "12h"] | None = None


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """A part of a message's content."""

    type: Literal["text", "image_url", "input_audio", "file", "refusal"]
    text: str | None = None
    refusal: str | None = None
    image_url: ImageUrl | None = None
    input_audio: InputAudio | None = None
    file: InputFile | None = None
    prompt_cache_breakpoint: Breakpoint | None = None

    def __post_init__(self) -> None:
        """Refuses a part without what its type announces."""
        if getattr(self, self.type) is None:
            raise ValueError(f"Missing required parameter: '{self.type}'")


class CalledFunction(msgspec.Struct, frozen=True, omit_defaults=True):
    """The call of a function, or of a custom tool with its ``input``."""

    name: str
    arguments: str = ""
    input: str = ""


class ToolCall(msgspec.Struct, frozen=True, omit_defaults=True):
    """A call that the model made earlier."""

    id: str
    type: Literal["function", "custom"] = "function"
    function: CalledFunction | None = None
    custom: CalledFunction | None = None

    @property
    def called(self) -> CalledFunction:
        """What was called."""
        return self.function or self.custom or CalledFunction("")


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """One message."""

    role: Literal["developer", "system", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None
    name: str | None = None
    refusal: str | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None

    def __post_init__(self) -> None:
        """Refuses a message that says nothing."""
        if self.content is None and self.role != "assistant":
            raise ValueError("Missing required parameter: 'content'")

    @property
    def text(self) -> str:
        """Its text alone."""
        if isinstance(self.content, list):
            return "".join([part.text for part in self.content if part.text is not None])
        return self.content or ""

    @property
    def audio_tokens(self) -> int:
        """The tokens of its sounds."""
        parts = self.content if isinstance(self.content, list) else ()
        return sum([_audio_tokens(part.input_audio) for part in parts if part.input_audio is not None])


def measure(message: Message) -> Segment:
    """A message as a part of the prompt."""
    tokens = MESSAGE_TOKENS + count(message.name or "") + count(message.refusal or "")
    if isinstance(message.content, list):
        tokens += sum([_part_tokens(part) for part in message.content])
    else:
        tokens += count(message.content or "")
    for call in message.tool_calls or ():
        tokens += MESSAGE_TOKENS + count(call.called.name) + count(call.called.arguments) + count(call.called.input)
    return Segment(msgspec.json.encode(_unmarked(message)), tokens)


def is_marked(message: Message) -> bool:
    """Whether the prompt is to be kept up to its end."""
    return isinstance(message.content, list) and any(part.prompt_cache_breakpoint for part in message.content)


def _unmarked(message: Message) -> Message:
    """The same message without marks; a lone text is what it says."""
    parts = message.content
    if not isinstance(parts, list):
        return message
    if [part.type for part in parts] == ["text"]:
        return msgspec.structs.replace(message, content=parts[0].text)
    bare = [msgspec.structs.replace(part, prompt_cache_breakpoint=None) for part in parts]
    return msgspec.structs.replace(message, content=bare)


def text_of(messages: list[Message]) -> str:
    """What the user said last."""
    return next((message.text for message in reversed(messages) if message.role == "user"), "")


def tool_results(messages: list[Message]) -> tuple[tuple[str, str], ...]:
    """The results of tools that the messages end with, under the names of the tools."""
    names = {call.id: call.called.name for message in messages for call in message.tool_calls or ()}
    results: list[tuple[str, str]] = []
    for message in reversed(messages):
        if message.role not in {"tool", "function"}:
            break
        results.append((names.get(message.tool_call_id or "", message.name or "the tool"), message.text))
    return tuple(reversed(results))


def _part_tokens(part: Part) -> int:
    if part.image_url is not None:
        return IMAGE_TOKENS.get(part.image_url.detail or "auto", FULL_IMAGE_TOKENS)
    if part.input_audio is not None:
        return _audio_tokens(part.input_audio)
    if part.file is not None:
        return math.ceil(len(part.file.file_data or "") * 3 / 4 / FILE_BYTES_PER_TOKEN)
    return count(part.text or part.refusal or "")


def _audio_tokens(audio: InputAudio) -> int:
    return max(1, math.ceil(len(audio.data) * 3 / 4 / AUDIO_BYTES_PER_TOKEN))
