"""Neutral events of a streamed chat answer, in the order in which decoders of every dialect yield them.

One ``Started``, then deltas, then one ``Finished`` per candidate, perhaps ``UsageReported``, and ``Ended``. Deltas of
one candidate come in the order of its parts: a delta of another kind begins a new part, so block-structured dialects
open and close their blocks on it. ``StreamFault`` may come at any time and is the last. Every delta names its
``candidate`` (index from 0); tool deltas name their ``call`` (index from 0 in order of appearance within the
candidate). Decoders yield no empty deltas, except text that only carries log-probabilities.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import Audio, Citation, Document, Image, OpaquePart, ToolKind, Video
from stellwerk.core.reply import Finish, Logprobs
from stellwerk.core.usage import Usage


class Started(msgspec.Struct, frozen=True):
    """The answer begins: who answers, and under which id. ``created_s`` is Unix time, 0 where the dialect has none."""

    id: str
    model: str
    created_s: int = 0
    service_tier: str | None = None
    opaque: Opaque | None = None


class TextDelta(msgspec.Struct, frozen=True):
    """More text, with the log-probabilities of its tokens where asked for."""

    text: str
    candidate: int = 0
    logprobs: Logprobs | None = None


class RefusalDelta(msgspec.Struct, frozen=True):
    """More of the model's words for declining."""

    text: str
    candidate: int = 0
    logprobs: Logprobs | None = None


class ThinkingDelta(msgspec.Struct, frozen=True):
    """More reasoning. ``is_summary`` and ``opaque`` as in ``Thinking``."""

    text: str
    candidate: int = 0
    opaque: Opaque | None = None
    is_summary: bool = False


class ThinkingSigned(msgspec.Struct, frozen=True):
    """The signature of the reasoning so far; it ends that part. It may come without any text before it."""

    signature: str
    candidate: int = 0


class ThinkingRedacted(msgspec.Struct, frozen=True):
    """A part of encrypted reasoning, whole."""

    data: str
    candidate: int = 0


class AudioDelta(msgspec.Struct, frozen=True):
    """More sound (base64), more of its transcript, its id, its expiry (Unix seconds); what is not said is ``None``."""

    data: str | None = None
    transcript: str | None = None
    id: str | None = None
    expires_at_s: int | None = None
    candidate: int = 0


class ToolCallStarted(msgspec.Struct, frozen=True):
    """A tool call begins; its arguments follow. ``signature`` is Gemini's thought signature."""

    call: int
    id: str
    name: str
    kind: ToolKind = ToolKind.FUNCTION
    signature: str | None = None
    candidate: int = 0
    opaque: Opaque | None = None


class ToolCallDelta(msgspec.Struct, frozen=True):
    """More of a call's arguments: a piece of text, not of itself JSON."""

    call: int
    arguments: str
    candidate: int = 0


class ToolCallEnded(msgspec.Struct, frozen=True):
    """A call's arguments are whole, unless the candidate finishes for length."""

    call: int
    candidate: int = 0


class CitationAdded(msgspec.Struct, frozen=True):
    """A source of the text so far."""

    citation: Citation
    candidate: int = 0


class PartAdded(msgspec.Struct, frozen=True):
    """A part that arrives whole: generated media, or what only one dialect has."""

    part: Image | Audio | Video | Document | OpaquePart
    candidate: int = 0


class OpaqueDelta(msgspec.Struct, frozen=True):
    """What only one dialect understands: of a candidate's event, or with ``candidate`` ``None`` of the event itself."""

    opaque: Opaque
    candidate: int | None = None


class UsageReported(msgspec.Struct, frozen=True):
    """Token counts so far: each report replaces the one before, none is added up. ``opaque`` as in ``Reply``."""

    usage: Usage
    opaque: Opaque | None = None


class Finished(msgspec.Struct, frozen=True):
    """A candidate is complete."""

    finish: Finish
    candidate: int = 0
    opaque: Opaque | None = None


class StreamFault(msgspec.Struct, frozen=True):
    """The provider breaks off with an error: its words, and its code where it gives one."""

    message: str
    code: str | None = None


class Ended(msgspec.Struct, frozen=True):
    """The provider said that nothing more comes. A stream without it was cut off."""


StreamEvent: TypeAlias = (
    Started
    | TextDelta
    | RefusalDelta
    | ThinkingDelta
    | ThinkingSigned
    | ThinkingRedacted
    | AudioDelta
    | ToolCallStarted
    | ToolCallDelta
    | ToolCallEnded
    | CitationAdded
    | PartAdded
    | OpaqueDelta
    | UsageReported
    | Finished
    | StreamFault
    | Ended
)
"""Everything a stream may say."""
