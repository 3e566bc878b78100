"""Citations between this dialect's grounding and the neutral form.

Google counts bytes of a part's UTF-8 text, the neutral form characters of the whole answer. The passages that grounding
quotes of the answer are taken out when it is kept, and put back from the answer as it then is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import Citation, Part, Text
from stellwerk.dialects.gemini.types import DIALECT, Members, is_marked, mark
from stellwerk.dialects.members import RAW

GROUNDING = "groundingMetadata"
_KEPT = mark(None, GROUNDING)
_Span: TypeAlias = tuple[int, int, int]  # part, first byte, end byte


def take_grounding(candidate: Members, texts: Mapping[int, str]) -> tuple[dict[int, list[Citation]], Opaque | None]:
    """Citations by the number of the text part they stand at, and the grounding itself without the answer's text.

    ``texts`` are the candidate's texts by the number of their part. Grounding of an unknown shape stays where it is.
    """
    raw = candidate.peek(GROUNDING)
    if bytes(raw)[:1] != b"{":
        return {}, None
    wire = msgspec.json.decode(raw)
    supports = [entry for entry in _list(wire, "groundingSupports") if type(entry) is dict]
    chunks = _list(wire, "groundingChunks")
    spans = [_span(entry, texts) for entry in supports]
    characters = _Characters(texts, (span for span in spans if span is not None))
    cited: dict[int, list[Citation]] = {}
    for support, span in zip(supports, spans, strict=True):
        if span is None:
            continue
        start, end = characters.at(span[0], span[1]), characters.at(span[0], span[2])
        for index in _list(support, "groundingChunkIndices"):
            source = _source(chunks[index]) if type(index) is int and 0 <= index < len(chunks) else None
            if source is not None:
                cited.setdefault(span[0], []).append(Citation(*source, start, end, opaque=_KEPT))
        _quote(support, span, texts, is_taken=True)
    candidate.take(GROUNDING, RAW)
    return cited, Opaque(DIALECT, {GROUNDING: msgspec.Raw(msgspec.json.encode(wire))})


def restore(raw: msgspec.Raw, texts: Mapping[int, str]) -> dict[str, Any]:
    """Grounding as ``take_grounding`` kept it, with the passages of the answer in it again."""
    wire: dict[str, Any] = msgspec.json.decode(raw)
    for support in _list(wire, "groundingSupports"):
        span = _span(support, texts) if type(support) is dict else None
        if span is not None:
            _quote(support, span, texts, is_taken=False)
    return wire


def encode_citations(parts: Sequence[Part]) -> dict[str, Any] | None:
    """``groundingMetadata`` of citations that are not this dialect's own; ``None`` without any."""
    writer = GroundingWriter()
    base = 0
    for number, part in enumerate(parts):
        if isinstance(part, Text):
            for citation in part.citations:
                writer.add(citation, _segment(citation, part.text, base, number))
            base += len(part.text)
    return writer.wire


class GroundingWriter:
    """Collects sources and what rests on them."""

    __slots__ = ("_chunks", "_supports")

    def __init__(self) -> None:
        self._chunks: dict[bytes, int] = {}
        self._supports: list[dict[str, Any]] = []

    @property
    def wire(self) -> dict[str, Any] | None:
        """``groundingMetadata``; ``None`` where nothing was cited."""
        if not self._chunks:
            return None
        chunks = [msgspec.Raw(chunk) for chunk in self._chunks]
        return {"groundingChunks": chunks, "groundingSupports": self._supports}

    def add(self, citation: Citation, segment: dict[str, Any]) -> None:
        """One more citation, of a segment with its positions in bytes."""
        if is_marked(citation.opaque, GROUNDING):
            return
        if citation.url is not None:
            chunk: dict[str, Any] = {"web": {"uri": citation.url, "title": citation.title or ""}}
        else:
            chunk = {"retrievedContext": {"title": citation.title or "", "text": citation.cited_text or ""}}
        index = self._chunks.setdefault(msgspec.json.encode(chunk), len(self._chunks))
        self._supports.append({"segment": segment, "groundingChunkIndices": [index]})


def text_parts(parts: Iterable[Part]) -> dict[int, str]:
    """The texts among parts, by their numbers."""
    return {number: part.text for number, part in enumerate(parts) if isinstance(part, Text)}


class _Characters:
    """Positions in the whole answer, in characters, of positions in its parts, in bytes: one pass for all of them."""

    __slots__ = ("_known",)

    def __init__(self, texts: Mapping[int, str], spans: Iterable[_Span]) -> None:
        wanted: dict[int, set[int]] = {}
        for part, start, end in spans:
            wanted.setdefault(part, set()).update((start, end))
        self._known: dict[tuple[int, int], int] = {}
        base = 0
        for part, text in texts.items():
            if part in wanted:
                encoded, position, passed = text.encode(), base, 0
                for offset in sorted(wanted[part]):
                    position += len(encoded[passed:offset].decode(errors="ignore"))
                    passed = offset
                    self._known[part, offset] = position
            base += len(text)

    def at(self, part: int, offset: int) -> int:
        return self._known[part, offset]


def _span(support: Mapping[str, Any], texts: Mapping[int, str]) -> _Span | None:
    segment = support.get("segment")
    if type(segment) is not dict:
        return None
    part, start, end = segment.get("partIndex", 0), segment.get("startIndex", 0), segment.get("endIndex", 0)
    if not (type(part) is type(start) is type(end) is int) or not 0 <= start <= end:
        return None
    if part not in texts:
        part = next(iter(texts), -1)  # what is thought stands before, and is not always counted
    return (part, start, end) if part >= 0 else None


def _quote(support: dict[str, Any], span: _Span, texts: Mapping[int, str], *, is_taken: bool) -> None:
    part, start, end = span
    segment = support["segment"]
    passage = texts[part].encode()[start:end].decode(errors="replace")
    if is_taken and segment.get("text") == passage:
        del segment["text"]
    elif not is_taken and "text" not in segment:
        segment["text"] = passage


def _source(chunk: Any) -> tuple[str | None, str | None] | None:
    """URL and title of a chunk: of the web, of a map, or of a file."""
    for value in chunk.values() if type(chunk) is dict else ():
        if type(value) is dict:
            url, title = value.get("uri"), value.get("title")
            return (url if type(url) is str else None, title if type(title) is str else None)
    return None


def _segment(citation: Citation, text: str, base: int, number: int) -> dict[str, Any]:
    start, end = 0, len(text)
    if citation.start is not None and citation.end is not None and base <= citation.start <= citation.end:
        start, end = citation.start - base, citation.end - base
    first = len(text[:start].encode())
    passage = text[start:end]
    return {"partIndex": number, "startIndex": first, "endIndex": first + len(passage.encode()), "text": passage}


def _list(wire: Any, name: str) -> list[Any]:
    value = wire.get(name) if type(wire) is dict else None
    return value if type(value) is list else []
