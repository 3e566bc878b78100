"""Usage in Google's words: the prompt contains what was cached, the candidates do not contain the thoughts."""

from __future__ import annotations

from typing import Any

from stellwerk.core.usage import Usage
from stellwerk.simulator.ask import Ask


def usage_of(usage: Usage) -> dict[str, Any]:
    """The ``usageMetadata`` of an answer; counts that are zero are left out."""
    spoken = usage.output_tokens - usage.reasoning_tokens
    made: dict[str, Any] = {"promptTokenCount": usage.input_tokens}
    if usage.cache_read_tokens:
        made["cachedContentTokenCount"] = usage.cache_read_tokens
        made["cacheTokensDetails"] = [{"modality": "TEXT", "tokenCount": usage.cache_read_tokens}]
    if spoken:
        made["candidatesTokenCount"] = spoken
    if usage.reasoning_tokens:
        made["thoughtsTokenCount"] = usage.reasoning_tokens
    made["totalTokenCount"] = usage.total_tokens
    made["promptTokensDetails"] = details(usage.input_tokens, usage.input_image_tokens, usage.input_audio_tokens)
    return made


def prompt_of(usage: Usage) -> dict[str, Any]:
    """What the events of a stream say before the last one."""
    made = usage_of(usage)
    hidden = ("candidatesTokenCount", "thoughtsTokenCount")
    shown = {name: value for name, value in made.items() if name not in hidden}
    return shown | {"totalTokenCount": usage.input_tokens}


def count_of(ask: Ask) -> dict[str, Any]:
    """The answer to a request for counting."""
    total = ask.prompt_tokens
    return {"totalTokens": total, "promptTokensDetails": details(total, ask.image_tokens, ask.audio_tokens)}


def details(total: int, images: int, sounds: int) -> list[dict[str, Any]]:
    """Counts by modality."""
    counts = {"TEXT": total - images - sounds, "IMAGE": images, "AUDIO": sounds}
    return [{"modality": kind, "tokenCount": tokens} for kind, tokens in counts.items() if tokens]
