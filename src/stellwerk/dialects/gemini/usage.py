"""Token counts between this dialect and the neutral convention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

import msgspec

from stellwerk.core.usage import Usage

_Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]


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


def neutral(wire: WireUsage) -> Usage:
    """The counts in the neutral convention.

    What tools of the provider put into the prompt is input, thoughts are output; both stand beside the other counts
    on the wire and are not contained in them.
    """
    return Usage(
        wire.prompt_token_count + wire.tool_use_prompt_token_count,
        wire.candidates_token_count + wire.thoughts_token_count,
        wire.cached_content_token_count,
        0,
        wire.thoughts_token_count,
        _audio(wire.prompt_tokens_details),
        _audio(wire.candidates_tokens_details),
    )


def decode_usage(wire: Mapping[str, Any]) -> Usage:
    """Reads a decoded ``usageMetadata`` tolerantly: what is not a count says nothing."""
    told: dict[str, Any] = {
        name: value for member, name in _COUNTS if type(value := wire.get(member)) is int and value >= 0
    }
    heard, said = _modalities(wire.get("promptTokensDetails")), _modalities(wire.get("candidatesTokensDetails"))
    return neutral(WireUsage(**told, prompt_tokens_details=heard, candidates_tokens_details=said))


def read_usage(raw: msgspec.Raw) -> Usage | None:
    """Reads ``usageMetadata``; ``None`` where it is no object."""
    try:
        return neutral(_read(raw))
    except msgspec.ValidationError:
        wire = msgspec.json.decode(raw)
        return decode_usage(wire) if type(wire) is dict else None


_read = msgspec.json.Decoder(WireUsage).decode
_COUNTS = tuple(
    (field.encode_name, field.name)
    for field in msgspec.structs.fields(WireUsage)
    if not field.name.endswith("_details")
)


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
    if usage.input_audio_tokens:
        wire["promptTokensDetails"] = _split(usage.input_tokens, usage.input_audio_tokens)
    if usage.output_audio_tokens:
        wire["candidatesTokensDetails"] = _split(wire["candidatesTokenCount"], usage.output_audio_tokens)
    return wire


def _audio(details: list[WireModality] | None) -> int:
    return sum(part.token_count for part in details if part.modality == "AUDIO") if details else 0


def _modalities(value: Any) -> list[WireModality]:
    entries = [entry for entry in value if type(entry) is dict] if type(value) is list else []
    return [
        WireModality(modality, count)
        for entry in entries
        if type(modality := entry.get("modality")) is str
        and type(count := entry.get("tokenCount")) is int
        and count > 0
    ]


def _split(total: int, audio: int) -> list[dict[str, Any]]:
    wire = [{"modality": "AUDIO", "tokenCount": audio}]
    return wire if total <= audio else [{"modality": "TEXT", "tokenCount": total - audio}, *wire]
