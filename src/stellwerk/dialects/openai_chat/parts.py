"""Content parts between this dialect and the neutral form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import (
    Audio,
    Document,
    FileSource,
    Image,
    InlineSource,
    OpaquePart,
    Part,
    Refusal,
    ResultPart,
    SearchResult,
    Source,
    Text,
    TextSource,
    Video,
)
from stellwerk.dialects.media_url import source_of, url_of
from stellwerk.dialects.members import (
    STRING,
    UnreadableError,
    spelled,
    without_nulls,
)
from stellwerk.dialects.openai_chat.cache import decode_cache, encode_cache
from stellwerk.dialects.openai_chat.types import DIALECT, Members, merge

ContentPart = Text | Image | Audio | Video | Document | Refusal | OpaquePart
"""What may stand in ``content``."""

AS_PART = "type"
"""Marks a refusal that came as a content part: the usual place is a member of the message."""

_AUDIO_FORMATS = {"mpeg": "mp3", "x-wav": "wav", "wave": "wav"}


def decode_content(message: Members) -> tuple[ContentPart, ...]:
    """The message's ``content``: a string, an array of parts, or nothing."""
    raw = bytes(message.peek("content"))
    if not raw.startswith(b"["):
        text = message.take("content", STRING)
        return () if text is None else (Text(text),)
    return tuple([_decode_part(part) for part in message.objects("content")])


def encode_content(parts: tuple[Part, ...]) -> str | list[Any]:
    """A string for one plain text, else an array; parts that this dialect has no form for are left out."""
    match parts:
        case (Text(cache=None) as text,) if text.opaque is None or not text.opaque.of(DIALECT):
            return text.text
        case _:
            pass
    return [wire for part in parts if (wire := encode_part(part)) is not None]


def encode_part(part: Part) -> msgspec.Raw | dict[str, Any] | None:
    """The entry of ``content``; ``None`` for a part that this dialect has no form for there."""
    wire: dict[str, Any]
    match part:
        case Text():
            wire = {"type": "text", "text": part.text}
        case Image():
            wire = {
                "type": "image_url",
                "image_url": without_nulls({"url": url_of(part.source), "detail": part.detail}),
            }
        case Video():
            wire = {"type": "video_url", "video_url": {"url": url_of(part.source)}}
        case Audio(source=InlineSource() as source):
            wire = {"type": "input_audio", "input_audio": {"data": source.data, "format": _format(source)}}
        case Document():
            wire = _document(part)
        case SearchResult():
            wire = {"type": "text", "text": "\n".join((part.title, part.source, *(text.text for text in part.texts)))}
        case Refusal():
            return merge({"type": "refusal", "refusal": part.text}, part.opaque)
        case OpaquePart():
            return part.raw if part.dialect == DIALECT else None
        case _:
            return None
    return merge(wire | encode_cache(part.cache), part.opaque)


def is_media(part: Part) -> bool:
    """Whether it is more than words, as this dialect has it."""
    match part:
        case Image() | Audio() | Video():
            return True
        case Document(source=source):
            return not isinstance(source, TextSource)
        case _:
            return False


def decode_results(message: Members) -> tuple[ResultPart, ...]:
    """The ``content`` of a tool's answer. A refusal in it is nothing a tool can say: it stays opaque."""
    return tuple(
        OpaquePart(DIALECT, "refusal", msgspec.Raw(msgspec.json.encode(encode_part(part))))
        if isinstance(part, Refusal)
        else part
        for part in decode_content(message)
    )


def _decode_part(part: Members) -> ContentPart:
    """One entry of ``content``; a part of a type or shape that is not known stays opaque."""
    whole = part.copy()
    kind = part.need("type", STRING)
    read = _READERS.get(kind)
    try:
        return OpaquePart(DIALECT, kind, whole.whole()) if read is None else read(part.leniently())
    except UnreadableError:
        return OpaquePart(DIALECT, kind, whole.whole())


def _read_text(part: Members) -> Text:
    text, cache = part.need("text", STRING), decode_cache(part)
    return Text(text, cache, opaque=part.opaque())


def _read_image(part: Members) -> Image:
    image = part.within("image_url")
    source, detail = source_of(image.need("url", STRING)), image.take("detail", STRING)
    cache = decode_cache(part)
    return Image(source, detail, cache, opaque=part.opaque(image_url=image.opaque()))


def _read_video(part: Members) -> Video:
    video = part.within("video_url")
    source, cache = source_of(video.need("url", STRING)), decode_cache(part)
    return Video(source, cache, part.opaque(video_url=video.opaque()))


def _read_audio(part: Members) -> Audio:
    audio = part.within("input_audio")
    source = InlineSource(f"audio/{audio.need('format', STRING)}", audio.need("data", STRING))
    cache = decode_cache(part)
    return Audio(source, cache=cache, opaque=part.opaque(input_audio=audio.opaque()))


def _read_document(part: Members) -> Document:
    file = part.within("file")
    data, identity, name = file.take("file_data", STRING), file.take("file_id", STRING), file.take("filename", STRING)
    source: Source
    if identity is not None and data is None:
        source = FileSource(identity)
    elif data is not None and identity is None and ":" in data:
        source = source_of(data)
    else:
        raise UnreadableError("a file is an id, or data as a URL")
    cache = decode_cache(part)
    return Document(source, name, cache=cache, opaque=part.opaque(file=file.opaque()))


def _read_refusal(part: Members) -> Refusal:
    text, left = part.need("refusal", STRING), part.opaque()
    return Refusal(text, Opaque(DIALECT, {**(left.members if left else {}), **spelled(AS_PART)}))


_READERS: dict[str, Callable[[Members], ContentPart]] = {
    "text": _read_text,
    "image_url": _read_image,
    "video_url": _read_video,
    "input_audio": _read_audio,
    "file": _read_document,
    "refusal": _read_refusal,
}


def _format(source: InlineSource) -> str:
    word = source.media_type.removeprefix("audio/")
    return _AUDIO_FORMATS.get(word, word)


def _document(part: Document) -> dict[str, Any]:
    match part.source:
        case TextSource():
            return {"type": "text", "text": part.source.text}
        case FileSource():
            return {"type": "file", "file": without_nulls({"file_id": part.source.id, "filename": part.name})}
        case source:
            return {"type": "file", "file": without_nulls({"file_data": url_of(source), "filename": part.name})}
