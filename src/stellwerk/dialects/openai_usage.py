"""Token counts as OpenAI's older dialects and their hosts write them, and in the neutral convention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

import msgspec

from stellwerk.core.usage import Usage

_Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]


class WirePart(msgspec.Struct, gc=False):
    """``prompt_tokens_details`` or ``completion_tokens_details``: parts of a total."""

    cached_tokens: _Count = 0
    cache_write_tokens: _Count = 0
    audio_tokens: _Count = 0
    reasoning_tokens: _Count = 0


class WireUsage(msgspec.Struct, gc=False):
    """The ``usage`` object, with the places where hosts differ.

    DeepSeek has ``prompt_cache_hit_tokens``, Moonshot ``cached_tokens`` at the top.
    """

    prompt_tokens: _Count = 0
    completion_tokens: _Count = 0
    total_tokens: _Count = 0
    prompt_tokens_details: WirePart | None = None
    completion_tokens_details: WirePart | None = None
    prompt_cache_hit_tokens: _Count = 0
    cached_tokens: _Count = 0


_NOTHING = WirePart()


def neutral(wire: WireUsage) -> Usage:
    """The counts in the neutral convention.

    xAI leaves reasoning out of ``completion_tokens``, and Gemini's endpoint does not even name it: the total shows it.
    """
    prompt, completion = wire.prompt_tokens, wire.completion_tokens
    heard = wire.prompt_tokens_details or _NOTHING
    said = wire.completion_tokens_details or _NOTHING
    reasoning = said.reasoning_tokens
    beyond = wire.total_tokens - prompt - completion
    if beyond > 0 and prompt and reasoning in {0, beyond}:
        completion += beyond
        reasoning = beyond
    cached = heard.cached_tokens or wire.prompt_cache_hit_tokens or wire.cached_tokens
    return Usage(prompt, completion, cached, heard.cache_write_tokens, reasoning, heard.audio_tokens, said.audio_tokens)


def decode_usage(wire: Mapping[str, Any]) -> Usage:
    """Reads a decoded ``usage`` object tolerantly: what is not a count says nothing."""
    heard, said = _part(wire.get("prompt_tokens_details")), _part(wire.get("completion_tokens_details"))
    return neutral(WireUsage(**_counts(wire, WireUsage), prompt_tokens_details=heard, completion_tokens_details=said))


def encode_usage(usage: Usage) -> dict[str, Any]:
    """The ``usage`` object; details only where there are any."""
    wire: dict[str, Any] = {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
    }
    prompt = {
        "cached_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "audio_tokens": usage.input_audio_tokens,
    }
    completion = {"reasoning_tokens": usage.reasoning_tokens, "audio_tokens": usage.output_audio_tokens}
    for name, details in (("prompt_tokens_details", prompt), ("completion_tokens_details", completion)):
        if any(details.values()):
            wire[name] = {part: tokens for part, tokens in details.items() if tokens}
    return wire


def _part(value: Any) -> WirePart:
    return WirePart(**_counts(value, WirePart)) if type(value) is dict else _NOTHING


def _counts(wire: Mapping[str, Any], kind: type[msgspec.Struct]) -> dict[str, Any]:
    return {name: value for name in kind.__struct_fields__ if type(value := wire.get(name)) is int and value >= 0}
