"""The content blocks of a conversation, exactly as the service's model has them; each has exactly one member."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

ToolName = Annotated[str, msgspec.Meta(pattern="^[a-zA-Z0-9_-]+$", min_length=1, max_length=64)]
ToolUseId = Annotated[str, msgspec.Meta(pattern="^[a-zA-Z0-9_.:-]+$", min_length=1, max_length=64)]
Bytes = Annotated[bytes, msgspec.Meta(min_length=1)]
NonEmpty = Annotated[str, msgspec.Meta(min_length=1)]


AudioFormat = Literal[
    "mp3", "opus", "wav", "aac", "flac", "mp4", "ogg", "mkv", "mka", "x-aac", "m4a", "mpeg", "mpga", "pcm", "webm"
]


class Shape(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, rename="camel"):
    """A structure of the service's model."""


class Union(Shape, frozen=True):
    """A structure of which exactly one member is given."""

    def __post_init__(self) -> None:
        """Refuses a union of none or several."""
        if len(self.given) != 1:
            members = ", ".join(self.given) or "none"
            raise ValueError(f"expected exactly one member of the union, found {members}")

    @property
    def given(self) -> list[str]:
        """The members that are given, by their names in JSON."""
        names = zip(self.__struct_fields__, self.__struct_encode_fields__, strict=True)
        return [shown for name, shown in names if getattr(self, name) is not None]


class S3Location(Shape, frozen=True):
    """An object in S3."""

    uri: Annotated[str, msgspec.Meta(pattern="^s3://[a-z0-9][.a-z0-9-]{1,61}[a-z0-9](/.*)?$")]
    bucket_owner: str | None = None


class MediaSource(Union, frozen=True):
    """The bytes of a medium, or where they lie."""

    bytes: Bytes | None = None
    s3_location: S3Location | None = None


class Image(Shape, frozen=True):
    """An image."""

    format: Literal["png", "jpeg", "gif", "webp"]
    source: MediaSource


class Video(Shape, frozen=True):
    """A video."""

    format: Literal["mkv", "mov", "mp4", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp"]
    source: MediaSource


class Audio(Shape, frozen=True):
    """A sound."""

    format: AudioFormat
    source: MediaSource


class TextOnly(Shape, frozen=True):
    """A text."""

    text: str


class DocumentSource(Union, frozen=True):
    """The content of a document, or where it lies."""

    bytes: Bytes | None = None
    s3_location: S3Location | None = None
    text: str | None = None
    content: list[TextOnly] | None = None


class Citations(Shape, frozen=True):
    """Whether a document is to be cited."""

    enabled: bool


class Document(Shape, frozen=True):
    """A document."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    source: DocumentSource
    format: Literal["pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"] | None = None
    context: str | None = None
    citations: Citations | None = None


class ToolUse(Shape, frozen=True):
    """A call that the model made."""

    tool_use_id: ToolUseId
    name: ToolName
    input: dict[str, Any]


class ResultBlock(Union, frozen=True):
    """A part of the result of a call."""

    text: str | None = None
    json: dict[str, Any] | None = None
    image: Image | None = None
    document: Document | None = None
    video: Video | None = None


class ToolResult(Shape, frozen=True):
    """The result of a call."""

    tool_use_id: ToolUseId
    content: list[ResultBlock]
    status: Literal["success", "error"] | None = None


class CachePoint(Shape, frozen=True):
    """A place up to which the prompt is to be cached."""

    type: Literal["default"]
    ttl: Literal["5m", "1h"] | None = None


class ReasoningText(Shape, frozen=True):
    """What the model thought."""

    text: str
    signature: str | None = None


class Reasoning(Union, frozen=True):
    """What the model thought, readable or not."""

    reasoning_text: ReasoningText | None = None
    redacted_content: bytes | None = None


class GuardText(Shape, frozen=True):
    """A text that a guardrail looks at."""

    text: str
    qualifiers: list[Literal["grounding_source", "query", "guard_content"]] | None = None


class GuardContent(Union, frozen=True):
    """What a guardrail looks at."""

    text: GuardText | None = None
    image: Image | None = None


class Block(Union, frozen=True):
    """One block of a message's content."""

    text: str | None = None
    image: Image | None = None
    document: Document | None = None
    video: Video | None = None
    audio: Audio | None = None
    tool_use: ToolUse | None = None
    tool_result: ToolResult | None = None
    guard_content: GuardContent | None = None
    cache_point: CachePoint | None = None
    reasoning_content: Reasoning | None = None
    citations_content: dict[str, Any] | None = None
    search_result: dict[str, Any] | None = None


class SystemBlock(Union, frozen=True):
    """One block of the system prompt."""

    text: NonEmpty | None = None
    guard_content: GuardContent | None = None
    cache_point: CachePoint | None = None


class Message(Shape, frozen=True):
    """One turn of a conversation."""

    role: Literal["user", "assistant"]
    content: list[Block]

    @property
    def text(self) -> str:
        """Its text alone."""
        texts: list[str] = []
        for block in self.content:
            if block.text is not None:
                texts.append(block.text)
            elif block.guard_content is not None and block.guard_content.text is not None:
                texts.append(block.guard_content.text.text)
        return "".join(texts)
