"""What a message is made of: text, media, thinking, tool calls and their results."""

from __future__ import annotations

import enum
from typing import TypeAlias

import msgspec

from stellwerk.core.opaque import Opaque


class CacheMark(msgspec.Struct, frozen=True):
    """The prompt up to and including the marked item shall be cached by the provider.

    ``ttl`` is the provider's own word for the lifetime (``5m``, ``1h``, ``30m``), ``None`` for its default. Anthropic
    and hosts of the OpenAI dialect write ``cache_control``, OpenAI ``prompt_cache_breakpoint``, Converse puts a
    ``cachePoint`` block behind the item; Gemini has none. At most four per request are honoured by any provider.
    ``opaque`` says how it was spelled where that is not the plain ``cache_control``.
    """

    ttl: str | None = None
    opaque: Opaque | None = None


class UrlSource(msgspec.Struct, frozen=True):
    """Media behind a URL (``https:``, ``gs:``, ``s3:``). ``media_type`` is ``None`` where the dialect does not say."""

    url: str
    media_type: str | None = None


class InlineSource(msgspec.Struct, frozen=True):
    """Media in the request itself: ``data`` is base64 text as on the wire, ``media_type`` a MIME type."""

    media_type: str
    data: str


class FileSource(msgspec.Struct, frozen=True):
    """Media that the provider already holds: its file id (OpenAI, Anthropic ``file_id``, Gemini ``fileUri``)."""

    id: str
    media_type: str | None = None


class TextSource(msgspec.Struct, frozen=True):
    """A document given as plain text (Anthropic ``source.type = text``, Converse ``source.text``)."""

    text: str


Source: TypeAlias = UrlSource | InlineSource | FileSource | TextSource
"""Where media come from. Encoders for Gemini and Converse need URLs fetched first: they take no foreign ones."""


class Citation(msgspec.Struct, frozen=True):
    """A source that a piece of text rests on.

    ``start`` and ``end`` are half-open positions in the answer's text in characters, where the dialect gives them
    (OpenAI ``url_citation``, Gemini grounding in bytes: its decoder converts). ``cited_text`` is the passage of the
    source (Anthropic, Converse), ``document_index`` counts the documents of the request. Finer locations stay opaque.
    """

    url: str | None = None
    title: str | None = None
    start: int | None = None
    end: int | None = None
    cited_text: str | None = None
    document_index: int | None = None
    opaque: Opaque | None = None


class Text(msgspec.Struct, frozen=True):
    """Plain text. ``signature`` is Gemini's ``thoughtSignature`` on a text part: it must go back in its place."""

    text: str
    cache: CacheMark | None = None
    citations: tuple[Citation, ...] = ()
    signature: str | None = None
    opaque: Opaque | None = None


class Image(msgspec.Struct, frozen=True):
    """A picture. ``detail`` is OpenAI's resolution wish (``auto low high original``)."""

    source: Source
    detail: str | None = None
    cache: CacheMark | None = None
    signature: str | None = None
    opaque: Opaque | None = None


class Audio(msgspec.Struct, frozen=True):
    """Sound that goes in, or that a model said.

    ``source`` is ``None`` where only the words travel. ``id`` names sound the provider said before and still holds
    (OpenAI ``message.audio.id``, valid until ``expires_at_s``, Unix seconds); ``transcript`` is what was said. An
    inline ``media_type`` is ``audio/<format>`` with OpenAI's format word (``wav``, ``mp3``).
    """

    source: Source | None = None
    id: str | None = None
    transcript: str | None = None
    expires_at_s: int | None = None
    cache: CacheMark | None = None
    opaque: Opaque | None = None


class Video(msgspec.Struct, frozen=True):
    """Moving pictures (Gemini, Converse)."""

    source: Source
    cache: CacheMark | None = None
    opaque: Opaque | None = None


