"""Writes whole responses."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.usage import Usage
from stellwerk.simulator.answer import Answer, Call, Choice
from stellwerk.simulator.ask import Ask
from stellwerk.simulator.dialect import Stamp
from stellwerk.simulator.dice import digest
from stellwerk.simulator.logprobs import logprobs_of
from stellwerk.simulator.openai.responses.sealed_reasoning import encrypted
from stellwerk.simulator.openai.responses.tools import shown_tools

FAILURE = {"code": "server_error", "message": "The model failed to generate a response."}
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


def response_of(ask: Ask, answer: Answer, stamp: Stamp) -> dict[str, Any]:
    """A response that has ended."""
    choice = answer.choices[0]
    response = {**begun(ask, stamp), "output": items_of(ask, choice, stamp), "usage": usage_of(answer.usage)}
    if choice.finish in _INCOMPLETE:
        return {**response, "status": "incomplete", "incomplete_details": {"reason": _INCOMPLETE[choice.finish]}}
    if choice.finish == "failed":
        return {**response, "status": "failed", "error": FAILURE, "usage": None}
    return {**response, "status": "completed", "completed_at": stamp.created}


def begun(ask: Ask, stamp: Stamp) -> dict[str, Any]:
    """A response that is under way: mostly what was asked for."""
    request = ask.form.request
    text = msgspec.to_builtins(request.text) if request.text is not None else {}
    reasoning = msgspec.to_builtins(request.reasoning) if request.reasoning is not None else {}
    return {
        "id": f"resp_{stamp.id}",
        "object": "response",
        "created_at": stamp.created,
        "completed_at": None,
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": request.instructions,
        "max_output_tokens": request.max_output_tokens,
        "max_tool_calls": request.max_tool_calls,
        "model": ask.model,
        "output": [],
        "parallel_tool_calls": request.parallel_tool_calls is not False,
        "previous_response_id": request.previous_response_id,
        "prompt_cache_key": request.prompt_cache_key,
        "reasoning": {"effort": None, "summary": None, **reasoning},
        "safety_identifier": request.safety_identifier,
        "service_tier": "default",
        "store": request.store is not False,
        "temperature": 1.0 if request.temperature is None else request.temperature,
        "text": {"format": {"type": "text"}, "verbosity": "medium", **text},
        "tool_choice": "auto" if request.tool_choice is None else request.tool_choice,
        "tools": shown_tools(request),
        "top_logprobs": request.top_logprobs or 0,
        "top_p": 1.0 if request.top_p is None else request.top_p,
        "truncation": request.truncation or "disabled",
        "usage": None,
        "user": request.user,
        "metadata": request.metadata or {},
    }


def items_of(ask: Ask, choice: Choice, stamp: Stamp) -> list[dict[str, Any]]:
    """The items of an answer, each with its id."""
    items: list[dict[str, Any]] = []
    if choice.reasoning_tokens:
        items.append(_thought(ask, choice, item_id("rs", stamp, 0)))
    if choice.tokens or not (choice.calls or choice.finish == "length"):
        items.append({**message(item_id("msg", stamp, 1), "completed"), "content": [part_of(ask, choice)]})
    for index, call in enumerate(choice.calls, 2):
        items.append({**call_of(call, item_id("fc", stamp, index)), "status": "completed"})
    if choice.finish not in {"stop", "tool_calls"} and items and items[-1]["type"] != "reasoning":
        items[-1]["status"] = "incomplete"
    return items


def item_id(prefix: str, stamp: Stamp, number: int) -> str:
    """The id of the item ``number`` of a response."""
    return f"{prefix}_{digest(stamp.id.encode(), bytes([number % 256, number // 256])).hex()}"


def message(message_id: str, status: str) -> dict[str, Any]:
    """A message without its content."""
    return {"id": message_id, "type": "message", "status": status, "role": "assistant", "content": []}


def part_of(ask: Ask, choice: Choice) -> dict[str, Any]:
    """The one part of a message."""
    text = "".join(choice.tokens)
    if choice.is_refusal:
        return {"type": "refusal", "refusal": text}
    logprobs = list(logprobs_of(choice, ask.logprobs)) if ask.logprobs is not None else []
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": logprobs}


def call_of(call: Call, call_item_id: str) -> dict[str, Any]:
    """A call with everything that it calls with."""
    content = "".join(call.fragments)
    if call.is_free_text:
        own = {"id": call_item_id.replace("fc_", "ctc_"), "type": "custom_tool_call", "input": content}
    else:
        own = {"id": call_item_id, "type": "function_call", "arguments": content}
    return {**own, "call_id": call.id, "name": call.name}


def usage_of(usage: Usage) -> dict[str, Any]:
    """The ``usage`` object of a response."""
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {"cached_tokens": usage.cache_read_tokens, "cache_write_tokens": 0},
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.total_tokens,
    }


def _thought(ask: Ask, choice: Choice, thought_id: str) -> dict[str, Any]:
    summary = [{"type": "summary_text", "text": "".join(choice.thoughts)}] if choice.thoughts else []
    item: dict[str, Any] = {"id": thought_id, "type": "reasoning", "summary": summary}
    if ask.form.is_encrypted:
        item["encrypted_content"] = encrypted(thought_id, choice.seed)
    return item
