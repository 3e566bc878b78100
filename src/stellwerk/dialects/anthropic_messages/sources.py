"""Where images and documents come from, between this dialect and the neutral form."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from stellwerk.core.part import FileSource, InlineSource, Source, TextSource, UrlSource
from stellwerk.dialects.anthropic_messages.types import Members
from stellwerk.dialects.members import STRING, UnreadableError

_PLAIN = "text/plain"
_SPELLINGS = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "application/x-pdf": "application/pdf"}


def decode_source(source: Members) -> Source:
    """``source`` of an image or a document. Raises ``UnreadableError`` for a kind that is not known."""
    kind = source.need("type", STRING)
    match kind:
        case "base64":
            return InlineSource(source.need("media_type", STRING), source.need("data", STRING))
        case "url":
            return UrlSource(source.need("url", STRING))
        case "file":
            return FileSource(source.need("file_id", STRING))
        case "text" if source.take("media_type", STRING) == _PLAIN:
            return TextSource(source.need("data", STRING))
        case _:
            raise UnreadableError(kind)


def encode_source(source: Source, *, is_document: bool = False) -> dict[str, Any]:
    """``source``. A document of plain text in base64 is written as the text that it is."""
    match source:
        case UrlSource():
            return {"type": "url", "url": source.url}
        case FileSource():
            return {"type": "file", "file_id": source.id}
        case TextSource():
            return {"type": "text", "media_type": _PLAIN, "data": source.text}
        case _:
            text = _text(source) if is_document and source.media_type.startswith("text/") else None
            if text is not None:
                return {"type": "text", "media_type": _PLAIN, "data": text}
            media_type = _SPELLINGS.get(source.media_type, source.media_type)
            return {"type": "base64", "media_type": media_type, "data": source.data}


def _text(source: InlineSource) -> str | None:
    try:
        return base64.b64decode(source.data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
