"""Content parts between this dialect and the neutral form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import (
    Audio,
    CacheMark,
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
    UrlSource,
)
from stellwerk.dialects.media_url import source_of, url_of
from stellwerk.dialects.members import RAW, STRING, UnreadableError, spelled, without_nulls
from stellwerk.dialects.openai_responses.citations import decode_citations, encode_citations
from stellwerk.dialects.openai_responses.types import DIALECT, ITEM, Members, merge, own, without
from stellwerk.dialects.thought_signature import decode_signature, encode_signature

ContentPart = Text | Image | Audio | Document | Refusal | OpaquePart
"""What may stand in a message's ``content``."""

Marks: TypeAlias = dict[str, msgspec.Raw | Opaque]
"""How something was spelled, to be kept with what is opaque."""

INPUT, OUTPUT = "input_text", "output_text"
"""What text is called: on its way to the model, and from it."""

_BREAKPOINT = "prompt_cache_breakpoint"
_AUDIO_FORMATS = {"mpeg": "mp3", "x-wav": "wav", "wave": "wav"}
_EXTENSIONS = {"text/plain": "txt", "text/markdown": "md"}


def encode_part(part: Part, *, word: str) -> msgspec.Raw | dict[str, Any] | None:
    """The entry of ``content``; ``None`` for a part that this dialect has no form for there."""
    wire: dict[str, Any]
    match part:
        case Text():
            wire = {"text": part.text, **encode_signature(part.signature)}
            if word == OUTPUT:
                wire = {"annotations": encode_citations(part), **wire}
        case Image():
            wire = {"type": "input_image", **_image(part.source), "detail": part.detail}
            if own(part.opaque) is None and part.detail is None:
                wire["detail"] = "auto"
        case Audio(source=InlineSource() as source):
            format_ = source.media_type.removeprefix("audio/")
            audio = {"data": source.data, "format": _AUDIO_FORMATS.get(format_, format_)}
            wire = {"type": "input_audio", "input_audio": audio}
        case Document(source=TextSource() as source):
            wire = {"text": source.text}
        case Document():
            wire = {"type": "input_file", **_file(part)}
        case SearchResult():
            wire = {"text": "\n".join((part.title, part.source, *(text.text for text in part.texts)))}
        case Refusal():
            return merge({"type": "refusal", "refusal": part.text}, without(part.opaque, ITEM))
        case OpaquePart():
            return part.raw if part.dialect == DIALECT else None
        case _:
            return None
    wire = merge(without_nulls(wire) | _encode_cache(part.cache), without(part.opaque, ITEM))
    return {"type": word, **wire}


def decode_content(item: Members, name: str, *, word: str) -> tuple[tuple[ContentPart, ...], Marks]:
    """A string or an array of parts, and a mark under ``name`` where an array holds one bare text."""
    if bytes(item.peek(name)).startswith(b'"'):
        return (Text(item.need(name, STRING)),), {}
    parts = tuple([_decode_part(part, word) for part in item.objects(name)])
    return parts, dict(spelled(name)) if _is_bare(parts) else {}


def encode_content(parts: tuple[Part, ...], *, is_array: bool, word: str = INPUT) -> str | list[Any]:
    """A string for one bare text unless ``is_array``, else an array; what has no form here is left out."""
    if not is_array and _is_bare(parts) and isinstance(text := parts[0], Text):
        return text.text
    return [wire for part in parts if (wire := encode_part(part, word=word)) is not None]


def decode_results(item: Members) -> tuple[tuple[ResultPart, ...], Marks]:
    """What a tool answered. A refusal is nothing that a tool can say: it stays opaque."""
    parts, marks = decode_content(item, "output", word=INPUT)
    return tuple(
        OpaquePart(DIALECT, "refusal", msgspec.Raw(msgspec.json.encode(encode_part(part, word=INPUT))))
        if isinstance(part, Refusal)
        else part
        for part in parts
    ), marks


def _decode_part(part: Members, word: str) -> ContentPart:
    """One entry of ``content``, where text is usually called ``word``; what is not known stays opaque."""
    whole = part.copy()
    kind = part.copy().need("type", STRING)
    read = _READERS.get(kind)
    if kind == word:
        part.take("type", RAW)
    try:
        return OpaquePart(DIALECT, kind, whole.whole()) if read is None else read(part.leniently())
    except UnreadableError:
        return OpaquePart(DIALECT, kind, whole.whole())


