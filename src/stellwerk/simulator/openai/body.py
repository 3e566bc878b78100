"""The bodies of requests for chat completions and embeddings; unknown fields are read over."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from stellwerk.simulator.openai.prompt import Message


class Function(msgspec.Struct, frozen=True, omit_defaults=True):
    """A function that may be called."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-zA-Z0-9_.-]{1,128}$")]
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class ToolEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of ``tools``."""

    type: Literal["function", "custom"]
    function: Function | None = None
    custom: Function | None = None

    def __post_init__(self) -> None:
        """Refuses an entry without what its type announces."""
        if self.entry is None:
            raise ValueError(f"Missing required parameter: '{self.type}'")

    @property
    def entry(self) -> Function | None:
        """What stands under the key that ``type`` names."""
        return self.function if self.type == "function" else self.custom


class Schema(msgspec.Struct, frozen=True):
    """A named schema of ``response_format``."""

    name: str
    schema: dict[str, Any] = {}
    strict: bool | None = None


class ResponseFormat(msgspec.Struct, frozen=True):
    """``response_format``."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: Schema | None = None

    def __post_init__(self) -> None:
        """Refuses a format without its schema."""
        if self.type == "json_schema" and self.json_schema is None:
            raise ValueError("Missing required parameter: 'json_schema'")


class StreamOptions(msgspec.Struct, frozen=True):
    """``stream_options``."""

    include_usage: bool | None = None


class CacheOptions(msgspec.Struct, frozen=True):
    """``prompt_cache_options``."""

    mode: Literal["implicit", "explicit"] = "implicit"
    ttl: Literal["30m"] | None = None


Penalty = Annotated[float, msgspec.Meta(ge=-2, le=2)] | None


class ChatRequest(msgspec.Struct, frozen=True):
    """The body of ``POST /v1/chat/completions``; unknown fields are read over."""

    model: str
    messages: Annotated[list[Message], msgspec.Meta(min_length=1)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: Annotated[int, msgspec.Meta(ge=1)] | None = None
    max_completion_tokens: Annotated[int, msgspec.Meta(ge=1)] | None = None
    n: Annotated[int, msgspec.Meta(ge=1, le=128)] | None = None
    stop: str | Annotated[list[str], msgspec.Meta(max_length=4)] | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    presence_penalty: Penalty = None
    frequency_penalty: Penalty = None
    seed: int | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, msgspec.Meta(ge=0, le=20)] | None = None
    tools: list[ToolEntry] | None = None
    tool_choice: Any = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    reasoning_effort: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_options: CacheOptions | None = None


class EmbeddingRequest(msgspec.Struct, frozen=True):
    """The body of ``POST /v1/embeddings``."""

    model: str
    input: str | list[Any]
    dimensions: Annotated[int, msgspec.Meta(ge=1, le=65_536)] | None = None
    encoding_format: Literal["float", "base64"] | None = None
