"""``generationConfig`` between this dialect and the neutral form."""

from __future__ import annotations

from typing import Any

from stellwerk.core.chat import (
    AudioOutput,
    ChatRequest,
    JsonObjectFormat,
    JsonSchemaFormat,
    OutputFormat,
    Reasoning,
    Sampling,
)
from stellwerk.core.opaque import Opaque
from stellwerk.dialects.gemini.models import takes_json_schema, takes_levels
from stellwerk.dialects.gemini.schemas import adapt_for_gemini, adapt_from_gemini
from stellwerk.dialects.gemini.types import Members, is_marked, mark, merge
from stellwerk.dialects.json_schema import inline_references
from stellwerk.dialects.members import BOOLEAN, NUMBER, RAW, STRING, STRINGS, UnreadableError, without_nulls

_JSON = "application/json"
_SUBSET = "responseSchema"
_SHOWN, _HIDDEN = "summarized", "omitted"
_HIDDEN_WORDS = frozenset({_HIDDEN, "none"})
# What Google's OpenAI endpoint takes the words for, where a model thinks in tokens.
_BUDGETS = {"none": 0, "minimal": 1_024, "low": 1_024, "medium": 8_192, "high": 24_576, "xhigh": 24_576, "max": 24_576}
_LEVELS = {"none": "MINIMAL", "xhigh": "HIGH", "max": "HIGH"}


def decode_generation(config: Members) -> tuple[dict[str, Any], Opaque | None]:
    """The fields of a ``ChatRequest`` that the config says, and what is left of it."""
    reasoning, thinking_rest = _read_reasoning(config)
    audio, speech_rest = _read_audio(config)
    fields: dict[str, Any] = {
        "sampling": Sampling(
            config.take("temperature", NUMBER),
            config.take("topP", NUMBER),
            config.take_integer("topK"),
            config.take("frequencyPenalty", NUMBER),
            config.take("presencePenalty", NUMBER),
            config.take_integer("seed"),
        ),
        "choices": config.take_integer("candidateCount"),
        "output_cap": config.take_integer("maxOutputTokens"),
        "stop": config.take("stopSequences", STRINGS) or (),
        "output_format": _read_format(config),
        "reasoning": reasoning,
        "modalities": tuple(word.lower() for word in config.take("responseModalities", STRINGS) or ()),
        "audio": audio,
        "wants_logprobs": config.take("responseLogprobs", BOOLEAN),
        "top_logprobs": config.take_integer("logprobs"),
    }
    parts = {"thinkingConfig": thinking_rest, "speechConfig": speech_rest}
    return fields, config.opaque(**parts)


def encode_generation(request: ChatRequest) -> dict[str, Any]:
    """``generationConfig``; empty where the request says nothing of what stands in it."""
    sampling = request.sampling
    wire: dict[str, Any] = {
        "temperature": sampling.temperature,
        "topP": sampling.top_p,
        "topK": sampling.top_k,
        "frequencyPenalty": sampling.frequency_penalty,
        "presencePenalty": sampling.presence_penalty,
        "seed": sampling.seed,
        "candidateCount": request.choices,
        "maxOutputTokens": request.output_cap,
        "stopSequences": request.stop or None,
        "responseModalities": [word.upper() for word in request.modalities] or None,
        "responseLogprobs": request.wants_logprobs,
        "logprobs": request.top_logprobs,
    }
    if request.output_format is not None:
        wire |= _encode_format(request.output_format, request.model)
    if request.reasoning is not None:
        thinking = _encode_reasoning(request.reasoning, request.model)
        wire["thinkingConfig"] = thinking if thinking or request.reasoning == Reasoning() else None
    if request.audio is not None:
        voice = {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": request.audio.voice}}}
        wire["speechConfig"] = merge(voice, request.audio.opaque)
    return without_nulls(wire)


def _read_format(config: Members) -> OutputFormat | None:
    """The format of the answer; one that is not JSON, or not certain, stays in the config."""
    if bytes(config.peek("responseMimeType")) != b'"application/json"':
        return None
    config.take("responseMimeType", RAW)
    schema = config.take("responseJsonSchema", RAW)
    if schema is not None:
        return JsonSchemaFormat(schema)
    subset = config.take(_SUBSET, RAW)
    if subset is None:
        return JsonObjectFormat()
    return JsonSchemaFormat(adapt_from_gemini(subset), opaque=mark(None, _SUBSET))


def _encode_format(format_: OutputFormat, model: str) -> dict[str, Any]:
    wire: dict[str, Any] = {"responseMimeType": _JSON}
    if isinstance(format_, JsonSchemaFormat) and format_.schema is not None:
        if is_marked(format_.opaque, _SUBSET) or not takes_json_schema(model):
            wire[_SUBSET] = adapt_for_gemini(format_.schema)
        else:
            wire["responseJsonSchema"] = inline_references(format_.schema)
    return wire


def _read_reasoning(config: Members) -> tuple[Reasoning | None, Opaque | None]:
    if "thinkingConfig" not in config:
        return None, None
    thinking = config.within("thinkingConfig")
    level, budget = thinking.take("thinkingLevel", STRING), thinking.take_integer("thinkingBudget")
    is_shown = thinking.take("includeThoughts", BOOLEAN)
    display = None if is_shown is None else _SHOWN if is_shown else _HIDDEN
    is_enabled = False if budget == 0 else None
    return Reasoning(level and level.lower(), budget, is_enabled, display), thinking.opaque()


def _encode_reasoning(reasoning: Reasoning, model: str) -> dict[str, Any]:
    """Level or budget, as the model takes it: both at once are refused."""
    wire: dict[str, Any] = {}
    effort = reasoning.effort or ("none" if reasoning.is_enabled is False else None)
    budget = reasoning.budget_tokens
    if takes_levels(model) and effort is not None and (budget is None or reasoning.effort is not None):
        wire["thinkingLevel"] = _LEVELS.get(effort, effort.upper())
    elif budget is not None:
        wire["thinkingBudget"] = budget
    elif effort in _BUDGETS:
        wire["thinkingBudget"] = _BUDGETS[effort]
    elif reasoning.is_enabled and not takes_levels(model):
        wire["thinkingBudget"] = -1  # as much as the model sees fit
    # Who asks for thinking in so many words wants to see it, unless it says otherwise.
    if reasoning.display is not None:
        wire["includeThoughts"] = reasoning.display not in _HIDDEN_WORDS
    elif reasoning.is_enabled:
        wire["includeThoughts"] = True
    return wire


def _read_audio(config: Members) -> tuple[AudioOutput | None, Opaque | None]:
    """The one voice of an answer; several, or a voice of another sort, stay in the config."""
    try:
        speech = Members(config.peek("speechConfig"))
        voice = speech.within("voiceConfig")
        prebuilt = voice.within("prebuiltVoiceConfig")
        name = prebuilt.need("voiceName", STRING)
    except UnreadableError:
        return None, None
    config.take("speechConfig", RAW)
    return AudioOutput(name), speech.opaque(voiceConfig=voice.opaque(prebuiltVoiceConfig=prebuilt.opaque()))
