"""Annotations of a text and the citations they are."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.part import Citation, Text
from stellwerk.dialects.members import INTEGER, RAW, RAWS, STRING, UnreadableError
from stellwerk.dialects.openai_responses.types import Members, merge, own

_URL = "url_citation"
_LIST = "annotations"


def decode_citations(part: Members) -> tuple[Citation, ...]:
    """Takes the annotations of a text; where one is of a shape that is not known, all stay opaque, as an empty list."""
    if not bytes(part.peek(_LIST)).startswith(b"[{"):
        return ()
    try:
        citations = tuple(decode_citation(raw) for raw in RAWS.decode(part.peek(_LIST)))
    except (UnreadableError, msgspec.ValidationError):
        return ()
    part.take(_LIST, RAW)
    return citations


def decode_citation(raw: msgspec.Raw) -> Citation:
    """One annotation. Of a file it keeps its type and its numbers opaque."""
    annotation = Members(raw)
    if annotation.peek("type") != msgspec.Raw(b'"url_citation"'):
        return Citation(title=annotation.given("filename", STRING), opaque=annotation.marked())
    annotation.take("type", RAW)
    url, title = annotation.given("url", STRING), annotation.given("title", STRING)
    start, end = annotation.given("start_index", INTEGER), annotation.given("end_index", INTEGER)
    return Citation(url, title, start, end, opaque=annotation.marked())


def encode_citation(citation: Citation) -> dict[str, Any]:
    """The annotation. The SDKs' types want each member of a URL's there."""
    members = own(citation.opaque)
    if members is None:
        span = {"start_index": citation.start or 0, "end_index": citation.end or 0}
        return {"type": _URL, **span, "url": citation.url or "", "title": citation.title or ""}
    if "type" in members:
        named = {} if citation.title is None else {"filename": citation.title}
        return merge(named, citation.opaque)
    said = {
        "start_index": citation.start,
        "end_index": citation.end,
        "url": citation.url,
        "title": citation.title,
    }
    return merge({"type": _URL, **{name: value for name, value in said.items() if value is not None}}, citation.opaque)


def encode_citations(text: Text) -> list[dict[str, Any]] | None:
    """The annotations; ``None`` where a text of this dialect came without the member, or keeps it opaque."""
    if own(text.opaque) is not None and not text.citations:
        return None
    return [encode_citation(citation) for citation in text.citations]
