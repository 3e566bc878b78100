"""Reads requests for responses as strictly as OpenAI does."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.simulator.ask import ANY_OBJECT, Ask, Segment
from stellwerk.simulator.openai.prompt import FIRST_TOKENS
from stellwerk.simulator.openai.responses.body import Format, ResponsesRequest
from stellwerk.simulator.openai.responses.history import check_items, not_found
from stellwerk.simulator.openai.responses.items import (
    Call,
    CallOutput,
    Item,
    Message,
    Reference,
    measure,
    read_item,
    text_of,
)
from stellwerk.simulator.openai.responses.places import decoded, refusal
from stellwerk.simulator.openai.responses.store import Store
from stellwerk.simulator.openai.responses.strict_schema import check_strict
from stellwerk.simulator.openai.responses.tools import choose, read_tools
from stellwerk.simulator.tokens import count


class Form(msgspec.Struct, frozen=True):
    """What a response repeats of its request, and what the next one continues."""

    request: ResponsesRequest
    input: list[dict[str, Any]]
    context: list[dict[str, Any]]
    """What came before the input."""

    @property
    def is_kept(self) -> bool:
        """Whether the response is to be stored."""
        return self.request.store is not False

    @property
    def is_encrypted(self) -> bool:
        """Whether reasoning is handed out encrypted."""
        return "reasoning.encrypted_content" in (self.request.include or ())

    @property
    def is_obfuscated(self) -> bool:
        """Whether deltas are padded."""
        options = self.request.stream_options
        return options is None or options.include_obfuscation is not False


def read_response(body: bytes, store: Store) -> Ask:
    """What a request for a response asks. Raises ``Refusal``."""
    request = decoded(body, ResponsesRequest)
    _check(request)
    given = _given(request)
    context = _context(request, store)
    entries, items = _read([*context, *given], len(context), store)
    check_items(items, store)
    offered, must_call, named = choose(request, read_tools(request))
    segments = [Segment(b"", FIRST_TOKENS)]
    if request.tools:
        tools = msgspec.json.encode(request.tools)
        segments.append(Segment(tools, count(tools.decode())))
    if request.instructions:
        segments.append(Segment(request.instructions.encode(), count(request.instructions)))
    segments += [
        measure(item, entry, _place(index)) for index, (entry, item) in enumerate(zip(entries, items, strict=True))
    ]
    reasoning = request.reasoning
    is_shown = "message.output_text.logprobs" in (request.include or ()) or request.top_logprobs
    return Ask(
        model=request.model,
        is_stream=bool(request.stream),
        segments=tuple(segments),
        parameters=msgspec.json.encode((request.model, request.tool_choice, request.text, reasoning)),
        text=next((text_of(item, "input") for item in reversed(items) if _is_users(item)), ""),
        max_tokens=request.max_output_tokens,
        tools=tuple(offered),
        must_call=must_call,
        named_tool=named,
        may_call_in_parallel=request.parallel_tool_calls is not False,
        tool_results=_tool_results(items),
        output=_output(request, items),
        effort=reasoning.effort if reasoning is not None else None,
        shows_thoughts=reasoning is not None and (reasoning.summary or reasoning.generate_summary) is not None,
        logprobs=(request.top_logprobs or 0) if is_shown else None,
        can_fail=True,
        form=Form(request, given, context),
    )


def _check(request: ResponsesRequest) -> None:
    """What the types alone do not say."""
    if request.input is None and request.previous_response_id is None:
        raise refusal("Missing required parameter: 'input'.", "input", "missing_required_parameter")
    if request.stream_options is not None and not request.stream:
        raise refusal("'stream_options' is only allowed when 'stream' is enabled.", "stream_options")
    if len(request.metadata or ()) > 16:
        raise refusal("Invalid 'metadata': too many properties. Expected at most 16.", "metadata")
    for name in ("background", "conversation", "prompt"):
        if getattr(request, name):
            raise refusal(f"The simulator has no '{name}'.", name, "unsupported_parameter")


def _given(request: ResponsesRequest) -> list[dict[str, Any]]:
    if isinstance(request.input, str):
        return [{"role": "user", "content": request.input}]
    return request.input or []


def _context(request: ResponsesRequest, store: Store) -> list[dict[str, Any]]:
    """The conversation that is continued."""
    previous = request.previous_response_id
    if previous is None:
        return []
    kept = store.find(previous)
    if kept is None:
        reason = f"Previous response with id '{previous}' not found."
        raise refusal(reason, "previous_response_id", "previous_response_not_found")
    return kept.context


def _read(entries: list[dict[str, Any]], known: int, store: Store) -> tuple[list[dict[str, Any]], list[Item]]:
    """The items of a conversation, references resolved; the first ``known`` of them are not the caller's."""
    found: list[dict[str, Any]] = []
    items: list[Item] = []
    for index, entry in enumerate(entries):
        item = read_item(entry, _place(index - known))
        if isinstance(item, Reference):
            referred = store.item(item.id)
            if referred is None:
                raise not_found(item.id)
            entry, item = referred, read_item(referred, _place(index - known))  # noqa: PLW2901 (it stands for the other)
        found.append(entry)
        items.append(item)
    return found, items


def _place(index: int) -> str:
    return f"input[{index}]"


def _is_users(item: Item) -> bool:
    return isinstance(item, Message) and item.role == "user"


def _tool_results(items: list[Item]) -> tuple[tuple[str, str], ...]:
    """The results of tools that the conversation ends with, under the names of the tools."""
    names = {item.call_id: item.name for item in items if isinstance(item, Call)}
    results: list[tuple[str, str]] = []
    for item in reversed(items):
        if not isinstance(item, CallOutput):
            break
        results.append((names[item.call_id], text_of(item, "input")))
    return tuple(reversed(results))


def _output(request: ResponsesRequest, items: list[Item]) -> Any:
    match request.text.format if request.text is not None else None:
        case Format(type="json_object"):
            texts = [
                request.instructions or "",
                *[text_of(item, "input") for item in items if isinstance(item, Message)],
            ]
            if not any("json" in text.lower() for text in texts):
                needed = "Response input messages must contain the word 'json' in some form"
                raise refusal(f"{needed} to use 'text.format' of type 'json_object'.", "input")
            return ANY_OBJECT
        case Format(type="json_schema", schema=schema, strict=strict, name=name):
            if strict:
                check_strict(schema, f"response_format '{name}'", "invalid_json_schema", "text.format.schema")
            return schema
        case _:
            return None