class Document(msgspec.Struct, frozen=True):
    """A file to read. ``name`` is its file name or title (Converse demands one, unique in the request).

    ``context`` is what the caller says about it and ``cites`` whether citations are wanted (Anthropic, Converse).
    """

    source: Source
    name: str | None = None
    context: str | None = None
    cites: bool | None = None
    cache: CacheMark | None = None
    opaque: Opaque | None = None


class SearchResult(msgspec.Struct, frozen=True):
    """A passage the caller found, to be cited (Anthropic, Converse ``search_result``)."""

    source: str
    title: str
    texts: tuple[Text, ...]
    cites: bool | None = None
    cache: CacheMark | None = None
    opaque: Opaque | None = None


class Refusal(msgspec.Struct, frozen=True):
    """The model's words for declining (OpenAI ``refusal``; other dialects say it by their stop reason and text)."""

    text: str
    opaque: Opaque | None = None


class Thinking(msgspec.Struct, frozen=True):
    """Reasoning of the model. It stands first in its turn and goes back byte for byte.

    ``signature`` proves to the provider that it is unchanged; a block may hold a signature and no text (Anthropic with
    omitted display, Responses ``encrypted_content``). Unsigned text (``reasoning_content`` of DeepSeek and alike) is
    for reading only: a dialect that demands signatures drops it. ``is_summary`` tells a summary from the thing itself.
    ``id`` is the Responses item id.
    """

    text: str = ""
    signature: str | None = None
    is_summary: bool = False
    id: str | None = None
    opaque: Opaque | None = None


class RedactedThinking(msgspec.Struct, frozen=True):
    """Reasoning that the provider encrypted (Anthropic ``redacted_thinking``, Converse ``redactedContent``)."""

    data: str
    opaque: Opaque | None = None


class ToolKind(enum.Enum):
    """Which sort of tool is called or defined."""

    FUNCTION = "function"
    """Arguments are a JSON object that the tool's schema describes."""
    CUSTOM = "custom"
    """Arguments are free text, perhaps in a grammar (OpenAI only)."""


class ToolCall(msgspec.Struct, frozen=True):
    """The model asks the caller to run a tool.

    ``id`` pairs it with its result and is never empty: the decoder of a dialect without ids (Gemini) makes one up.
    ``arguments`` is the text as the model wrote it: for a function JSON, which a reply that ran into its token limit
    may leave cut off, and which may be empty for "none" (encoders write ``{}``); for a custom tool free text.
    ``signature`` is Gemini's ``thoughtSignature`` of this part (over the OpenAI dialect
    ``extra_content.google.thought_signature``); of parallel calls only the first has one.
    """

    id: str
    name: str
    arguments: str
    kind: ToolKind = ToolKind.FUNCTION
    signature: str | None = None
    cache: CacheMark | None = None
    opaque: Opaque | None = None


class OpaquePart(msgspec.Struct, frozen=True):
    """A part that only one dialect has (server tool use and results, executable code, item references), as it came.

    ``kind`` is the dialect's type word. Encoders of other dialects drop it or refuse the request, as they can.
    """

    dialect: str
    kind: str
    raw: msgspec.Raw


class ToolResult(msgspec.Struct, frozen=True):
    """What a tool answered. ``call_id`` names its call; ``name`` the tool, where the dialect says it (Gemini must).

    ``is_error`` is ``None`` where nothing was said; OpenAI chat cannot say it. An empty ``call_id`` belongs to
    OpenAI's deprecated ``function`` role, which pairs by ``name``.
    """

    call_id: str
    parts: tuple[ResultPart, ...]
    name: str | None = None
    is_error: bool | None = None
    kind: ToolKind = ToolKind.FUNCTION
    cache: CacheMark | None = None
    opaque: Opaque | None = None


ResultPart: TypeAlias = Text | Image | Audio | Video | Document | SearchResult | OpaquePart
"""What a tool may answer with."""

Part: TypeAlias = (
    Text
    | Image
    | Audio
    | Video
    | Document
    | SearchResult
    | Refusal
    | Thinking
    | RedactedThinking
    | ToolCall
    | ToolResult
    | OpaquePart
)
"""Everything a message may hold."""
