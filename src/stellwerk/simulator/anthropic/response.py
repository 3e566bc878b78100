"""Writes whole messages, counts of tokens and the list of models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from stellwerk.simulator.answer import Answer, Call, Choice
from stellwerk.simulator.anthropic.signature import redact, sign
from stellwerk.simulator.anthropic.usage import input_usage, output_usage
from stellwerk.simulator.ask import Ask
from stellwerk.simulator.dialect import Endpoint, Stamp
from stellwerk.simulator.scenario import SimulatedModel

MODELS_CREATED = "2025-01-01T00:00:00Z"
_STOP = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}


def message(ask: Ask, answer: Answer, stamp: Stamp) -> bytes:
    """The body of a message."""
    choice = answer.choices[0]
    thought = thinking_of(ask, choice)
    content = [thought] if thought is not None else []
    if choice.tokens:
        content.append({"type": "text", "text": "".join(choice.tokens)})
    content += [{**call_of(call), "input": _input(call)} for call in choice.calls]
    usage = {**input_usage(ask, answer), **output_usage(answer), "service_tier": "standard"}
    return msgspec.json.encode({**opening(ask, stamp), "content": content, **ending(choice), "usage": usage})


def opening(ask: Ask, stamp: Stamp) -> dict[str, Any]:
    """What is known of a message when it begins."""
    return {"id": f"msg_01{stamp.id[:22]}", "type": "message", "role": "assistant", "model": ask.model}


def ending(choice: Choice) -> dict[str, Any]:
    """Why a message ends."""
    reason = _STOP[choice.finish]
    if choice.is_refusal:
        reason = "refusal"
    elif choice.calls and choice.finish == "stop":
        reason = "tool_use"
    elif choice.stop is not None and choice.finish == "stop":
        reason = "stop_sequence"
    details = {"type": "refusal", "category": None, "explanation": None} if reason == "refusal" else None
    sequence = choice.stop if reason == "stop_sequence" else None
    return {"stop_reason": reason, "stop_sequence": sequence, "stop_details": details}


def thinking_of(ask: Ask, choice: Choice) -> dict[str, Any] | None:
    """The thought before an answer; one that is cut off has no signature yet."""
    if not choice.thoughts:
        return None
    if ask.form.is_redacted:
        return {"type": "redacted_thinking", "data": redact(choice.seed)}
    thinking = "" if ask.form.is_omitted else "".join(choice.thoughts)
    is_cut = choice.finish == "length" and not choice.tokens and not choice.calls
    return {"type": "thinking", "thinking": thinking, "signature": "" if is_cut else sign(thinking, choice.seed)}


def call_of(call: Call) -> dict[str, Any]:
    """A call without its input."""
    return {"type": "tool_use", "id": "toolu_01" + call.id.removeprefix("call_")[:22], "name": call.name}


def models(endpoint: Endpoint, known: Sequence[SimulatedModel]) -> bytes:
    """The models, or the one that the path names."""
    if endpoint.kind == "model":
        return msgspec.json.encode(_model(endpoint.model))
    data = [_model(model.name) for model in known]
    ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]}
    return msgspec.json.encode({"data": data, "has_more": False, **ends})


def _input(call: Call) -> Any:
    """The arguments of a call; of one that is cut off nothing is left."""
    try:
        return msgspec.json.decode("".join(call.fragments))
    except msgspec.DecodeError:
        return {}


def _model(name: str) -> dict[str, Any]:
    shown = " ".join(word.capitalize() for word in name.split("-"))
    return {"type": "model", "id": name, "display_name": shown, "created_at": MODELS_CREATED, "lifecycle": "active"}
