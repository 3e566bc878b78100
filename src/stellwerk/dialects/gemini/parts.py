"""Parts that are no function calls or responses, between this dialect and the neutral form."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from stellwerk.core.part import (
    Audio,
    Document,
    FileSource,
    Image,
    InlineSource,
    OpaquePart,
    Part,
    Refusal,
    SearchResult,
    Source,
    Text,
    TextSource,
    Thinking,
    UrlSource,
    Video,
)
from stellwerk.dialects.gemini.types import DIALECT, Members, is_marked, mark, merge
from stellwerk.dialects.members import BOOLEAN, RAW, STRING, UnreadableError, without_nulls

Media: TypeAlias = Image | Audio | Video | Document

KINDS = (
    *("text", "inlineData", "fileData", "functionCall", "functionResponse"),
    *("executableCode", "codeExecutionResult", "toolCall", "toolResponse"),
)
"""Members of which a part has one: it says what the part is."""

FILES_URI = "https://generativelanguage.googleapis.com/"
"""Where files live that were uploaded to Google: such a URI is an id, not an address to fetch from."""

_DEFAULT_AUDIO = "audio/wav"
# In either alphabet, padded or not; the last letter may hold no bits that belong to no byte.
_BASE64 = re.compile(r"(?:[\w+/-]{4})*+(?:[\w+/-][AQgw](?:==)?|[\w+/-]{2}[AEIMQUYcgkosw048]=?)?", re.ASCII)


def read_part(part: Members, raw: msgspec.Raw) -> Part:
    """One entry of ``parts``; a part of a kind or shape that is not known stays opaque."""
    kind = kind_of(part)
    read = _READERS.get(kind)
    try:
        return OpaquePart(DIALECT, kind, raw) if read is None else read(part)
    except UnreadableError:
        return OpaquePart(DIALECT, kind, raw)


def kind_of(part: Members) -> str:
    """The member that says what the part is; ``part`` where none does."""
    return next((name for name in KINDS if name in part), "part")


def encode_part(part: Part) -> msgspec.Raw | dict[str, Any] | None:
    """The entry of ``parts``; ``None`` for a part that this dialect has no form for."""
    wire: dict[str, Any]
    match part:
        case Text(text=text, signature=signature):
            # Google refuses a text of nothing, unless it carries a signature.
            if not (text or signature or is_marked(part.opaque, "text")):
                return None
            wire = signed({"text": text}, signature)
        case Thinking():
            if not is_marked(part.opaque, "thought"):
                return None
            wire = signed({"text": part.text, "thought": True}, part.signature)
        case Image() | Audio() | Video() | Document():
            return encode_media(part)
        case Refusal(text=text):
            return {"text": text} if text else None
        case SearchResult():
            return {"text": "\n".join((part.title, part.source, *(text.text for text in part.texts)))}
        case OpaquePart() if part.dialect == DIALECT:
            return part.raw
        case _:
            return None
    return merge(wire, part.opaque)


def encode_media(part: Media) -> dict[str, Any] | None:
    """A part of media; ``None`` for sound of which only the provider that said it holds the bytes."""
    wire: dict[str, Any]
    match part.source:
        case None:
            return {"text": part.transcript} if part.transcript else None
        case TextSource(text=text):
            return {"text": text}
        case InlineSource(media_type=media_type, data=data):
            wire = {"inlineData": {"mimeType": _DEFAULT_AUDIO if media_type == "audio/*" else media_type, "data": data}}
            # Only Vertex takes names, so they go back to callers who wrote one, and nowhere else.
            if isinstance(part, Document) and part.name is not None and is_marked(part.opaque, "displayName"):
                wire["inlineData"]["displayName"] = part.name
        case FileSource() as file:
            wire = {"fileData": without_nulls({"mimeType": file.media_type, "fileUri": file.id})}
        case link:
            wire = {"fileData": without_nulls({"mimeType": link.media_type, "fileUri": link.url})}
    return merge(signed(wire, part.signature if isinstance(part, Image) else None), part.opaque)


def signed(wire: dict[str, Any], signature: str | None) -> dict[str, Any]:
    """The part with its thought signature, where it has one."""
    if signature is not None:
        wire["thoughtSignature"] = signature
    return wire


def encode_thinking(text: str, signature: str | None = None) -> dict[str, Any]:
    """A part of thinking as callers see it, whoever thought it. Google's SDKs read signatures as base64 only."""
    is_readable = signature is not None and _BASE64.fullmatch(signature) is not None
    return signed({"text": text, "thought": True}, signature if is_readable else None)


def _read_text(part: Members) -> Text | Thinking:
    text, is_thought = part.take("text", STRING) or "", part.take("thought", BOOLEAN)
    signature, opaque = part.take("thoughtSignature", STRING), part.opaque()
    if is_thought:
        return Thinking(text, signature, is_summary=True, opaque=mark(opaque, "thought"))
    return Text(text, signature=signature, opaque=opaque if text else mark(opaque, "text"))


def _read_inline(part: Members) -> Media:
    _refuse_thought(part)
    data = part.within("inlineData")
    media_type = data.need("mimeType", STRING)
    source = InlineSource(media_type, data.take("data", STRING) or "")
    return _media(part, "inlineData", data, source, media_type)


def _read_file(part: Members) -> Media:
    _refuse_thought(part)
    file = part.within("fileData")
    uri, media_type = file.need("fileUri", STRING), file.take("mimeType", STRING)
    source = FileSource(uri, media_type) if uri.startswith(FILES_URI) else UrlSource(uri, media_type)
    return _media(part, "fileData", file, source, media_type or _guess(uri))


def _refuse_thought(part: Members) -> None:
    """Pictures that the model only thinks in are no part of its answer."""
    if "thought" in part:
        raise UnreadableError("thinking in pictures")


def _media(part: Members, member: str, data: Members, source: Source, media_type: str) -> Media:
    part.take(member, RAW)
    match media_type.partition("/")[0]:
        case "image":
            signature = part.take("thoughtSignature", STRING)
            return Image(source, signature=signature, opaque=part.opaque(**{member: data.opaque()}))
        case "audio":
            return Audio(source, opaque=part.opaque(**{member: data.opaque()}))
        case "video":
            return Video(source, opaque=part.opaque(**{member: data.opaque()}))
        case _:
            name = data.take("displayName", STRING)
            opaque = part.opaque(**{member: data.opaque()})
            return Document(source, name, opaque=opaque if name is None else mark(opaque, "displayName"))


def plain_media(source: InlineSource) -> Media:
    """Media of which nothing is said but what it is."""
    return _PLAIN.get(source.media_type.partition("/")[0], Document)(source)


_PLAIN: dict[str, Callable[[InlineSource], Media]] = {"image": Image, "audio": Audio, "video": Video}


def _guess(uri: str) -> str:
    """A media type for a URI without one: Google takes films of YouTube so."""
    return "video/mp4" if "youtube.com/" in uri or "youtu.be/" in uri else ""


_READERS: dict[str, Callable[[Members], Part]] = {
    "text": _read_text,
    "inlineData": _read_inline,
    "fileData": _read_file,
}
