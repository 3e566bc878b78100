"""Writes whole chat completions and the list of models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from stellwerk.simulator.answer import Answer, Call, Choice
from stellwerk.simulator.ask import Ask
from stellwerk.simulator.dialect import Endpoint, Stamp
from stellwerk.simulator.logprobs import logprobs_of
from stellwerk.simulator.openai.usage import usage_of
from stellwerk.simulator.scenario import SimulatedModel

FINGERPRINT = "fp_stellwerk"
MODELS_CREATED = 1_735_689_600


def chat_completion(ask: Ask, answer: Answer, stamp: Stamp) -> bytes:
    """The body of a chat completion."""
    return msgspec.json.encode(
        {
            "id": f"chatcmpl-{stamp.id}",
            "object": "chat.completion",
            "created": stamp.created,
            "model": ask.model,
            "choices": [_choice(index, choice, ask.logprobs) for index, choice in enumerate(answer.choices)],
            "usage": usage_of(answer.usage),
            "service_tier": "default",
            "system_fingerprint": FINGERPRINT,
        }
    )


def call_of(call: Call, content: str) -> dict[str, Any]:
    """A call with ``content`` as its arguments or its input."""
    if call.is_free_text:
        return {"id": call.id, "type": "custom", "custom": {"name": call.name, "input": content}}
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": content}}


def models(endpoint: Endpoint, known: Sequence[SimulatedModel]) -> bytes:
    """The models, or the one that the path names."""
    if endpoint.kind == "model":
        return msgspec.json.encode(_model(endpoint.model))
    return msgspec.json.encode({"object": "list", "data": [_model(model.name) for model in known]})


def _choice(index: int, choice: Choice, logprobs: int | None) -> dict[str, Any]:
    text = "".join(choice.tokens)
    message: dict[str, Any] = {
        "role": "assistant",
        "content": None if choice.calls or choice.is_refusal else text,
        "refusal": text if choice.is_refusal else None,
        "annotations": [],
    }
    if choice.calls:
        message["tool_calls"] = [call_of(call, "".join(call.fragments)) for call in choice.calls]
    shown = None
    if logprobs is not None:
        entries = list(logprobs_of(choice, logprobs))
        shown = {
            "content": None if choice.is_refusal else entries,
            "refusal": entries if choice.is_refusal else None,
        }
    return {"index": index, "message": message, "logprobs": shown, "finish_reason": choice.finish}


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": MODELS_CREATED, "owned_by": "stellwerk-simulator"}
