"""Google's Gemini API, also known as AI Studio, under ``https://generativelanguage.googleapis.com``.

When it is away, attempts fail with the reason and other targets of the model are tried.
"""

from __future__ import annotations

import msgspec

from stellwerk.dialects.gemini.safety import Category, Threshold
from stellwerk.ports.provider import Provider

SECRETS = ("api_key",)
"""Options that hold a secret: the compiled configuration keeps references to them, the worker resolves them."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``[[providers]]`` of this kind takes. ``safety_settings`` are sent with every request."""

    api_key: str
    base_url: str = "https://generativelanguage.googleapis.com"
    api_version: str = "v1beta"
    safety_settings: dict[Category, Threshold] = {}

    def __post_init__(self) -> None:
        """Refuses a version that no path could hold."""
        if not self.api_version.isalnum():
            msg = f"`api_version` is a word such as v1beta, found {self.api_version!r}"
            raise ValueError(msg)


def build(settings: Settings) -> Provider:
    """The provider. Raises ``ValueError`` on a base URL that cannot be one."""
    from stellwerk.dialects.google_host import GoogleHost  # not for those who only judge settings

    return GoogleHost(settings.base_url, api_version=settings.api_version, safety_settings=settings.safety_settings)
