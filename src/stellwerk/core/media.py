"""Media behind URLs in a chat request: which there are, where the caller wrote them, and the bytes in their place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias, TypeVar

import msgspec

from stellwerk.core.chat import ChatRequest, Message
from stellwerk.core.part import Audio, Document, Image, InlineSource, Part, ToolResult, UrlSource, Video

Media: TypeAlias = Image | Audio | Video | Document
"""Parts that have a source."""

SCHEMES = ("https://", "http://")
"""What can be fetched; anything else is a provider's own storage."""

_MEDIA = frozenset({Image, Audio, Video, Document})
_PLACES = frozenset({"url", "image_url", "video_url", "file_url", "file_data", "fileUri", "file_uri", "uri"})
"""Members under which the dialects write such a URL."""
_LONGEST_NAME = 64
_MOST_LEVELS = 256
_MOST_STEPS = 100_000
"""So far a place is looked for: 30 ms."""

_Holder = TypeVar("_Holder", Message, ToolResult)


class Link(msgspec.Struct, frozen=True):
    """Something to fetch: what it must be (a class of part), and its URL. ``media_type`` is what the caller says."""

    kind: type[Media]
    url: str
    media_type: str | None = None

    @property
    def noun(self) -> str:
        """What it is called in a sentence."""
        return self.kind.__name__.lower()


def links(request: ChatRequest) -> tuple[Link, ...]:
    """The media of a request that lie behind a URL which can be fetched, each once, in the order of the request."""
    found: dict[Link, None] = {}
    for message in request.messages:
        for part in message.parts:
            kind = type(part)
            if kind in _MEDIA:
                _note(part, found)
            elif kind is ToolResult and isinstance(part, ToolResult):
                for inner in part.parts:
                    _note(inner, found)
    return tuple(found)


def inline(request: ChatRequest, fetched: Mapping[Link, InlineSource]) -> ChatRequest:
    """The request with what was fetched in the place of its URLs. Whatever holds none of them stays the same object."""
    messages = tuple(_with(message, fetched) for message in request.messages)
    return msgspec.structs.replace(request, messages=messages)


def place_of(body: bytes, url: str) -> str:
    """Where a request's JSON names a URL, such as ``messages[0].content[1].image_url.url``; empty if it does not.

    It is looked for in the first hundred thousand values: further on it is not worth the time.
    """
    try:
        document = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    keys: list[str | int] = []
    levels = [_children(document)]
    for _ in range(_MOST_STEPS):
        found = next(levels[-1], None)
        if found is None:
            levels.pop()
            if not levels:
                break
            keys.pop()
            continue
        key, value = found
        if value == url and key in _PLACES:
            return "".join(map(_step, (*keys, key))).removeprefix(".")
        if isinstance(value, dict | list) and len(levels) <= _MOST_LEVELS:
            keys.append(key)
            levels.append(_children(value))
    return ""


def _note(part: Part, found: dict[Link, None]) -> None:
    link = _link(part)
    if link is not None:
        found[link] = None


def _link(part: Part) -> Link | None:
    if not isinstance(part, Image | Audio | Video | Document) or not isinstance(part.source, UrlSource):
        return None
    url = part.source.url
    return Link(type(part), url, part.source.media_type) if url[:8].lower().startswith(SCHEMES) else None


def _with(holder: _Holder, fetched: Mapping[Link, InlineSource]) -> _Holder:
    """A message, or a tool's result, with its parts replaced."""
    parts = tuple(_part_with(part, fetched) for part in holder.parts)
    if all(new is old for new, old in zip(parts, holder.parts, strict=True)):
        return holder
    replaced: _Holder = msgspec.structs.replace(holder, parts=parts)
    return replaced


def _part_with(part: Part, fetched: Mapping[Link, InlineSource]) -> Part:
    if isinstance(part, ToolResult):
        return _with(part, fetched)
    link = _link(part)
    source = fetched.get(link) if link is not None else None
    if source is None or not isinstance(part, Image | Audio | Video | Document):
        return part
    replaced: Part = msgspec.structs.replace(part, source=source)
    return replaced


def _children(value: Any) -> Iterator[tuple[str | int, Any]]:
    match value:
        case dict():
            return ((name, child) for name, child in value.items() if len(name) <= _LONGEST_NAME)
        case list():
            return iter(enumerate(value))
        case _:
            return iter(())


def _step(key: str | int) -> str:
    return f"[{key}]" if isinstance(key, int) else f".{key}"
