"""Reads litellm's price file as a second opinion: which of its names belong to a section, and what it says of them."""

from collections.abc import Iterator
from typing import Any

from stellwerk.core.catalog import Catalog, ModelCard

PREFIXES = {
    "openai": ("openai", ""),
    "anthropic": ("anthropic", ""),
    "gemini": ("gemini", "gemini/"),
    "bedrock": ("bedrock", ""),
    "bedrock_converse": ("bedrock", ""),
    "deepseek": ("deepseek", "deepseek/"),
    "xai": ("xai", "xai/"),
    "mistral": ("mistral", "mistral/"),
    "groq": ("groq", "groq/"),
}
"""Its provider -> our section, and what its names begin with there."""

FLAGS = {
    "supports_vision": "vision",
    "supports_audio_input": "audio_in",
    "supports_audio_output": "audio_out",
    "supports_pdf_input": "files",
    "supports_function_calling": "tools",
    "supports_response_schema": "json_schema",
    "supports_reasoning": "reasoning",
}


def named(section: str, second: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Its entries of a section by the provider's own name; those for a single region or a commitment are left out."""
    for name, entry in second.items():
        own, prefix = PREFIXES.get(entry.get("litellm_provider", ""), ("", ""))
        plain = name.removeprefix(prefix)
        if own == section and name.startswith(prefix) and "/" not in plain.removeprefix("openai/"):
            yield plain, entry


def disputed(section: str, model: str, second: dict[str, Any]) -> frozenset[str]:
    """Capabilities that the second opinion gives to a model."""
    catalog = Catalog((ModelCard(section, model),))
    return frozenset(
        capability
        for name, entry in named(section, second)
        if catalog.find(section, name)
        for flag, capability in FLAGS.items()
        if entry.get(flag) is True
    )
