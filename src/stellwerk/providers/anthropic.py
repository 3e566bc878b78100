"""Anthropic itself: messages under ``https://api.anthropic.com``.

When it is away, attempts fail with the reason and other targets of the model are tried.
"""

from __future__ import annotations

import msgspec

from stellwerk.ports.provider import Provider

SECRETS = ("api_key",)
"""Options that hold a secret: the compiled configuration keeps references to them, the worker resolves them."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``[[providers]]`` of this kind takes. ``betas`` are features that are asked for with every request."""

    api_key: str
    base_url: str = "https://api.anthropic.com"
    version: str = "2023-06-01"
    betas: tuple[str, ...] = ()


def build(settings: Settings) -> Provider:
    """The provider. Raises ``ValueError`` on a base URL that cannot be one."""
    from stellwerk.dialects.anthropic_messages.upstream import (
        AnthropicUpstream,  # not for those who only judge settings
    )

    fields = (("anthropic-beta", ",".join(settings.betas)),) if settings.betas else ()
    return AnthropicUpstream(settings.base_url, version=settings.version, fields=fields)
