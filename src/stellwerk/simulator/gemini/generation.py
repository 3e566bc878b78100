"""The ``generationConfig``: limits of its numbers, the shape of the answer, and how the model thinks."""

from __future__ import annotations

from typing import Any, NamedTuple

from stellwerk.simulator.ask import ANY_OBJECT
from stellwerk.simulator.gemini.names import cannot_think, demands_signatures
from stellwerk.simulator.gemini.schema import json_schema
from stellwerk.simulator.refusal import Refusal

MOST_STOP_SEQUENCES = 5
ENUM = "text/x.enum"
"""The type of an answer that is one of some words, without quotes."""

_BOUNDS = {
    "temperature": (0, 2),
    "topP": (0, 1),
    "candidateCount": (1, 8),
    "maxOutputTokens": (1, 2**31),
    "topK": (0, 2**31),
    "logprobs": (0, 20),
    "presencePenalty": (-2, 2),
    "frequencyPenalty": (-2, 2),
}
_SCHEMA = "generation_config.response_schema"


class Thinking(NamedTuple):
    """How the model is to think."""

    effort: str | None
    most_tokens: int | None
    is_shown: bool


def check_generation(config: dict[str, Any]) -> None:
    """Refuses numbers out of their bounds. Raises ``Refusal``."""
    for name, (least, most) in _BOUNDS.items():
        if name in config and not least <= config[name] <= most:
            reason = f"must be in the range [{least}, {most}], found {config[name]}"
            raise Refusal(400, f"* GenerateContentRequest.generation_config.{name}: {reason}\n")
    stops = config.get("stopSequences", ())
    if len(stops) > MOST_STOP_SEQUENCES or "" in stops:
        reason = f"stop_sequences: at most {MOST_STOP_SEQUENCES}, none of them empty"
        raise Refusal(400, f"* GenerateContentRequest.generation_config.{reason}\n")
    if "logprobs" in config and not config.get("responseLogprobs"):
        raise Refusal(400, "logprobs is only allowed when response_logprobs is true.")


def output_of(config: dict[str, Any], model: str, *, has_tools: bool) -> Any:
    """The JSON Schema of the answer; ``None`` for text. Raises ``Refusal``."""
    mime_type = config.get("responseMimeType", "text/plain")
    if mime_type not in {"text/plain", "application/json", ENUM}:
        raise Refusal(400, f"* GenerateContentRequest.generation_config.response_mime_type: {mime_type} is not known\n")
    has_schema = "responseSchema" in config or "responseJsonSchema" in config
    if mime_type == "text/plain":
        if has_schema:
            raise Refusal(400, f"* GenerateContentRequest.{_SCHEMA}: only allowed with mime type application/json\n")
        return None
    if has_tools and not demands_signatures(model):
        raise Refusal(400, "Function calling with a response mime type: 'application/json' is unsupported")
    if "responseSchema" in config and "responseJsonSchema" in config:
        raise Refusal(400, "Only one of response_schema and response_json_schema may be set.")
    if mime_type == ENUM and "enum" not in config.get("responseSchema", {}):
        raise Refusal(400, f"* GenerateContentRequest.{_SCHEMA}.enum: needed for mime type {ENUM}\n")
    if "responseSchema" in config:
        return json_schema(config["responseSchema"], _SCHEMA)
    schema = config.get("responseJsonSchema", ANY_OBJECT)
    if not isinstance(schema, dict | bool):
        raise Refusal(400, "* GenerateContentRequest.generation_config.response_json_schema: expected a schema\n")
    return schema


def thinking_of(config: dict[str, Any], model: str) -> Thinking:
    """How the model is to think. Raises ``Refusal``."""
    thinking = config.get("thinkingConfig", {})
    if not thinking:
        return Thinking(None, None, is_shown=False)
    budget, level = thinking.get("thinkingBudget"), thinking.get("thinkingLevel")
    if cannot_think(model) and (budget or level is not None or thinking.get("includeThoughts")):
        raise Refusal(400, f"Thinking is not enabled for models/{model}")
    if budget is not None and level is not None:
        raise Refusal(400, "You can only set only one of thinking budget and thinking level.")
    if level is not None and not demands_signatures(model):
        raise Refusal(400, "Thinking level is not supported for this model.")
    if budget is not None and not -1 <= budget <= 32_768:
        raise Refusal(400, f"The thinking budget {budget} is invalid. Please choose a value between -1 and 32768.")
    if budget == 0 and "pro" in model:
        raise Refusal(400, "Budget 0 is invalid. This model only works in thinking mode.")
    effort = "none" if budget == 0 else level.lower() if level is not None else None
    return Thinking(effort, budget if budget and budget > 0 else None, bool(thinking.get("includeThoughts")))
