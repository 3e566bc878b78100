"""Token counts between this dialect and the neutral convention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

import msgspec

from stellwerk.core.usage import MOST_TOKENS, Usage

_AUDIO, _IMAGE = "AUDIO", "IMAGE"
_Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=MOST_TOKENS)]


class WireModality(msgspec.Struct, gc=False, rename="camel"):
    """Tokens of one modality, as a part of a total."""

    modality: str = ""
    token_count: _Count = 0


class WireUsage(msgspec.Struct, gc=False, rename="camel"):
    """``usageMetadata``. ``prompt_token_count`` contains what was read from the cache."""

    prompt_token_count: _Count = 0
    candidates_token_count: _Count = 0
    thoughts_token_count: _Count = 0
    tool_use_prompt_token_count: _Count = 0
    cached_content_token_count: _Count = 0
    prompt_tokens_details: list[WireModality] | None = None
    candidates_tokens_details: list[WireModality] | None = None
    cache_tokens_details: list[WireModality] | None = None
    tool_use_prompt_tokens_details: list[WireModality] | None = None
    traffic_type: str | None = None


_TIERS = {"ON_DEMAND_PRIORITY": "priority", "ON_DEMAND_FLEX": "flex"}
"""Vertex's words for those whose price is another."""


def neutral(wire: WireUsage) -> Usage:
    """The counts in the neutral convention.

    What tools of the provider put into the prompt is input, thoughts are output; both stand beside the other counts
    on the wire and are not contained in them.
    """
    heard, said = wire.prompt_tokens_details, wire.candidates_tokens_details
    found = wire.tool_use_prompt_tokens_details
    return Usage(
        wire.prompt_token_count + wire.tool_use_prompt_token_count,
        wire.candidates_token_count + wire.thoughts_token_count,
        wire.cached_content_token_count,
        0,
        wire.thoughts_token_count,
        _of(_AUDIO, heard) + _of(_AUDIO, found),
        _of(_AUDIO, said),
        cache_read_audio_tokens=_of(_AUDIO, wire.cache_tokens_details),
        input_image_tokens=_of(_IMAGE, heard) + _of(_IMAGE, found),
        output_image_tokens=_of(_IMAGE, said),
        service_tier=_TIERS.get(wire.traffic_type or "", ""),
    )


def decode_usage(wire: Mapping[str, Any]) -> Usage:
    """Reads a decoded ``usageMetadata`` tolerantly: what is not a count says nothing."""
    told: dict[str, Any] = {
        name: value for member, name in _COUNTS if type(value := wire.get(member)) is int and 0 <= value <= MOST_TOKENS
    }
    details: dict[str, Any] = {name: _modalities(wire.get(member)) for member, name in _DETAILS}
    traffic = wire.get("trafficType")
    return neutral(WireUsage(**told, **details, traffic_type=traffic if type(traffic) is str else None))


def read_usage(raw: msgspec.Raw) -> Usage | None:
    """Reads ``usageMetadata``; ``None`` where it is no object."""
    try:
        return neutral(_read(raw))
    except msgspec.ValidationError:
        wire = msgspec.json.decode(raw)
        return decode_usage(wire) if type(wire) is dict else None


_read = msgspec.json.Decoder(WireUsage).decode
_MEMBERS = tuple((field.encode_name, field.name) for field in msgspec.structs.fields(WireUsage))
_COUNTS = tuple(pair for pair in _MEMBERS if pair[1].endswith("_count"))
_DETAILS = tuple(pair for pair in _MEMBERS if pair[1].endswith("_details"))


def encode_usage(usage: Usage) -> dict[str, Any]:
    """``usageMetadata``; parts of a total only where there are any."""
    wire: dict[str, Any] = {
        "promptTokenCount": usage.input_tokens,
        "candidatesTokenCount": max(0, usage.output_tokens - usage.reasoning_tokens),
        "totalTokenCount": usage.total_tokens,
    }
    if usage.cache_read_tokens:
        wire["cachedContentTokenCount"] = usage.cache_read_tokens
    if usage.reasoning_tokens:
        wire["thoughtsTokenCount"] = usage.reasoning_tokens
    if usage.input_audio_tokens or usage.input_image_tokens:
        parts = {_AUDIO: usage.input_audio_tokens, _IMAGE: usage.input_image_tokens}
        wire["promptTokensDetails"] = _split(usage.input_tokens, parts)
    if usage.output_audio_tokens or usage.output_image_tokens:
        parts = {_AUDIO: usage.output_audio_tokens, _IMAGE: usage.output_image_tokens}
        wire["candidatesTokensDetails"] = _split(wire["candidatesTokenCount"], parts)
    if usage.cache_read_audio_tokens:
        wire["cacheTokensDetails"] = _split(usage.cache_read_tokens, {_AUDIO: usage.cache_read_audio_tokens})
    return wire


def _of(modality: str, details: list[WireModality] | None) -> int:
    return sum(part.token_count for part in details if part.modality == modality) if details else 0


def _modalities(value: Any) -> list[WireModality]:
    entries = [entry for entry in value if type(entry) is dict] if type(value) is list else []
    return [
        WireModality(modality, count)
        for entry in entries
        if type(modality := entry.get("modality")) is str
        and type(count := entry.get("tokenCount")) is int
        and count > 0
    ]


def _split(total: int, parts: dict[str, int]) -> list[dict[str, Any]]:
    wire = [{"modality": modality, "tokenCount": count} for modality, count in parts.items() if count]
    text = total - sum(parts.values())
    return [{"modality": "TEXT", "tokenCount": text}, *wire] if text > 0 else wire
