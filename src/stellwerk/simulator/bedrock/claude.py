"""What models of Anthropic demand beyond Converse: thoughts that come back signed, and schemas of a smaller kind."""

from __future__ import annotations

from typing import Any

from stellwerk.simulator.bedrock.blocks import Message, Reasoning
from stellwerk.simulator.bedrock.body import ConverseRequest
from stellwerk.simulator.bedrock.signature import is_signed
from stellwerk.simulator.bedrock.turns import call_ids, invalid, result_ids
from stellwerk.simulator.refusal import Refusal

LEAST_BUDGET = 1_024

_UNKNOWN_KEYWORDS = frozenset(
    {
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minLength", "maxLength", "maxItems", "uniqueItems", "minProperties", "maxProperties"),
    }
)
DEEPEST = 64


def is_claude(model: str) -> bool:
    """Whether a model is one of Anthropic's."""
    return "anthropic." in model or "claude" in model


def thinking_of(request: ConverseRequest) -> dict[str, Any] | None:
    """How the model is to think, if it is."""
    fields = request.additional_model_request_fields
    thinking = fields.get("thinking", fields.get("reasoning_config"))
    return thinking if isinstance(thinking, dict) and thinking.get("type") in {"enabled", "adaptive"} else None


def budget_of(thinking: dict[str, Any] | None) -> int | None:
    """How many tokens the model may think."""
    budget = thinking.get("budget_tokens") if thinking is not None else None
    return budget if isinstance(budget, int) and not isinstance(budget, bool) and budget >= 0 else None


def check_claude(request: ConverseRequest) -> None:
    """Refuses what the model refuses. Raises ``Refusal``."""
    thinking = thinking_of(request)
    for number, message in enumerate(request.messages):
        for position, block in enumerate(message.content):
            if block.reasoning_content is not None:
                _check_reasoning(block.reasoning_content, f"messages.{number}.content.{position}")
        _check_order(message, number)
    last = request.messages[-1]
    if last.role == "assistant" and last.text != last.text.rstrip():
        raise _refused("messages: final assistant content cannot end with trailing whitespace")
    if thinking is not None:
        _check_thinking(request, thinking)


def check_schema(schema: object, depth: int = 0) -> None:
    """Refuses a schema for the answer that is not of the kind that the model takes. Raises ``Refusal``."""
    if depth > DEEPEST:
        raise _refused("output_config.format.schema: nested too deeply")
    if isinstance(schema, list):
        for part in schema:
            check_schema(part, depth + 1)
    if not isinstance(schema, dict):
        return
    if (schema.get("type") == "object" or "properties" in schema) and schema.get("additionalProperties") is not False:
        reason = "For 'object' type, 'additionalProperties' must be explicitly set to false"
        raise _refused(f"output_config.format.schema: {reason}")
    if unknown := sorted(_UNKNOWN_KEYWORDS & schema.keys()):
        kind = schema.get("type", "any")
        raise _refused(f"output_config.format.schema: For '{kind}' type, property '{unknown[0]}' is not supported")
    for name in ("properties", "$defs", "definitions"):
        if isinstance(schema.get(name), dict):
            check_schema(list(schema[name].values()), depth + 1)
    for name in ("items", "anyOf", "allOf", "oneOf"):
        check_schema(schema.get(name), depth + 1)


def _check_reasoning(reasoning: Reasoning, place: str) -> None:
    told = reasoning.reasoning_text
    if told is None:
        return
    if told.signature is None:
        raise _refused(f"{place}.thinking.signature: Field required")
    if not is_signed(told.text, told.signature):
        raise _refused(f"{place}: Invalid `signature` in `thinking` block")


def _check_order(message: Message, number: int) -> None:
    """Results stand before everything else in their message."""
    kinds = [block.tool_result is not None for block in message.content if block.cache_point is None]
    if kinds != sorted(kinds, reverse=True):
        raise _refused(f"messages.{number}: `tool_result` blocks must come before the other content")


def _check_thinking(request: ConverseRequest, thinking: dict[str, Any]) -> None:
    config, budget = request.inference_config, budget_of(thinking)
    if thinking["type"] == "enabled":
        if budget is None:
            raise _refused("thinking.enabled.budget_tokens: Field required")
        if budget < LEAST_BUDGET:
            raise _refused(f"thinking.enabled.budget_tokens: Input should be greater than or equal to {LEAST_BUDGET}")
        if config.max_tokens is not None and config.max_tokens <= budget:
            raise _refused("`max_tokens` must be greater than `thinking.budget_tokens`.")
    if config.temperature is not None and config.temperature != 1:
        raise _refused("`temperature` may only be set to 1 when thinking is enabled.")
    choice = request.tool_config.tool_choice if request.tool_config is not None else None
    if choice is not None and choice.auto is None:
        raise _refused("Thinking may not be enabled when tool_choice forces tool use.")
    if len(request.messages) > 1 and result_ids(request.messages[-1]):
        calling = request.messages[-2]
        if call_ids(calling) and calling.content[0].reasoning_content is None:
            raise _refused(
                f"messages.{len(request.messages) - 2}.content.0.type: Expected `thinking` or `redacted_thinking`, but "
                f"found `{'tool_use' if calling.content[0].tool_use is not None else 'text'}`. When `thinking` is "
                "enabled, a final `assistant` message must start with a thinking block."
            )


def _refused(reason: str) -> Refusal:
    return invalid(f"The model returned the following errors: {reason}")
