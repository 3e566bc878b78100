"""The bodies of requests, exactly as the service's model has them: what it does not know is refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from stellwerk.simulator.bedrock.blocks import CachePoint, Message, NonEmpty, Shape, SystemBlock, ToolName, Union


class InputSchema(Shape, frozen=True):
    """The schema of a tool's input."""

    json: dict[str, Any]


class ToolSpec(Shape, frozen=True):
    """A tool."""

    name: ToolName
    input_schema: InputSchema
    description: NonEmpty | None = None
    strict: bool | None = None


class SystemTool(Shape, frozen=True):
    """A tool of the service's own."""

    name: ToolName


class ToolEntry(Union, frozen=True):
    """One of the tools."""

    tool_spec: ToolSpec | None = None
    system_tool: SystemTool | None = None
    cache_point: CachePoint | None = None


class Empty(Shape, frozen=True):
    """Nothing but that it is there."""


class Named(Shape, frozen=True):
    """The name of a tool."""

    name: ToolName


class ToolChoice(Union, frozen=True):
    """Which tool is to be called."""

    auto: Empty | None = None
    any: Empty | None = None
    tool: Named | None = None


class ToolConfig(Shape, frozen=True):
    """The tools and which of them is to be called."""

    tools: Annotated[list[ToolEntry], msgspec.Meta(min_length=1)]
    tool_choice: ToolChoice | None = None


class InferenceConfig(Shape, frozen=True):
    """How the model is to write."""

    max_tokens: Annotated[int, msgspec.Meta(ge=1)] | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    top_p: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    stop_sequences: Annotated[list[NonEmpty], msgspec.Meta(max_length=2500)] | None = None


class GuardrailConfig(Shape, frozen=True):
    """The guardrail that looks at question and answer."""

    guardrail_identifier: Annotated[str, msgspec.Meta(pattern="^([a-z0-9]+|arn:aws(-[^:]+)?:bedrock:.*)$")] | None = (
        None
    )
    guardrail_version: Annotated[str, msgspec.Meta(pattern="^([1-9][0-9]{0,7}|DRAFT)$")] | None = None
    trace: Literal["enabled", "disabled", "enabled_full"] | None = None
    stream_processing_mode: Literal["sync", "async"] | None = None


class JsonSchema(Shape, frozen=True):
    """A schema, written as a string."""

    schema: str
    name: str | None = None
    description: str | None = None


class Structure(Shape, frozen=True):
    """The shape of an answer."""

    json_schema: JsonSchema


class TextFormat(Shape, frozen=True):
    """The format of an answer."""

    type: Literal["json_schema"]
    structure: Structure


class OutputConfig(Shape, frozen=True):
    """What the answer is to be like."""

    text_format: TextFormat | None = None
    effort: Annotated[str, msgspec.Meta(max_length=16)] | None = None


class Performance(Shape, frozen=True):
    """How fast the answer is to come."""

    latency: Literal["standard", "optimized"] | None = None


class ServiceTier(Shape, frozen=True):
    """How soon the request is to be served."""

    type: Literal["priority", "default", "flex", "reserved"]


class ConverseRequest(Shape, frozen=True):
    """The body of ``POST /model/{modelId}/converse`` and ``…/converse-stream``."""

    messages: tuple[Message, ...] = ()
    system: tuple[SystemBlock, ...] = ()
    inference_config: InferenceConfig = InferenceConfig()
    tool_config: ToolConfig | None = None
    guardrail_config: GuardrailConfig | None = None
    additional_model_request_fields: dict[str, Any] = msgspec.field(default_factory=dict)
    additional_model_response_field_paths: Annotated[tuple[NonEmpty, ...], msgspec.Meta(max_length=10)] = ()
    prompt_variables: dict[str, Any] | None = None
    project_identifier: str | None = None
    request_metadata: Annotated[dict[str, str], msgspec.Meta(min_length=1, max_length=16)] | None = None
    performance_config: Performance | None = None
    service_tier: ServiceTier | None = None
    output_config: OutputConfig = OutputConfig()


class CountedConverse(Shape, frozen=True):
    """The conversation whose tokens are counted."""

    messages: tuple[Message, ...] = ()
    system: tuple[SystemBlock, ...] = ()
    tool_config: ToolConfig | None = None
    additional_model_request_fields: dict[str, Any] = msgspec.field(default_factory=dict)


class Counted(Shape, frozen=True):
    """What is counted."""

    converse: CountedConverse


class CountRequest(Shape, frozen=True):
    """The body of ``POST /model/{modelId}/count-tokens``."""

    input: Counted
