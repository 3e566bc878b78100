"""The bodies of requests for messages and for counts of tokens; unknown fields are refused, as Anthropic does."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from stellwerk.simulator.anthropic.blocks import CacheControl, Content, Text

BETA_FIELDS = (
    "mcp_servers",
    "context_management",
    "output_format",
    "fallbacks",
    "compaction",
    "billing_policy",
    "thread",
)
"""What only callers with an ``anthropic-beta`` header may say."""


class CustomTool(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One of ``tools`` that is the caller's own."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-zA-Z0-9_-]{1,128}$")]
    input_schema: dict[str, Any]
    type: Literal["custom"] | None = None
    description: str | None = None
    cache_control: CacheControl | None = None
    strict: bool | None = None
    allowed_callers: list[str] | None = None
    defer_loading: bool | None = None
    eager_input_streaming: bool | None = None
    input_examples: list[dict[str, Any]] | None = None


class ToolChoice(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """``tool_choice``."""

    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: bool | None = None

    def __post_init__(self) -> None:
        """Refuses a choice that is none."""
        if (self.type == "tool") != (self.name is not None):
            raise ValueError("name: Field required" if self.type == "tool" else "name: Extra inputs are not permitted")
        if self.type == "none" and self.disable_parallel_tool_use is not None:
            raise ValueError("disable_parallel_tool_use: Extra inputs are not permitted")


Display = Literal["summarized", "omitted"] | None


class Enabled(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="enabled"):
    """Thinking within a budget."""

    budget_tokens: Annotated[int, msgspec.Meta(ge=1_024)]
    display: Display = None


class Adaptive(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="adaptive"):
    """Thinking as much as the model wants."""

    display: Display = None


class BetweenTools(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="between_tools"):
    """Thinking about the results of tools alone."""


class Disabled(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="disabled"):
    """No thinking."""


class Format(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """``output_config.format``."""

    type: Literal["json_schema"]
    schema: dict[str, Any]


class OutputConfig(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """``output_config``."""

    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: Format | None = None
    task_budget: dict[str, Any] | None = None


class Metadata(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``metadata``."""

    user_id: Annotated[str, msgspec.Meta(max_length=256)] | None = None


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One message."""

    role: str
    content: str | list[Content]


class CountRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The body of ``POST /v1/messages/count_tokens``."""

    model: Annotated[str, msgspec.Meta(min_length=1)]
    messages: list[Message]
    system: str | list[Text] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: ToolChoice | None = None
    thinking: Enabled | Adaptive | BetweenTools | Disabled | None = None
    output_config: OutputConfig | None = None
    cache_control: CacheControl | None = None
    speed: Literal["standard", "fast"] | None = None
    mcp_servers: list[Any] | None = None
    context_management: dict[str, Any] | None = None
    output_format: Format | None = None


class MessagesRequest(CountRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The body of ``POST /v1/messages``."""

    max_tokens: Annotated[int, msgspec.Meta(ge=1)]
    stream: bool | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    top_p: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    top_k: Annotated[int, msgspec.Meta(ge=0)] | None = None
    stop_sequences: list[str] | None = None
    metadata: Metadata | None = None
    service_tier: Literal["auto", "standard_only"] | None = None
    container: Any = None
    inference_geo: str | None = None
    diagnostics: dict[str, Any] | None = None
    user_profile_id: str | None = None
    workspace_id: str | None = None
    fallbacks: Any = None
    compaction: Any = None
    billing_policy: Any = None
    thread: Any = None
