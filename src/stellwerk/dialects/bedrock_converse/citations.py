"""Citations between this dialect and the neutral form."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.part import Citation
from stellwerk.dialects.bedrock_converse.types import Members, merge
from stellwerk.dialects.members import INTEGER, RAW, RAWS, STRING, UnreadableError, without_nulls

_OF_DOCUMENTS = ("documentChar", "documentPage", "documentChunk")


def decode_citation(raw: msgspec.Raw) -> Citation:
    """One citation. Where exactly it points to stays opaque. Raises ``UnreadableError`` for another shape."""
    wire = Members(raw)
    title = wire.take("title", STRING)
    cited = None
    passages = wire.take("sourceContent", RAWS)
    if passages is not None:
        texts = []
        for passage in passages:
            members = Members(passage)
            texts.append(members.need("text", STRING))
            if members.opaque() is not None:
                raise UnreadableError("a passage that is more than text")
        cited = "".join(texts)
    url, document = _located(wire.peek("location"))
    return Citation(url, title, cited_text=cited, document_index=document, opaque=wire.opaque())


def encode_citation(citation: Citation) -> dict[str, Any]:
    """A citation, with the place it points to where that is known."""
    cited = citation.cited_text
    wire: dict[str, Any] = {"title": citation.title, "sourceContent": None if cited is None else [{"text": cited}]}
    wire = merge(without_nulls(wire), citation.opaque)
    if "location" not in wire:
        if citation.url is not None:
            wire["location"] = {"web": {"url": citation.url}}
        elif citation.document_index is not None:
            wire["location"] = {"documentChar": {"documentIndex": citation.document_index}}
    return wire


def _located(raw: msgspec.Raw) -> tuple[str | None, int | None]:
    """Address and document of a location; the location itself stays opaque."""
    try:
        location = Members(raw)
        if "web" in location:
            return Members(location.need("web", RAW)).take("url", STRING), None
        for kind in _OF_DOCUMENTS:
            if kind in location:
                return None, Members(location.need(kind, RAW)).take("documentIndex", INTEGER)
    except UnreadableError:
        pass
    return None, None
