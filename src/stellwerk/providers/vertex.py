"""Gemini models on Google Cloud's Vertex AI, in one location of a project.

When it is away, attempts fail with the reason and other targets of the model are tried.
"""

from __future__ import annotations

import re

import msgspec

from stellwerk.ports.provider import Provider

SECRETS = ("access_token",)
"""Options that hold a secret: the compiled configuration keeps references to them, the worker resolves them."""

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.:-]{0,61}[a-z0-9])?")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``[[providers]]`` of this kind takes. ``base_url`` follows from ``location`` unless it is given."""

    project: str
    location: str = "global"
    access_token: str = ""
    base_url: str = ""

    def __post_init__(self) -> None:
        """Refuses names that no path could hold."""
        for name, value in (("project", self.project), ("location", self.location)):
            if not _NAME.fullmatch(value):
                msg = f"`{name}` consists of small letters, digits and hyphens, found {value!r}"
                raise ValueError(msg)


def build(settings: Settings) -> Provider:
    """The provider. Raises ``ValueError`` on a base URL that cannot be one."""
    from stellwerk.dialects.gemini.upstream import VertexUpstream  # not for those who only judge settings

    base_url = settings.base_url or f"https://{_host(settings.location)}"
    return VertexUpstream(base_url, project=settings.project, location=settings.location)


def _host(location: str) -> str:
    """Where a location is served: the globe and the multi-regions have names of their own."""
    match location:
        case "global":
            return "aiplatform.googleapis.com"
        case "us" | "eu":
            return f"aiplatform.{location}.rep.googleapis.com"
        case _:
            return f"{location}-aiplatform.googleapis.com"
