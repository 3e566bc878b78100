"""Citations between this dialect and the neutral form."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.part import Citation
from stellwerk.dialects.anthropic_messages.types import DIALECT, Members, merge
from stellwerk.dialects.members import INTEGER, RAWS, STRING, UnreadableError

_WEB = "web_search_result_location"
_PASSAGE = "search_result_location"
_DOCUMENT = ("char_location", "page_location", "content_block_location")
# Where each kind says what the neutral form has a field for: its source's address, and its title.
_PLACES = {_WEB: ("url", "title"), _PASSAGE: ("source", "title"), **dict.fromkeys(_DOCUMENT, ("", "document_title"))}


def decode_citation(raw: msgspec.Raw) -> Citation:
    """One entry of ``citations``. Raises ``UnreadableError`` for a kind that is not known."""
    wire = Members(raw)
    kind = STRING.decode(wire.peek("type")) if bytes(wire.peek("type")).startswith(b'"') else ""
    if kind not in _PLACES:
        raise UnreadableError(kind)
    address, name = _PLACES[kind]
    url = wire.need(address, STRING) if address else None
    title, cited_text = wire.take(name, STRING), wire.take("cited_text", STRING)
    index = wire.take("document_index", INTEGER)
    return Citation(url, title, None, None, cited_text, index, wire.opaque())


def decode_citations(block: Members) -> tuple[Citation, ...]:
    """Takes ``citations`` of a text; with one among them that is not known, all stay opaque."""
    if not bytes(block.peek("citations")).startswith(b"["):
        return ()
    try:
        citations = tuple(decode_citation(raw) for raw in RAWS.decode(block.peek("citations")))
    except UnreadableError:
        return ()
    if citations:
        block.take("citations", RAWS)
    return citations


def is_own(citation: Citation) -> bool:
    """Whether it came in this dialect: only then does the provider take it back."""
    return citation.opaque is not None and "type" in citation.opaque.of(DIALECT)


def encode_citation(citation: Citation) -> dict[str, Any]:
    """The entry of ``citations``: in its own kind, else as a place on the web, else as one in a document."""
    own = citation.opaque.of(DIALECT).get("type") if citation.opaque is not None else None
    kind = msgspec.json.decode(own, type=str) if isinstance(own, msgspec.Raw) else ""
    if kind in _PLACES:
        address, name = _PLACES[kind]
        wire: dict[str, Any] = {name: citation.title, "cited_text": citation.cited_text or ""}
        wire |= {address: citation.url or ""} if address else {"document_index": citation.document_index or 0}
        return merge(wire, citation.opaque)
    told: dict[str, Any] = {"cited_text": citation.cited_text or ""}
    if citation.url is not None:
        return {"type": _WEB, **told, "url": citation.url, "title": citation.title, "encrypted_index": ""}
    place = {"document_index": citation.document_index or 0, "document_title": citation.title}
    return {"type": _DOCUMENT[0], **told, **place, "start_char_index": 0, "end_char_index": 0}
