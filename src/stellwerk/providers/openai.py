"""OpenAI itself: chat completions under ``https://api.openai.com/v1``.

When it is away, attempts fail with the reason and other targets of the model are tried.
"""

from __future__ import annotations

from typing import Literal

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
    api: Literal["chat", "responses"] = "chat"
    """What callers of other dialects are translated to; with ``responses``, callers of chat are as well."""


def build(settings: Settings) -> Provider:
    """The provider. Raises ``ValueError`` on a base URL that cannot be one."""
    named = (("openai-organization", settings.organization), ("openai-project", settings.project))
    fields = tuple(field for field in named if field[1])
    if settings.api == "responses":
        from stellwerk.dialects.responses_host import ResponsesHost  # not for those who only judge settings

        return ResponsesHost(settings.base_url, beside=BESIDE, fields=fields)
    from stellwerk.dialects.openai_host import OpenAIHost

    return OpenAIHost(settings.base_url, beside=BESIDE, fields=fields)
