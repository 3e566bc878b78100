"""Media as OpenAI's dialects name them: one URL, which may hold the data itself."""

from __future__ import annotations

import re
import string

from stellwerk.core.part import FileSource, InlineSource, Source, UrlSource

_HEAD = re.compile(r"data:([\w.+-]+/[\w.+*-]+);base64,")
_BASE64 = f"{string.ascii_letters}{string.digits}+/=_-".encode()
"""The letters of both alphabets."""


def source_of(url: str) -> UrlSource | InlineSource:
    """What a URL stands for; one with data in another form than base64 stays a URL."""
    head = _HEAD.match(url)
    if head is None:
        return UrlSource(url)
    data = url[head.end() :]
    # Several times as fast as a pattern on megabytes: what is left without these letters is something else.
    is_base64 = data.isascii() and not data.encode().translate(None, _BASE64)
    return InlineSource(head[1], data) if is_base64 else UrlSource(url)


def url_of(source: Source) -> str:
    """The URL for it; of a file that the provider holds, its id."""
    match source:
        case UrlSource():
            return source.url
        case InlineSource():
            return f"data:{source.media_type};base64,{source.data}"
        case FileSource():
            return source.id
        case _:
            return source.text
