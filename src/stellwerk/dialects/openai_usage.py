"""Token counts as OpenAI's older dialects and their hosts write them, and in the neutral convention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

import msgspec

from stellwerk.core.usage import Usage

_Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]


class WireCached(msgspec.Struct, gc=False):
    """``cached_tokens_details``: parts of a part."""

    audio_tokens: _Count = 0


class WirePart(msgspec.Struct, gc=False):
    """``prompt_tokens_details`` or ``completion_tokens_details``: parts of a total."""

    cached_tokens: _Count = 0
    cache_write_tokens: _Count = 0
    audio_tokens: _Count = 0
    reasoning_tokens: _Count = 0
    image_tokens: _Count = 0
    cached_tokens_details: WireCached | None = None


class WireSearches(msgspec.Struct, gc=False):
    """``server_tool_use``, which OpenRouter has from Anthropic."""

    web_search_requests: _Count = 0


class WireUsage(msgspec.Struct, gc=False):
    """The ``usage`` object, with the places where hosts differ.

    DeepSeek has ``prompt_cache_hit_tokens``, Moonshot ``cached_tokens`` at the top. Searches are counted by Perplexity
    (``num_search_queries``), xAI (``num_sources_used``) and OpenRouter (``server_tool_use``).
    """

    prompt_tokens: _Count = 0
    completion_tokens: _Count = 0
    total_tokens: _Count = 0
    prompt_tokens_details: WirePart | None = None
    completion_tokens_details: WirePart | None = None
    prompt_cache_hit_tokens: _Count = 0
    cached_tokens: _Count = 0
    num_search_queries: _Count = 0
    num_sources_used: _Count = 0
    server_tool_use: WireSearches | None = None


_NOTHING = WirePart()


def neutral(wire: WireUsage, tier: str | None = None) -> Usage:
    """The counts in the neutral convention; ``tier`` is the reply's ``service_tier``.

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
    cached_details, tools = heard.cached_tokens_details, wire.server_tool_use
    return Usage(
        prompt,
        completion,
        cached,
        heard.cache_write_tokens,
        reasoning,
        heard.audio_tokens,
        said.audio_tokens,
        cache_read_audio_tokens=0 if cached_details is None else cached_details.audio_tokens,
        input_image_tokens=heard.image_tokens,
        output_image_tokens=said.image_tokens,
        web_searches=(tools.web_search_requests if tools is not None else 0)
        or wire.num_search_queries
        or wire.num_sources_used,
        service_tier=tier or "",
    )


def decode_usage(wire: Mapping[str, Any], tier: Any = None) -> Usage:
    """Reads a decoded ``usage`` object tolerantly: what is not a count, or no word, says nothing."""
    return neutral(read_counts(wire), tier if type(tier) is str else None)


def read_counts(wire: Mapping[str, Any]) -> WireUsage:
    """The counts of a decoded ``usage`` object; what is not a count says nothing."""
    heard, said = _part(wire.get("prompt_tokens_details")), _part(wire.get("completion_tokens_details"))
    tools = wire.get("server_tool_use")
    return WireUsage(
        **_counts(wire, WireUsage),
        prompt_tokens_details=heard,
        completion_tokens_details=said,
        server_tool_use=WireSearches(**_counts(tools, WireSearches)) if type(tools) is dict else None,
    )


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
        "image_tokens": usage.input_image_tokens,
    }
    completion = {
        "reasoning_tokens": usage.reasoning_tokens,
        "audio_tokens": usage.output_audio_tokens,
        "image_tokens": usage.output_image_tokens,
    }
    for name, details in (("prompt_tokens_details", prompt), ("completion_tokens_details", completion)):
        if any(details.values()):
            wire[name] = {part: tokens for part, tokens in details.items() if tokens}
    return wire


def _part(value: Any) -> WirePart:
    if type(value) is not dict:
        return _NOTHING
    cached = value.get("cached_tokens_details")
    details = WireCached(**_counts(cached, WireCached)) if type(cached) is dict else None
    return WirePart(**_counts(value, WirePart), cached_tokens_details=details)


def _counts(wire: Mapping[str, Any], kind: type[msgspec.Struct]) -> dict[str, Any]:
    defaults = zip(kind.__struct_fields__, kind.__struct_defaults__, strict=True)
    names = (name for name, default in defaults if default == 0)  # the others are objects
    return {name: value for name in names if type(value := wire.get(name)) is int and value >= 0}
