"""Media as OpenAI's dialects name them: one URL, which may hold the data itself."""

from __future__ import annotations

import re

from stellwerk.core.part import FileSource, InlineSource, Source, UrlSource

_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+*-]+);base64,([A-Za-z0-9+/=_-]*)")


def source_of(url: str) -> UrlSource | InlineSource:
    """What a URL stands for; one with data in another form than base64 stays a URL."""
    inline = _DATA_URL.fullmatch(url)
    return UrlSource(url) if inline is None else InlineSource(inline[1], inline[2])


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
