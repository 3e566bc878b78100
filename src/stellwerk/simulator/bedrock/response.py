"""Writes whole answers and the list of models; what a stream says at its end is said here too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from stellwerk.core.usage import Usage
from stellwerk.simulator.answer import Answer, Call, Choice
from stellwerk.simulator.ask import Ask
from stellwerk.simulator.bedrock.claude import is_claude
from stellwerk.simulator.bedrock.signature import sign
from stellwerk.simulator.dialect import Endpoint, Stamp
from stellwerk.simulator.scenario import SimulatedModel

REGION = "us-east-1"

BLOCKED = ["Sorry, ", "the model cannot ", "answer this question."]
"""What stands for an answer in which the guardrail intervened."""

_STOPS = {"stop": "end_turn", "tool_calls": "tool_use", "length": "max_tokens"}


def converse(ask: Ask, answer: Answer, stamp: Stamp) -> bytes:
    """The body of a whole answer."""
    choice = answer.choices[0]
    return msgspec.json.encode(
        {
            "output": {"message": {"role": "assistant", "content": _blocks(ask, choice)}},
            **stop_of(ask, choice),
            **metadata_of(ask, answer, stamp),
        }
    )


def call_id(call: Call) -> str:
    """The id of a call in Bedrock's form."""
    return "tooluse_" + call.id.removeprefix("call_")


def signature_of(ask: Ask, choice: Choice) -> str | None:
    """The signature of what was thought, from models that sign it."""
    return sign("".join(choice.thoughts)) if is_claude(ask.model) else None


def spoken(ask: Ask, choice: Choice) -> list[str]:
    """The tokens of the text that the caller gets."""
    return BLOCKED if stop_reason(ask, choice) == "guardrail_intervened" else choice.tokens


def stop_reason(ask: Ask, choice: Choice) -> str:
    """Why the answer ends, in Bedrock's words."""
    if choice.finish == "content_filter" or choice.is_refusal:
        return "guardrail_intervened" if ask.guard is not None else "content_filtered"
    if choice.finish == "stop" and choice.calls:
        return "tool_use"
    return "stop_sequence" if choice.stop is not None else _STOPS[choice.finish]


def stop_of(ask: Ask, choice: Choice) -> dict[str, Any]:
    """Why the answer ends, and what of the model's own answer was asked for."""
    made: dict[str, Any] = {"stopReason": stop_reason(ask, choice)}
    if ask.wanted_fields:
        known = {"/stop_sequence": choice.stop} if is_claude(ask.model) else {}
        made["additionalModelResponseFields"] = {
            path.removeprefix("/"): known[path] for path in ask.wanted_fields if path in known
        }
    return made


def metadata_of(ask: Ask, answer: Answer, stamp: Stamp) -> dict[str, Any]:
    """Usage, latency, and what the guardrail found."""
    made: dict[str, Any] = {"usage": usage_of(answer.usage), "metrics": {"latencyMs": stamp.latency_ms}}
    if ask.guard is not None and ask.traces_guard:
        made["trace"] = {"guardrail": _found(ask, ask.guard, answer.choices[0])}
    return made


def usage_of(usage: Usage) -> dict[str, Any]:
    """Usage in Bedrock's words: the input does not contain what was read from or written to the cache."""
    made: dict[str, Any] = {
        "inputTokens": usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens,
        "outputTokens": usage.output_tokens,
        "totalTokens": usage.total_tokens,
        "cacheReadInputTokens": usage.cache_read_tokens,
        "cacheWriteInputTokens": usage.cache_write_tokens,
    }
    if usage.cache_write_tokens:
        long = usage.cache_write_1h_tokens
        kept = (("1h", long), ("5m", usage.cache_write_tokens - long))
        made["cacheDetails"] = [{"ttl": ttl, "inputTokens": tokens} for ttl, tokens in kept if tokens]
    return made


def models(endpoint: Endpoint, known: Sequence[SimulatedModel]) -> bytes:
    """The models, or the one that the path names."""
    if endpoint.kind == "model":
        return msgspec.json.encode({"modelDetails": _model(endpoint.model)})
    return msgspec.json.encode({"modelSummaries": [_model(model.name) for model in known]})


def _blocks(ask: Ask, choice: Choice) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if choice.thoughts:
        told: dict[str, Any] = {"text": "".join(choice.thoughts)}
        signature = signature_of(ask, choice)
        blocks.append({"reasoningContent": {"reasoningText": told | ({"signature": signature} if signature else {})}})
    if text := "".join(spoken(ask, choice)):
        blocks.append({"text": text})
    blocks += [
        {"toolUse": {"toolUseId": call_id(call), "name": call.name, "input": _input(call)}} for call in choice.calls
    ]
    return blocks


def _input(call: Call) -> Any:
    """The input of a call; of one that was cut off, nothing."""
    try:
        return msgspec.json.decode("".join(call.fragments))
    except msgspec.DecodeError:
        return {}


def _found(ask: Ask, guard: str, choice: Choice) -> dict[str, Any]:
    if stop_reason(ask, choice) != "guardrail_intervened":
        return {"inputAssessment": {guard: {}}, "actionReason": "No action."}
    topic = {"name": "simulated", "type": "DENY", "action": "BLOCKED", "detected": True}
    return {
        "modelOutput": ["".join(choice.tokens)],
        "inputAssessment": {guard: {}},
        "outputAssessments": {guard: [{"topicPolicy": {"topics": [topic]}}]},
        "actionReason": "Guardrail blocked.",
    }


def _model(name: str) -> dict[str, Any]:
    return {
        "modelArn": f"arn:aws:bedrock:{REGION}::foundation-model/{name}",
        "modelId": name,
        "modelName": name,
        "providerName": name.partition(".")[0],
        "inputModalities": ["TEXT", "IMAGE"],
        "outputModalities": ["TEXT"],
        "responseStreamingSupported": True,
        "inferenceTypesSupported": ["ON_DEMAND"],
        "modelLifecycle": {"status": "ACTIVE"},
    }
