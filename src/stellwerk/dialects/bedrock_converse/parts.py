"""Content blocks between this dialect and the neutral form; tools have a file of their own."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import (
    Audio,
    Document,
    Image,
    InlineSource,
    OpaquePart,
    Part,
    RedactedThinking,
    Refusal,
    SearchResult,
    Text,
    TextSource,
    Thinking,
    Video,
)
from stellwerk.dialects.bedrock_converse.citations import decode_citation, encode_citation
from stellwerk.dialects.bedrock_converse.media import decode_source, encode_source, is_base64, kind_of
from stellwerk.dialects.bedrock_converse.types import DIALECT, Members, is_own, mark, merge, only_member, unmark
from stellwerk.dialects.members import BOOLEAN, RAWS, STRING, UnreadableError, without_nulls
from stellwerk.dialects.thought_signature import as_signed

GUARD = "guardContent"
CITATIONS = "citationsContent"
REASONING = "reasoningContent"


def decode_block(kind: str, block: Members | None, raw: msgspec.Raw) -> Part:
    """One entry of ``content``, opened; a block of a kind or shape that is not known stays opaque."""
    try:
        if block is not None and kind == "text":
            return Text(block.need("text", STRING))
        read = _READERS.get(kind)
        if block is not None and read is not None:
            return read(block.within(kind))
    except UnreadableError:
        pass
    return OpaquePart(DIALECT, kind, raw)


def encode_block(part: Part, *, is_reply: bool = False) -> msgspec.Raw | dict[str, Any] | None:
    """The entry of ``content``; ``None`` for a part that this dialect has no form for there.

    Text with citations is a block of its kind in replies; in requests, where not every model takes one, only when it
    came as one. Reasoning goes back when it is signed, or came from this dialect.
    """
    match part:
        case Text():
            return _encode_text(part, is_reply=is_reply)
        case Image() | Audio() | Video() | Document():
            return _encode_media(part)
        case SearchResult():
            return {"searchResult": _encode_search_result(part)}
        case Refusal():
            return {"text": part.text} if part.text.strip() else None
        case Thinking():
            if is_reply:
                return _encode_thinking(part)
            return _encode_thinking(as_signed(part)) if part.signature is not None or is_own(part.opaque) else None
        case RedactedThinking():
            return _encode_redacted(part.data, is_reply=is_reply)
        case OpaquePart():
            return part.raw if part.dialect == DIALECT else None
        case _:
            return None


def _read_image(block: Members) -> Image:
    source, rest, _ = decode_source("image", block)
    if isinstance(source, TextSource):
        raise UnreadableError("a picture in words")
    return Image(source, opaque=block.opaque(source=rest))


def _read_video(block: Members) -> Video:
    source, rest, _ = decode_source("video", block)
    if isinstance(source, TextSource):
        raise UnreadableError("a video in words")
    return Video(source, opaque=block.opaque(source=rest))


def _read_audio(block: Members) -> Audio:
    source, rest, _ = decode_source("audio", block)
    if isinstance(source, TextSource):
        raise UnreadableError("sound in words")
    return Audio(source, opaque=block.opaque(source=rest))


def _read_document(block: Members) -> Document:
    source, rest, word = decode_source("document", block)
    name, context, cites = block.need("name", STRING), block.take("context", STRING), None
    wishes = None
    if "citations" in block:
        citations = block.within("citations")
        cites, wishes = citations.need("enabled", BOOLEAN), citations.opaque()
    opaque = block.opaque(source=rest, citations=wishes)
    if isinstance(source, TextSource) and word != "txt":
        members = {**(opaque.members if opaque else {}), "format": msgspec.Raw(msgspec.json.encode(word))}
        opaque = Opaque(DIALECT, members)
    return Document(source, name, context, cites, opaque=opaque)


def _read_search_result(block: Members) -> SearchResult:
    texts = []
    for raw in block.need("content", RAWS):
        passage = Members(raw)
        texts.append(Text(passage.need("text", STRING), opaque=passage.opaque()))
    cites, wishes = None, None
    if "citations" in block:
        citations = block.within("citations")
        cites, wishes = citations.need("enabled", BOOLEAN), citations.opaque()
    source, title = block.need("source", STRING), block.need("title", STRING)
    return SearchResult(source, title, tuple(texts), cites, opaque=block.opaque(citations=wishes))


def _read_reasoning(block: Members) -> Thinking | RedactedThinking:
    redacted = block.take("redactedContent", STRING)
    if redacted is not None:
        if block.opaque() is not None:
            raise UnreadableError("reasoning of two sorts")
        return RedactedThinking(redacted)
    reasoning = block.within("reasoningText")
    text, signature = reasoning.need("text", STRING), reasoning.take("signature", STRING)
    rest = reasoning.opaque()
    opaque = block.opaque(reasoningText=rest)
    return Thinking(text, signature, opaque=opaque or Opaque(DIALECT, {}))


def _read_guarded(block: Members) -> Text | Image:
    if "image" in block:
        image = block.within("image")
        source, rest, _ = decode_source("image", image)
        if isinstance(source, TextSource) or block.opaque() is not None:
            raise UnreadableError("a picture of another sort")
        return Image(source, opaque=mark(GUARD, image.opaque(source=rest)))
    text = block.within("text")
    words, rest = text.need("text", STRING), text.opaque()
    if block.opaque() is not None:
        raise UnreadableError("more than a text")
    return Text(words, opaque=mark(GUARD, rest))


def _read_cited(block: Members) -> Text:
    pieces = []
    for raw in block.need("content", RAWS):
        kind, piece = only_member(raw)
        if kind != "text":
            raise UnreadableError(kind)
        pieces.append(piece.need("text", STRING))
    citations = tuple(decode_citation(raw) for raw in block.need("citations", RAWS))
    if len(pieces) != 1:
        raise UnreadableError("a text in several pieces")
    return Text(pieces[0], citations=citations, opaque=mark(CITATIONS, block.opaque()))


_READERS: dict[str, Callable[[Members], Part]] = {
    "image": _read_image,
    "video": _read_video,
    "audio": _read_audio,
    "document": _read_document,
    "searchResult": _read_search_result,
    REASONING: _read_reasoning,
    GUARD: _read_guarded,
    CITATIONS: _read_cited,
}


def _is_marked(opaque: Opaque | None, name: str) -> bool:
    return opaque is not None and name in opaque.of(DIALECT)


def _encode_text(part: Text, *, is_reply: bool) -> dict[str, Any] | None:
    if not part.text.strip():
        return None
    if _is_marked(part.opaque, GUARD):
        return {GUARD: {"text": merge({"text": part.text}, unmark(part.opaque, GUARD))}}
    if _is_marked(part.opaque, CITATIONS) or (is_reply and part.citations):
        citations = [encode_citation(citation) for citation in part.citations]
        wire = {"content": [{"text": part.text}], "citations": citations}
        return {CITATIONS: merge(wire, unmark(part.opaque, CITATIONS))}
    return {"text": part.text}


def _encode_media(part: Image | Audio | Video | Document) -> dict[str, Any] | None:
    kind, transcript = kind_of(part), part.transcript if isinstance(part, Audio) else None
    # Of sound that a model said the format is not told: its words are.
    is_unnamed = isinstance(part.source, InlineSource) and part.source.media_type == "audio/*"
    wire = None if is_unnamed else encode_source(kind, part.source)
    if wire is None:
        return {"text": transcript} if transcript and transcript.strip() else None
    if isinstance(part, Document):
        if _is_marked(part.opaque, "format"):
            del wire["format"]
        citations = None if part.cites is None else {"enabled": part.cites}
        wire |= without_nulls({"name": part.name, "context": part.context, "citations": citations})
    if _is_marked(part.opaque, GUARD):
        return {GUARD: {kind: merge(wire, unmark(part.opaque, GUARD))}}
    return {kind: merge(wire, part.opaque)}


def _encode_search_result(part: SearchResult) -> dict[str, Any]:
    wire: dict[str, Any] = {
        "source": part.source,
        "title": part.title,
        "content": [merge({"text": text.text}, text.opaque) for text in part.texts],
    }
    if part.cites is not None:
        wire["citations"] = {"enabled": part.cites}
    return merge(wire, part.opaque)


def _encode_thinking(part: Thinking) -> dict[str, Any]:
    reasoning = without_nulls({"text": part.text, "signature": part.signature})
    return {REASONING: merge({"reasoningText": reasoning}, part.opaque)}


def _encode_redacted(data: str, *, is_reply: bool) -> dict[str, Any] | None:
    """What is not base64 is not of this dialect: its provider would not take it back."""
    if is_base64(data):
        return {REASONING: {"redactedContent": data}}
    return {REASONING: {"redactedContent": b64encode(data.encode()).decode()}} if is_reply else None
