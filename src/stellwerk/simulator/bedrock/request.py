"""Reads Converse requests as strictly as Bedrock does where clients would notice."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec

from stellwerk.simulator.ask import Ask, Tool
from stellwerk.simulator.bedrock.body import ConverseRequest, CountRequest, ToolConfig
from stellwerk.simulator.bedrock.claude import budget_of, check_claude, check_schema, is_claude, thinking_of
from stellwerk.simulator.bedrock.prompt import MOST_CACHE_POINTS, measure, results_of, text_of
from stellwerk.simulator.bedrock.turns import check_turns, invalid
from stellwerk.simulator.prompt_cache import least_cached
from stellwerk.simulator.refusal import Refusal

_PLACE = re.compile(r" - at `\$\.?(.*)`$")
_INDEX = re.compile(r"\[(\d+|\.\.\.)\]")

Body = TypeVar("Body", ConverseRequest, CountRequest)


def read_converse(body: bytes, model: str, *, is_stream: bool) -> Ask:
    """What a request asks. Raises ``Refusal``."""
    request = _decoded(body, ConverseRequest)
    guard = request.guardrail_config
    if guard is not None and guard.stream_processing_mode is not None and not is_stream:
        raise invalid("guardrailConfig.streamProcessingMode: only streams have it.")
    if guard is not None and (guard.guardrail_identifier is None) != (guard.guardrail_version is None):
        raise invalid("guardrailConfig: guardrailIdentifier and guardrailVersion must be given together.")
    return _ask(request, model, is_stream=is_stream)


def read_count(body: bytes, model: str) -> Ask:
    """The prompt whose tokens are to be counted. Raises ``Refusal``."""
    counted = _decoded(body, CountRequest).input.converse
    request = ConverseRequest(
        messages=counted.messages,
        system=counted.system,
        tool_config=counted.tool_config,
        additional_model_request_fields=counted.additional_model_request_fields,
    )
    return _ask(request, model, is_stream=False)


def _ask(request: ConverseRequest, model: str, *, is_stream: bool) -> Ask:
    config, guard, output = request.inference_config, request.guardrail_config, request.output_config
    check_turns(request.messages, has_tools=request.tool_config is not None)
    if any(block.text is not None and not block.text.strip() for block in request.system):
        raise invalid("The text field in the SystemContentBlock object is blank. Add text to it, and try again.")
    if is_claude(model):
        check_claude(request)
    thinking = thinking_of(request)
    tools, must_call, named = _choose(request.tool_config)
    segments, marks = measure(request)
    if len(marks) > MOST_CACHE_POINTS:
        raise invalid(f"A maximum of {MOST_CACHE_POINTS} cache points may be given, found {len(marks)}.")
    return Ask(
        model=model,
        is_stream=is_stream,
        segments=segments,
        parameters=msgspec.json.encode(
            (
                model,
                request.tool_config and request.tool_config.tool_choice,
                output,
                request.additional_model_request_fields,
            )
        ),
        text=text_of(request.messages),
        max_tokens=config.max_tokens,
        stop=tuple(config.stop_sequences or ()),
        tools=tools,
        must_call=must_call,
        named_tool=named,
        tool_results=results_of(request.messages),
        output=_output(request, model),
        effort=output.effort,
        thinks=thinking is not None if is_claude(model) else None,
        most_thoughts=budget_of(thinking),
        shows_thoughts=True,
        cache_marks=tuple([place for place, _ in marks]),
        cache_lives=tuple([life_s for _, life_s in marks]),
        least_cached=least_cached(model),
        guard=guard.guardrail_identifier if guard is not None else None,
        traces_guard=guard is not None and guard.trace in {"enabled", "enabled_full"},
        wanted_fields=tuple(request.additional_model_response_field_paths),
    )


def _decoded(body: bytes, kind: type[Body]) -> Body:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        place = _PLACE.search(str(error))
        reason = _PLACE.sub("", str(error)).replace("`", "'")
        where = _INDEX.sub(r".\1", place.group(1)) if place is not None else ""
        raise invalid(f"{reason}{f' at {where}' if where else ''}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(400, f"The body is not valid JSON: {error}", code="SerializationException") from error


def _choose(config: ToolConfig | None) -> tuple[tuple[Tool, ...], bool, str | None]:
    """The tools that may be called, whether one must be, and which one if that is settled."""
    if config is None:
        return (), False, None
    tools: dict[str, Tool] = {}
    for number, entry in enumerate(config.tools):
        if (spec := entry.tool_spec) is not None:
            if spec.input_schema.json.get("type") != "object":
                raise invalid(f"The value at toolConfig.tools.{number}.toolSpec.inputSchema.json.type must be: object.")
            if spec.name in tools:
                raise invalid(f"The tool name {spec.name!r} at toolConfig.tools.{number}.toolSpec is not unique.")
            tools[spec.name] = Tool(spec.name, spec.description or "", spec.input_schema.json)
    choice = config.tool_choice
    named = choice.tool.name if choice is not None and choice.tool is not None else None
    if named is not None and named not in tools:
        raise invalid(f"The tool {named!r} in toolConfig.toolChoice is not among toolConfig.tools.")
    return tuple(tools.values()), choice is not None and choice.auto is None, named


def _output(request: ConverseRequest, model: str) -> Any:
    wanted = request.output_config.text_format
    if wanted is None:
        return None
    try:
        schema = msgspec.json.decode(wanted.structure.json_schema.schema)
    except (msgspec.DecodeError, RecursionError) as error:
        raise invalid(f"outputConfig.textFormat.structure.jsonSchema.schema is not valid JSON: {error}") from error
    if not isinstance(schema, dict):
        raise invalid("outputConfig.textFormat.structure.jsonSchema.schema must be an object.")
    if is_claude(model):
        check_schema(schema)
    return schema
