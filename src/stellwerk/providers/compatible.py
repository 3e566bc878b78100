"""Hosts that speak the OpenAI dialect without quirks: a row each, or any other one by its base URL.

When a host is away, attempts fail with the reason and other targets of the model are tried.
"""

from __future__ import annotations

import msgspec

from stellwerk.ports.provider import Provider

SECRETS = ("api_key",)
"""Options that hold a secret: the compiled configuration keeps references to them, the worker resolves them."""

HOSTS = {
    "cerebras": "https://api.cerebras.ai/v1",
    "deepseek": "https://api.deepseek.com/v1",
    "fireworks": "https://api.fireworks.ai/inference/v1",
    "groq": "https://api.groq.com/openai/v1",
    "llama.cpp": "http://127.0.0.1:8080/v1",
    "lmstudio": "http://127.0.0.1:1234/v1",
    "meta-llama": "https://api.llama.com/compat/v1",
    "mistral": "https://api.mistral.ai/v1",
    "nvidia-nim": "https://integrate.api.nvidia.com/v1",
    "ollama": "http://127.0.0.1:11434/v1",
    "openrouter": "https://openrouter.ai/api/v1",
    "perplexity": "https://api.perplexity.ai",
    "together": "https://api.together.xyz/v1",
    "vllm": "http://127.0.0.1:8000/v1",
    "xai": "https://api.x.ai/v1",
}
"""Name of a host to its base URL."""
BESIDE = ("openai_completions", "openai_embeddings", "openai_moderations", "rerank")
"""Dialects that such hosts may have besides chat; one that has not says so itself."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``[[providers]]`` of this kind takes: a known ``host``, a ``base_url``, or both (the URL wins)."""

    host: str = ""
    base_url: str = ""
    api_key: str = ""

    def __post_init__(self) -> None:
        """Refuses an unknown host and a row that names no address."""
        if self.host and self.host not in HOSTS:
            msg = f"unknown host {self.host!r}; known are {', '.join(HOSTS)}"
            raise ValueError(msg)
        if not (self.host or self.base_url):
            msg = "either `host` or `base_url` is needed"
            raise ValueError(msg)


def build(settings: Settings) -> Provider:
    """The provider. Raises ``ValueError`` on a base URL that cannot be one."""
    from stellwerk.dialects.openai_host import OpenAIHost  # not for those who only judge settings

    return OpenAIHost(settings.base_url or HOSTS[settings.host], beside=BESIDE, cap="max_tokens")
