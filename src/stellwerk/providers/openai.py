"""OpenAI itself: chat completions under ``https://api.openai.com/v1``.

When it is away, attempts fail with the reason and other targets of the model are tried.
"""

from __future__ import annotations

import msgspec

from stellwerk.ports.provider import Provider

SECRETS = ("api_key",)
"""Options that hold a secret: the compiled configuration keeps references to them, the worker resolves them."""

BESIDE = ("openai_responses", "openai_completions", "openai_embeddings", "openai_moderations")
"""Dialects it has besides chat."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``[[providers]]`` of this kind takes."""

    api_key: str
    base_url: str = "https://api.openai.com/v1"
    organization: str = ""
    project: str = ""


def build(settings: Settings) -> Provider:
    """The provider. Raises ``ValueError`` on a base URL that cannot be one."""
    from stellwerk.dialects.openai_host import OpenAIHost  # not for those who only judge settings

    fields = (("openai-organization", settings.organization), ("openai-project", settings.project))
    return OpenAIHost(settings.base_url, beside=BESIDE, fields=tuple(field for field in fields if field[1]))