def _is_bare(parts: tuple[Part, ...]) -> bool:
    """Whether this is one text with nothing to it but its words."""
    match parts:
        case (Text(cache=None, citations=(), signature=None) as text,):
            return not own(text.opaque)
        case _:
            return False


def _read_text(part: Members) -> Text:
    text, cache, (signature, extra) = part.need("text", STRING), _decode_cache(part), decode_signature(part)
    marks: Marks = {} if extra is None else {"extra_content": extra}
    return Text(text, cache, decode_citations(part), signature, part.marked(**marks))


def _read_image(part: Members) -> Image:
    part.take("type", STRING)
    url, identity = part.given("image_url", STRING), part.given("file_id", STRING)
    if (url is None) == (identity is None):
        raise UnreadableError("an image is a URL or a file")
    source = source_of(url) if url is not None else FileSource(identity or "")
    return Image(source, part.given("detail", STRING), _decode_cache(part), opaque=part.marked())


def _read_audio(part: Members) -> Audio:
    part.take("type", STRING)
    audio = part.within("input_audio")
    source = InlineSource(f"audio/{audio.need('format', STRING)}", audio.need("data", STRING))
    left = audio.opaque()
    return Audio(source, opaque=part.marked(**({} if left is None else {"input_audio": left})))


def _read_file(part: Members) -> Document:
    part.take("type", STRING)
    named = {name: part.given(name, STRING) for name in ("file_data", "file_url", "file_id")}
    told = [(name, value) for name, value in named.items() if value is not None]
    if len(told) != 1:
        raise UnreadableError("a file is one of data, URL and id")
    (place, value) = told[0]
    source: Source
    if place == "file_id":
        source = FileSource(value)
    elif place == "file_url":
        source = UrlSource(value)
    else:
        source = source_of(value)
        if isinstance(source, UrlSource):
            raise UnreadableError("data that names no type")
    return Document(source, part.given("filename", STRING), cache=_decode_cache(part), opaque=part.marked())


def _read_refusal(part: Members) -> Refusal:
    part.take("type", STRING)
    return Refusal(part.need("refusal", STRING), part.marked())


_READERS: dict[str, Callable[[Members], ContentPart]] = {
    INPUT: _read_text,
    OUTPUT: _read_text,
    "input_image": _read_image,
    "input_audio": _read_audio,
    "input_file": _read_file,
    "refusal": _read_refusal,
}


def _image(source: Source) -> dict[str, str]:
    return {"file_id": source.id} if isinstance(source, FileSource) else {"image_url": url_of(source)}


def _file(part: Document) -> dict[str, str | None]:
    match part.source:
        case FileSource():
            return {"file_id": part.source.id, "filename": part.name if own(part.opaque) is not None else None}
        case InlineSource() as source:
            # The API takes no data without a name for it.
            kind = source.media_type
            name = part.name or f"file.{_EXTENSIONS.get(kind) or kind.rpartition('/')[2]}"
            return {"file_data": url_of(source), "filename": part.name if own(part.opaque) is not None else name}
        case source:
            return {"file_url": url_of(source), "filename": part.name if own(part.opaque) is not None else None}


def _decode_cache(part: Members) -> CacheMark | None:
    """The mark on a part; one of another shape is left where it is."""
    if _BREAKPOINT not in part:
        return None
    try:
        mark = Members(part.peek(_BREAKPOINT))
        is_known, ttl = mark.take("mode", STRING) == "explicit", mark.take("ttl", STRING)
    except UnreadableError:
        return None
    if not is_known or mark.opaque() is not None:
        return None
    part.take(_BREAKPOINT, RAW)
    return CacheMark(ttl, Opaque(DIALECT, spelled(_BREAKPOINT)))


def _encode_cache(mark: CacheMark | None) -> dict[str, Any]:
    """Only a mark that came from here: models that know none refuse the request, and all of them cache unasked."""
    if mark is None or own(mark.opaque) is None:
        return {}
    return {_BREAKPOINT: without_nulls({"mode": "explicit", "ttl": mark.ttl})}
