"""Tools a model may call, and how freely it may choose among them."""

from __future__ import annotations

import enum
from typing import TypeAlias

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import CacheMark, ToolKind


class FunctionTool(msgspec.Struct, frozen=True):
    """A tool that takes a JSON object.

    ``parameters`` is its JSON Schema as raw JSON, ``None`` for a tool without parameters (which is kept, not dropped).
    Gemini's ``parameters`` take a subset only: its encoder inlines references. ``is_strict`` asks the provider to
    enforce the schema; ``None`` leaves it to the provider's default.
    """

    name: str
    description: str | None = None
    parameters: msgspec.Raw | None = None
    is_strict: bool | None = None
    cache: CacheMark | None = None
    opaque: Opaque | None = None


class CustomTool(msgspec.Struct, frozen=True):
    """A tool that takes free text (OpenAI). ``format`` is its grammar as raw JSON, ``None`` for any text."""

    name: str
    description: str | None = None
    format: msgspec.Raw | None = None
    opaque: Opaque | None = None


class OpaqueTool(msgspec.Struct, frozen=True):
    """A tool that only one dialect has (web search, code execution, computer use, ...), as it came."""

    dialect: str
    kind: str
    raw: msgspec.Raw


Tool: TypeAlias = FunctionTool | CustomTool | OpaqueTool
"""One entry of a request's tools. Their order is never changed: providers cache by prefix."""


class ToolMode(enum.Enum):
    """How freely the model may choose."""

    AUTO = "auto"
    """It may call tools or answer."""
    NONE = "none"
    """It must not call tools."""
    REQUIRED = "required"
    """It must call at least one (Anthropic and Converse ``any``, Gemini ``ANY``)."""


class ToolName(msgspec.Struct, frozen=True):
    """A tool by name and kind."""

    name: str
    kind: ToolKind = ToolKind.FUNCTION


class ToolChoice(msgspec.Struct, frozen=True):
    """The mode, and the tools it is limited to; empty means all of the request's.

    One name with ``REQUIRED`` forces that tool (OpenAI named choice, Anthropic and Converse ``tool``). Several names
    are OpenAI's ``allowed_tools`` and Gemini's ``allowedFunctionNames``. Whether calls may come in parallel is
    ``ChatRequest.is_parallel_allowed``, though Anthropic writes it here.
    """

    mode: ToolMode
    only: tuple[ToolName, ...] = ()
    opaque: Opaque | None = None
