"""Media of this dialect, which names formats by words of its own, and the neutral form, which has MIME types."""

from __future__ import annotations

import re
from typing import Any

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import (
    Audio,
    Document,
    Image,
    InlineSource,
    Source,
    TextSource,
    UrlSource,
    Video,
)
from stellwerk.dialects.bedrock_converse.types import Members
from stellwerk.dialects.members import STRING, UnreadableError

S3 = "s3://"

Reachable = InlineSource | UrlSource | TextSource
"""Sources that Bedrock may take: it holds no files of other providers."""

_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_DOCUMENTS = {
    "pdf": "application/pdf",
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html",
    "txt": "text/plain",
    "md": "text/markdown",
}
_VIDEOS = {
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "flv": "video/x-flv",
    "mpeg": "video/mpeg",
    "mpg": "video/mpg",
    "wmv": "video/x-ms-wmv",
    "three_gp": "video/3gpp",
}
_IMAGES = {word: f"image/{word}" for word in ("png", "jpeg", "gif", "webp")}
_AUDIOS = {
    word: f"audio/{word}"
    for word in (
        "mp3", "opus", "wav", "aac", "flac", "mp4", "ogg", "mkv", "mka", "x-aac", "m4a", "mpeg", "mpga", "pcm", "webm",
    )
}  # fmt: skip
TYPES = {"image": _IMAGES, "document": _DOCUMENTS, "video": _VIDEOS, "audio": _AUDIOS}
"""Kind of block to its formats, each with its MIME type."""

_ALIASES = {
    "image/jpg": "jpeg",
    "image/pjpeg": "jpeg",
    "application/csv": "csv",
    "text/x-markdown": "md",
    "application/xhtml+xml": "html",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/vnd.wave": "wav",
    "audio/pcm16": "pcm",
    "audio/x-m4a": "m4a",
}
_FORMATS = {kind: {mime: word for word, mime in types.items()} for kind, types in TYPES.items()}
_ENDINGS = {
    "image": {**{word: word for word in _IMAGES}, "jpg": "jpeg"},
    "document": {**{word: word for word in _DOCUMENTS}, "htm": "html"},
    "video": {**{word: word for word in _VIDEOS}, "3gp": "three_gp"},
    "audio": {word: word for word in _AUDIOS},
}


def is_base64(data: str) -> bool:
    """Whether it is what Bedrock takes for bytes."""
    return len(data) % 4 == 0 and _BASE64.fullmatch(data) is not None


def blob(data: str) -> str:
    """Base64 text in the common alphabet and with its padding, as Bedrock takes it."""
    if "-" in data or "_" in data:
        data = data.replace("-", "+").replace("_", "/")
    return data if len(data) % 4 == 0 else data + "=" * (-len(data) % 4)


def kind_of(part: Image | Audio | Video | Document) -> str:
    """The block's name."""
    return type(part).__name__.lower()


def mime_type(kind: str, word: str) -> str:
    """The MIME type of a format word; of one that is not known ``kind/word``."""
    return TYPES[kind].get(word) or f"{kind}/{word}"


def format_of(kind: str, source: Reachable) -> str | None:
    """The format word of a source, by its MIME type or, of an S3 object without one, by its name's ending.

    ``None`` where Bedrock has no word for it.
    """
    match source:
        case InlineSource(media_type=media_type) | UrlSource(media_type=str(media_type)):
            plain = media_type.partition(";")[0].strip().lower()
            return _FORMATS[kind].get(plain) or _ALIASES.get(plain)
        case UrlSource(url=url):
            return _ENDINGS[kind].get(url.rpartition(".")[2].lower())
        case _:
            return "txt"


def decode_source(kind: str, block: Members) -> tuple[Source, Opaque | None, str]:
    """Source and format word of a media block, and what is left of ``source``. Raises ``UnreadableError``."""
    word, source = block.need("format", STRING), block.within("source")
    mime = mime_type(kind, word)
    data, text = source.take("bytes", STRING), source.take("text", STRING)
    found: InlineSource | UrlSource
    rest = None
    if data is not None and text is None:
        found = InlineSource(mime, data)
    elif text is not None and data is None:
        return TextSource(text), source.opaque(), word
    elif "s3Location" in source and data is None:
        location = source.within("s3Location")
        found, rest = UrlSource(location.need("uri", STRING), mime), location.opaque()
    else:
        raise UnreadableError("a source of another sort")
    if _word(kind, found) != word:
        raise UnreadableError("a format that is spelled in another way")
    return found, source.opaque(s3Location=rest), word


def encode_source(kind: str, source: Source | None) -> dict[str, Any] | None:
    """Members ``format`` and ``source``; ``None`` for a source that Bedrock cannot reach."""
    wire: dict[str, Any]
    match source:
        case InlineSource():
            wire = {"bytes": blob(source.data)}
        case UrlSource(url=url) if url.startswith(S3):
            wire = {"s3Location": {"uri": url}}
        case TextSource():
            wire = {"text": source.text}
        case _:
            return None
    return {"format": _word(kind, source), "source": wire}


def _word(kind: str, source: Reachable) -> str:
    word = format_of(kind, source)
    return word or (getattr(source, "media_type", None) or "").rpartition("/")[2]
