"""Where images and documents come from."""

from __future__ import annotations

import binascii
from typing import Annotated, Any, Literal

import msgspec


class Base64Image(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="base64"):
    """An image as data."""

    media_type: Literal["image/jpeg", "image/png", "image/gif", "image/webp"]
    data: str

    def __post_init__(self) -> None:
        """Refuses what is not Base64."""
        check_base64(self.data)


class UrlSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="url"):
    """An image or document behind an address."""

    url: Annotated[str, msgspec.Meta(pattern="^https?://")]


class FileSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="file"):
    """An image or document that was uploaded."""

    file_id: str


class Base64Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="base64"):
    """A document as data."""

    media_type: Literal["application/pdf"]
    data: str

    def __post_init__(self) -> None:
        """Refuses what is not Base64."""
        check_base64(self.data)


class TextDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="text"):
    """A document as text."""

    media_type: Literal["text/plain"]
    data: str


class ContentDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="content"):
    """A document as blocks."""

    content: str | list[Any]


def check_base64(data: str) -> None:
    """Raises ``ValueError`` for what is not Base64."""
    try:
        if binascii.a2b_base64(data, strict_mode=True):
            return
    except (binascii.Error, ValueError):
        pass
    raise ValueError("invalid base64 data")
