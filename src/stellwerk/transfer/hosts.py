"""Providers of other gateways that speak OpenAI's dialect here, and what their URLs have to look like."""

from __future__ import annotations

from urllib.parse import urlsplit

from stellwerk.config import notation
from stellwerk.providers.compatible import HOSTS
from stellwerk.transfer.draft import Draft, Unusable

OTHERS = {
    "cohere": "https://api.cohere.ai/compatibility/v1",
    "deepinfra": "https://api.deepinfra.com/v1/openai",
    "huggingface": "https://router.huggingface.co/v1",
    "moonshot": "https://api.moonshot.ai/v1",
    "sambanova": "https://api.sambanova.ai/v1",
}
"""Hosts that ``compatible`` has no row for."""
LOCAL = frozenset({"llama.cpp", "lmstudio", "ollama", "vllm"})
"""Hosts of one's own, which want no key unless they were told to."""


def options(host: str, base_url: str | None) -> dict[str, str]:
    """What ``[[providers]]`` says of a host that speaks OpenAI's dialect, at its own address or another one."""
    if host in HOSTS:
        said = {"kind": "compatible", "host": host}
        return said if base_url in {None, HOSTS[host]} else {**said, "base_url": str(base_url)}
    return {"kind": "compatible", "base_url": base_url or OTHERS[host]}


def url(text: str, draft: Draft, path: str) -> str:
    """A base URL that the configuration takes, without what clients append by themselves. Raises ``Unusable``."""
    bare = text.rstrip("/")
    for suffix in ("/chat/completions", "/completions", "/embeddings", "/messages"):
        bare = bare.removesuffix(suffix)
    try:
        notation.url(bare)
    except ValueError:
        raise Unusable(path, "expected an http(s) URL without user, query and fragment; left out") from None
    host = urlsplit(bare).hostname or ""
    if "." not in host and ":" not in host and host != "localhost":
        draft.findings.change(path, f'a host of your own network: list it under [egress] private, as "{host}=NETWORK"')
    return bare


def is_at(text: str | None, host: str) -> bool:
    """Whether a URL leads to a host."""
    return text is not None and urlsplit(text).hostname == host


def label(text: str | None) -> str:
    """The first piece of a URL's host: it tells people which one is meant."""
    host = (urlsplit(text).hostname or "") if text and not text.startswith("env:") else ""
    return host.partition(".")[0] if not host.replace(".", "").isdigit() else host
