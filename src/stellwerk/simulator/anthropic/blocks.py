"""The content blocks of messages: what each of them may have, and how many tokens it counts."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import msgspec

from stellwerk.simulator.anthropic.sources import (
    Base64Document,
    Base64Image,
    ContentDocument,
    FileSource,
    TextDocument,
    UrlSource,
)
from stellwerk.simulator.ask import Segment
from stellwerk.simulator.tokens import count

IMAGE_TOKENS = 1_600
"""An image of unknown size counts as one of about 1.15 megapixels."""
FILE_BYTES_PER_TOKEN = 4
BLOCK_TOKENS = 4
"""What a block costs beside its content."""

Id = Annotated[str, msgspec.Meta(pattern="^[a-zA-Z0-9_-]+$")]


class CacheControl(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A mark behind which the prompt is kept."""

    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] | None = None
    scope: str | None = None


class Block(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """What any block may have."""

    cache_control: CacheControl | None = None


class Text(Block, frozen=True, tag="text"):
    """Text."""

    text: str
    citations: list[Any] | None = None


class Image(Block, frozen=True, tag="image"):
    """An image."""

    source: Base64Image | UrlSource | FileSource


class Document(Block, frozen=True, tag="document"):
    """A document."""

    source: Base64Document | TextDocument | ContentDocument | UrlSource | FileSource
    title: str | None = None
    context: str | None = None
    citations: dict[str, Any] | None = None


class SearchResult(Block, frozen=True, tag="search_result"):
    """Something that the caller found."""

    source: str
    title: str
    content: list[Text]
    citations: dict[str, Any] | None = None


class ToolReference(Block, frozen=True, tag="tool_reference"):
    """A tool that a search for tools found."""

    tool_name: str


class Thinking(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="thinking"):
    """A thought, with the signature that it came with."""

    thinking: str
    signature: str


class RedactedThinking(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="redacted_thinking"):
    """A thought that nobody but the model may read."""

    data: str


class ToolUse(Block, frozen=True, tag="tool_use"):
    """A call that the model made."""

    id: Id
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    input: dict[str, Any]
    caller: dict[str, Any] | None = None
    toolset_name: str | None = None


class ToolResult(Block, frozen=True, tag="tool_result"):
    """What came of a call."""

    tool_use_id: Id
    content: str | list[Text | Image | Document | SearchResult | ToolReference] | None = None
    is_error: bool | None = None
    toolset_name: str | None = None

    @property
    def text(self) -> str:
        """Its text alone."""
        if isinstance(self.content, list):
            return "".join([part.text for part in self.content if isinstance(part, Text)])
        return self.content or ""


class ServerToolUse(Block, frozen=True, tag="server_tool_use"):
    """A call that the provider carried out itself."""

    id: Annotated[str, msgspec.Meta(pattern="^srvtoolu_[a-zA-Z0-9_]+$")]
    name: str
    input: dict[str, Any]
    caller: dict[str, Any] | None = None


class ServerToolResult(Block, frozen=True, tag="web_search_tool_result"):
    """What came of it."""

    tool_use_id: str
    content: Any
    caller: dict[str, Any] | None = None


class WebFetchResult(ServerToolResult, frozen=True, tag="web_fetch_tool_result"):
    """The same for a page."""


class CodeResult(ServerToolResult, frozen=True, tag="code_execution_tool_result"):
    """The same for code."""


class BashResult(ServerToolResult, frozen=True, tag="bash_code_execution_tool_result"):
    """The same for a command."""


class EditorResult(ServerToolResult, frozen=True, tag="text_editor_code_execution_tool_result"):
    """The same for a file that was edited."""


class ToolSearchResult(ServerToolResult, frozen=True, tag="tool_search_tool_result"):
    """The same for a search for tools."""


class McpToolUse(Block, frozen=True, tag="mcp_tool_use"):
    """A call of a tool of an MCP server."""

    id: str
    name: str
    server_name: str
    input: dict[str, Any]


class McpToolResult(Block, frozen=True, tag="mcp_tool_result"):
    """What came of it."""

    tool_use_id: str
    content: Any = None
    is_error: bool | None = None


class ContainerUpload(Block, frozen=True, tag="container_upload"):
    """A file for the provider's container."""

    file_id: str


Content = (
    Text
    | Image
    | Document
    | SearchResult
    | Thinking
    | RedactedThinking
    | ToolUse
    | ToolResult
    | ServerToolUse
    | ServerToolResult
    | WebFetchResult
    | CodeResult
    | BashResult
    | EditorResult
    | ToolSearchResult
    | McpToolUse
    | McpToolResult
    | ContainerUpload
)

USERS_ONLY = (Image, Document, SearchResult, ToolResult, ContainerUpload)
MODELS_ONLY = (Thinking, RedactedThinking, ToolUse, ServerToolUse, ServerToolResult, McpToolUse, McpToolResult)


def type_of(block: Content) -> str:
    """The block's ``type``."""
    return str(block.__struct_config__.tag)


def cache_of(block: Content) -> CacheControl | None:
    """The mark behind the block."""
    return block.cache_control if isinstance(block, Block) else None


def measure(role: str, block: Content) -> Segment:
    """A block as a part of the prompt, the same with a mark and without."""
    if cache_of(block) is not None:
        block = msgspec.structs.replace(block, cache_control=None)
    return Segment(role.encode() + msgspec.json.encode(block), BLOCK_TOKENS + _tokens(block))


def _tokens(block: Content | ToolReference) -> int:
    match block:
        case Text(text=text) | Thinking(thinking=text):
            return count(text)
        case Image():
            return IMAGE_TOKENS
        case Document(source=Base64Document(data=data)):
            return math.ceil(len(data) * 3 / 4 / FILE_BYTES_PER_TOKEN)
        case ToolResult(content=list(parts)):
            return sum([BLOCK_TOKENS + _tokens(part) for part in parts])
        case ToolResult(content=str(text)):
            return count(text)
        case ToolUse(name=name, input=arguments):
            return count(name) + count(msgspec.json.encode(arguments).decode())
        case _:
            return count(msgspec.json.encode(block).decode())
