"""Gemini models on Google Cloud's Vertex AI, in one location of a project.

Credentials are, in this order: ``access_token``; ``credentials``, the text of a service account's key or of gcloud's
login; the application default credentials. When Vertex AI is away, attempts fail with the reason and other targets of
the model are tried; when the source of tokens is away, the token at hand is used until it expires.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

import msgspec

from stellwerk.dialects.gemini.safety import Category, Threshold
from stellwerk.ports.provider import Provider

SECRETS = ("access_token", "credentials")
"""Options that hold a secret: the compiled configuration keeps references to them, the worker resolves them."""

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.:-]{0,61}[a-z0-9])?")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``[[providers]]`` of this kind takes. ``base_url`` follows from ``location`` unless it is given.

    ``safety_settings`` are sent with every request.
    """

    project: str
    location: str = "global"
    access_token: str = ""
    credentials: str = ""
    base_url: str = ""
    safety_settings: dict[Category, Threshold] = {}

    def __post_init__(self) -> None:
        """Refuses names that no path could hold, and two sorts of credentials."""
        if self.access_token and self.credentials:
            raise ValueError("one of `access_token` and `credentials` is enough")
        for name, value in (("project", self.project), ("location", self.location)):
            if not _NAME.fullmatch(value):
                msg = f"`{name}` consists of small letters, digits and hyphens, found {value!r}"
                raise ValueError(msg)


def build(settings: Settings, *, environment: Mapping[str, str] = os.environ) -> Provider:
    """The provider. Raises ``ValueError`` on an address that cannot be one, or ``ConfigurationError``."""
    from stellwerk.cloud.files import read  # not for those who only judge settings
    from stellwerk.cloud.google_credentials import choose, hold, origins, parse
    from stellwerk.cloud.signed_vertex import SignedVertex

    base_url = settings.base_url or f"https://{_host(settings.location)}"
    if settings.access_token:
        return SignedVertex(
            base_url,
            project=settings.project,
            location=settings.location,
            safety_settings=settings.safety_settings,
        )
    source = parse(settings.credentials) if settings.credentials else choose(environment, read)
    return SignedVertex(
        base_url,
        project=settings.project,
        location=settings.location,
        tokens=hold(source, read),
        origins=origins(source),
        safety_settings=settings.safety_settings,
    )


def _host(location: str) -> str:
    """Where a location is served: the globe and the multi-regions have names of their own."""
    match location:
        case "global":
            return "aiplatform.googleapis.com"
        case "us" | "eu":
            return f"aiplatform.{location}.rep.googleapis.com"
        case _:
            return f"{location}-aiplatform.googleapis.com"
