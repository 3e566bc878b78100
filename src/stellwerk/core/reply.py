"""The neutral chat reply: candidates, why each ended, and what it cost in tokens."""

from __future__ import annotations

import enum

import msgspec

from stellwerk.core.chat import Message
from stellwerk.core.opaque import Opaque
from stellwerk.core.usage import Usage


class StopReason(enum.Enum):
    """Why a candidate ended."""

    END = "end"
    """The model was done (OpenAI ``stop``, Anthropic ``end_turn``, Gemini ``STOP``)."""
    LENGTH = "length"
    """The caller's or the model's output limit; tool arguments may be cut off."""
    STOP_SEQUENCE = "stop_sequence"
    """One of the caller's sequences; ``Finish.stop_sequence`` says which, where the provider does."""
    TOOL_CALLS = "tool_calls"
    """The model waits for results of tools."""
    CONTENT_FILTER = "content_filter"
    """A filter cut the answer (Gemini ``SAFETY``, ``RECITATION``; Converse ``guardrail_intervened``)."""
    REFUSAL = "refusal"
    """The model declined (Anthropic ``refusal``)."""
    PAUSE = "pause"
    """A long turn was interrupted and goes on when sent back (Anthropic ``pause_turn``)."""
    CONTEXT_WINDOW = "context_window"
    """The context is full (Anthropic and Converse ``model_context_window_exceeded``)."""
    MALFORMED_CALL = "malformed_call"
    """The model wrote a tool call nobody can read (Gemini ``MALFORMED_FUNCTION_CALL``, Converse
    ``malformed_tool_use``). Never a success."""
    OTHER = "other"
    """A word this version does not know; the word itself is in ``Finish.opaque``. Never taken for a success."""


class Finish(msgspec.Struct, frozen=True):
    """Why a candidate ended. ``opaque`` holds the dialect's own word where it says more than ``reason``."""

    reason: StopReason
    stop_sequence: str | None = None
    opaque: Opaque | None = None


class TokenAlternative(msgspec.Struct, frozen=True):
    """A token that might have stood here; ``logprob`` is its natural logarithm of probability.

    ``utf8`` are the token's bytes where the dialect gives them: a token may be a part of a character.
    """

    token: str
    logprob: float
    utf8: bytes | None = None


class TokenLogprob(msgspec.Struct, frozen=True):
    """A token that was drawn, and the likeliest at its place."""

    token: str
    logprob: float
    utf8: bytes | None = None
    alternatives: tuple[TokenAlternative, ...] = ()


class Logprobs(msgspec.Struct, frozen=True):
    """Log-probabilities of a candidate's text, and of its refusal (OpenAI); ``None`` where there are none."""

    content: tuple[TokenLogprob, ...] | None = None
    refusal: tuple[TokenLogprob, ...] | None = None
    opaque: Opaque | None = None


class Candidate(msgspec.Struct, frozen=True):
    """One of the answers. ``index`` counts from 0; ``finish`` is ``None`` where the provider does not say."""

    message: Message
    index: int = 0
    finish: Finish | None = None
    logprobs: Logprobs | None = None
    opaque: Opaque | None = None


class Reply(msgspec.Struct, frozen=True):
    """A whole answer.

    ``created_s`` is Unix time in seconds, 0 where the dialect has none. ``model`` is what the provider says it ran.
    ``usage_opaque`` holds the dialect's own usage object for what ``Usage`` cannot count (predictions, images, a
    bill): an encoder of the same dialect writes that; a stage that changes ``usage`` sets it to ``None``.
    """

    id: str
    model: str
    candidates: tuple[Candidate, ...]
    created_s: int = 0
    usage: Usage | None = None
    usage_opaque: Opaque | None = None
    service_tier: str | None = None
    opaque: Opaque | None = None


class ReplyFacts(msgspec.Struct, frozen=True, gc=False):
    """What accounting needs of a reply that is passed on untouched; ``finish`` is the dialect's own word or empty."""

    usage: Usage | None = None
    finish: str = ""
    id: str = ""
