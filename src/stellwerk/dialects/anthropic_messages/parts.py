"""Content blocks between this dialect and the neutral form; tool calls and their results are in ``tools``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import (
    Audio,
    Document,
    Image,
    OpaquePart,
    Part,
    RedactedThinking,
    Refusal,
    SearchResult,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from stellwerk.dialects.anthropic_messages.cache import decode_cache, encode_cache
from stellwerk.dialects.anthropic_messages.citations import decode_citations, encode_citation, is_own
from stellwerk.dialects.anthropic_messages.sources import decode_source, encode_source
from stellwerk.dialects.anthropic_messages.tools import decode_call, encode_call, encode_id
from stellwerk.dialects.anthropic_messages.types import AS_LIST, DIALECT, Members, is_spelled, marked, merge
from stellwerk.dialects.members import BOOLEAN, RAW, RAWS, STRING, UnreadableError
from stellwerk.dialects.thought_signature import as_signed

Wire = msgspec.Raw | dict[str, Any]
"""One content block, ready to be encoded."""


def decode_content(item: Members, name: str = "content") -> tuple[tuple[Part, ...], bool]:
    """The content in the member ``name``, and whether it came as an array although a string would say the same."""
    return _content(item, _READERS, name)


def plain_text(parts: Sequence[object]) -> str | None:
    """The text that a string can say in their place; ``None`` where there is more, or nothing."""
    if len(parts) != 1 or not isinstance(text := parts[0], Text) or text != Text(text.text):
        return None
    return text.text


def encode_part(part: Part) -> Wire | None:
    """The content block of a request; ``None`` for what this dialect has no form for, or takes no empty one of.

    Thinking without a signature is nobody's proof: it is left out. Citations go back where they came from only.
    """
    match part:
        case Text():
            return _encode_text(part, tuple(one for one in part.citations if is_own(one)))
        case Thinking():
            return encode_thinking(as_signed(part)) if part.signature else None
        case ToolCall():
            return encode_call(part)
        case ToolResult():
            return _encode_result(part)
        case Image() | Document() | SearchResult():
            return _encode_media(part)
        case _:
            return _encode_rest(part)


def encode_answer(part: Part) -> Wire | None:
    """The content block of a reply: citations of any origin, thinking without a signature, and thought signatures."""
    match part:
        case Text():
            return _encode_text(part, part.citations)
        case Thinking():
            return encode_thinking(part)
        case ToolCall():
            return encode_call(part, is_reply=True)
        case Image() | Document() | SearchResult() | ToolResult():
            return None
        case _:
            return _encode_rest(part)


def encode_thinking(part: Thinking) -> dict[str, Any]:
    """A ``thinking`` block, its members in the order in which the provider writes them."""
    return merge({"type": "thinking", "thinking": part.text, "signature": part.signature or ""}, part.opaque)


def _encode_text(part: Text, citations: tuple[Any, ...]) -> dict[str, Any] | None:
    if not part.text:
        return None  # refused by the provider, and nothing to anybody
    wire: dict[str, Any] = {"type": "text", "text": part.text, **encode_cache(part.cache)}
    if citations:
        wire["citations"] = [encode_citation(citation) for citation in citations]
    return merge(wire, part.opaque)


def _encode_rest(part: Part) -> Wire | None:
    match part:
        case RedactedThinking():
            return merge({"type": "redacted_thinking", "data": part.data}, part.opaque)
        case Refusal(text=text) if text:
            return {"type": "text", "text": text}
        case Audio(transcript=str(text)) if text:
            return {"type": "text", "text": text}
        case OpaquePart():
            return part.raw if part.dialect == DIALECT else None
        case _:
            return None


def _encode_media(part: Image | Document | SearchResult) -> dict[str, Any]:
    wire: dict[str, Any]
    match part:
        case Image():
            wire = {"type": "image", "source": encode_source(part.source)}
        case Document():
            wire = {"type": "document", "source": encode_source(part.source, is_document=True)}
            wire |= {name: text for name, text in (("title", part.name), ("context", part.context)) if text is not None}
        case _:
            texts = [block for text in part.texts if (block := _encode_text(text, ())) is not None]
            wire = {"type": "search_result", "source": part.source, "title": part.title, "content": texts}
    if not isinstance(part, Image) and part.cites is not None:
        wire["citations"] = {"enabled": part.cites}
    return merge(wire | encode_cache(part.cache), part.opaque)


def _encode_result(part: ToolResult) -> dict[str, Any]:
    wire: dict[str, Any] = {"type": "tool_result", "tool_use_id": encode_id(part.call_id)}
    is_listed = is_spelled(part.opaque, AS_LIST)
    if part.parts or is_listed:
        wire["content"] = encode_content(part.parts, is_listed=is_listed)
    if part.is_error is not None:
        wire["is_error"] = part.is_error
    return merge(wire | encode_cache(part.cache), part.opaque)


def encode_content(parts: tuple[Part, ...], *, is_listed: bool) -> str | list[Wire]:
    """A string for one plain text unless it came as an array, else an array."""
    text = None if is_listed else plain_text(parts)
    if text is not None:
        return text
    return [wire for part in parts if (wire := encode_part(part)) is not None]


def _read_text(block: Members) -> Text:
    text, cache, citations = block.need("text", STRING), decode_cache(block), decode_citations(block)
    return Text(text, cache, citations, opaque=block.opaque())


def _read_image(block: Members) -> Image:
    source = block.within("source")
    neutral, cache = decode_source(source), decode_cache(block)
    return Image(neutral, cache=cache, opaque=block.opaque(source=source.opaque()))


def _read_document(block: Members) -> Document:
    source = block.within("source")
    neutral, name, context = decode_source(source), block.take("title", STRING), block.take("context", STRING)
    cites, citations = _read_cites(block)
    cache = decode_cache(block)
    return Document(neutral, name, context, cites, cache, block.opaque(source=source.opaque(), citations=citations))


def _read_search_result(block: Members) -> SearchResult:
    source, title, raws = block.need("source", STRING), block.need("title", STRING), block.need("content", RAWS)
    texts = tuple(_read_passage(Members(raw)) for raw in raws)
    cites, citations = _read_cites(block)
    return SearchResult(source, title, texts, cites, decode_cache(block), block.opaque(citations=citations))


def _read_passage(block: Members) -> Text:
    if block.need("type", STRING) != "text":
        raise UnreadableError("a passage consists of texts")
    return _read_text(block)


def _read_cites(block: Members) -> tuple[bool | None, Opaque | None]:
    if "citations" not in block:
        return None, None
    try:
        citations = Members(block.peek("citations"))
        cites = citations.need("enabled", BOOLEAN)
    except UnreadableError:
        return None, None
    block.take("citations", RAW)
    return cites, citations.opaque()


def _read_thinking(block: Members) -> Thinking:
    text, signature = block.take("thinking", STRING), block.take("signature", STRING)
    return Thinking(text or "", signature or None, opaque=block.opaque())


def _read_redacted(block: Members) -> RedactedThinking:
    return RedactedThinking(block.need("data", STRING), block.opaque())


def _read_result(block: Members) -> ToolResult:
    call_id, is_error, cache = block.need("tool_use_id", STRING), block.take("is_error", BOOLEAN), decode_cache(block)
    parts, is_listed = _content(block, _RESULT_READERS)
    opaque = marked(block.opaque(), *((AS_LIST,) if is_listed else ()))
    return ToolResult(call_id, parts, is_error=is_error, cache=cache, opaque=opaque)


_P = TypeVar("_P")
_RESULT_READERS: dict[str, Callable[[Members], Text | Image | Document | SearchResult]] = {
    "text": _read_text,
    "image": _read_image,
    "document": _read_document,
    "search_result": _read_search_result,
}
_READERS: dict[str, Callable[[Members], Part]] = {
    **_RESULT_READERS,
    "thinking": _read_thinking,
    "redacted_thinking": _read_redacted,
    "tool_use": decode_call,
    "tool_result": _read_result,
}


def _content(
    item: Members, readers: Mapping[str, Callable[[Members], _P]], name: str = "content"
) -> tuple[tuple[_P | Text | OpaquePart, ...], bool]:
    if not bytes(item.peek(name)).startswith(b"["):
        text = item.take(name, STRING)
        return () if text is None else (Text(text),), False
    parts = tuple([_part(block, readers) for block in item.objects(name)])
    return parts, not parts or plain_text(parts) is not None


def _part(block: Members, readers: Mapping[str, Callable[[Members], _P]]) -> _P | OpaquePart:
    """One content block; a block of a type or shape that is not known stays opaque."""
    whole = block.copy()
    kind = block.need("type", STRING)
    read = readers.get(kind)
    try:
        return OpaquePart(DIALECT, kind, whole.whole()) if read is None else read(block.leniently())
    except UnreadableError:
        return OpaquePart(DIALECT, kind, whole.whole())
