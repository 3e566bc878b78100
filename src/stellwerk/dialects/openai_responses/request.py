"""A whole request between this dialect and the neutral form; its thin reading is in ``envelope``."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.chat import (
    ChatRequest,
    JsonObjectFormat,
    JsonSchemaFormat,
    Message,
    OutputFormat,
    Reasoning,
    Role,
    Sampling,
)
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import Text
from stellwerk.core.tool import Tool
from stellwerk.dialects.members import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    RAW,
    RAWS,
    STRING,
    UnreadableError,
    refuse_request,
    spelled,
    without_nulls,
)
from stellwerk.dialects.openai_responses.envelope import read_envelope, rewrite
from stellwerk.dialects.openai_responses.item_decoder import decode_items
from stellwerk.dialects.openai_responses.item_encoder import Item, encode_messages
from stellwerk.dialects.openai_responses.parts import Marks
from stellwerk.dialects.openai_responses.tools import decode_choice, decode_tool, encode_choice, encode_tool
from stellwerk.dialects.openai_responses.types import DIALECT, Members, is_spelled, merge, own
from stellwerk.dialects.thin_reading import refuse_any_duplicate
from stellwerk.dialects.whole_reading import read_request

__all__ = ["decode", "encode", "read_envelope", "rewrite"]

_METADATA = msgspec.json.Decoder(dict[str, str])
_INSTRUCTIONS = "instructions"
_INPUT = "input"
_LOGPROBS = "message.output_text.logprobs"
_SECRETS = "reasoning.encrypted_content"
DISPLAYS = frozenset({"auto", "concise", "detailed"})
"""How reasoning may be shown."""


def decode(body: bytes) -> ChatRequest:
    """Reads a request whole. Raises ``InvalidRequest`` with what is wrong and where.

    Scalars of a wrong type are refused; items, parts, tools and formats of a shape that is not known stay opaque, as
    does what ties the request to a provider: ``previous_response_id``, ``conversation``, ``background``.
    """
    return read_request(body, lambda: _decode(Members(body, refuse=refuse_request), body))


def encode(request: ChatRequest) -> bytes:
    """The body that asks a host of this dialect. What only other dialects can say is left out.

    A request from elsewhere is not stored unless it asks for it, as nowhere else anything is.
    """
    is_own = own(request.opaque) is not None
    leading, messages = _instructions(request.messages)
    items = encode_messages(messages)
    sampling = request.sampling
    wire: dict[str, Any] = {
        "model": request.model,
        _INSTRUCTIONS: leading,
        _INPUT: _input(items, request.opaque),
        "tools": [entry for tool in request.tools if (entry := encode_tool(tool)) is not None] or None,
        "tool_choice": None if request.tool_choice is None else encode_choice(request.tool_choice),
        "parallel_tool_calls": request.is_parallel_allowed,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_output_tokens": request.output_cap,
        "reasoning": None if request.reasoning is None else _encode_reasoning(request.reasoning),
        "text": _encode_text(request),
        "top_logprobs": request.top_logprobs,
        "include": None if is_own else _include(request),
        "user": request.user,
        "safety_identifier": request.safety_identifier,
        "metadata": request.metadata,
        "service_tier": request.service_tier,
        "prompt_cache_key": request.cache_key,
        "store": False if request.is_stored is None and not is_own else request.is_stored,
        "stream": request.is_stream or None,
    }
    return msgspec.json.encode(merge(without_nulls(wire), request.opaque))


def _decode(body: Members, raw: bytes) -> ChatRequest:
    refuse_any_duplicate(raw, body)
    marks: Marks = {}
    messages = _messages(body, marks)
    tools = body.given("tools", RAWS) or ()
    tools_told = tuple(decode_tool(tool, f"tools[{index}]", refuse_request) for index, tool in enumerate(tools))
    return assemble(body, messages, tools_told, marks)


def assemble(body: Members, messages: tuple[Message, ...], tools: tuple[Tool, ...], marks: Marks) -> ChatRequest:
    """The request whose other members are ``body``. Raises ``InvalidRequest``."""
    format_, verbosity, text = _text(body)
    if text is not None:
        marks["text"] = text
    is_stream = body.given("stream", BOOLEAN) or False
    return ChatRequest(
        model=body.need("model", STRING),
        messages=messages,
        tools=tools,
        tool_choice=body.understood("tool_choice", decode_choice),
        is_parallel_allowed=body.given("parallel_tool_calls", BOOLEAN),
        sampling=Sampling(body.given("temperature", NUMBER), body.given("top_p", NUMBER)),
        output_cap=body.given("max_output_tokens", INTEGER),
        output_format=format_,
        reasoning=body.understood("reasoning", _decode_reasoning),
        verbosity=verbosity,
        wants_logprobs=_wants_logprobs(body),
        top_logprobs=body.given("top_logprobs", INTEGER),
        user=body.given("user", STRING),
        safety_identifier=body.given("safety_identifier", STRING),
        metadata=body.given("metadata", _METADATA),
        service_tier=body.given("service_tier", STRING),
        cache_key=body.given("prompt_cache_key", STRING),
        is_stored=body.given("store", BOOLEAN),
        is_stream=is_stream,
        wants_usage=is_stream,
        opaque=body.marked(**marks),
    )


def _messages(body: Members, marks: Marks) -> tuple[Message, ...]:
    """Instructions first, then the items; a string is a user's text."""
    messages = instructions(body)
    if bytes(body.peek(_INPUT)).startswith(b'"'):
        marks.update(spelled(_INPUT))
        return (*messages, Message(Role.USER, (Text(body.need(_INPUT, STRING)),)))
    is_empty = body.peek(_INPUT) == msgspec.Raw(b"[]")  # stays where it is, so that it comes back
    raws = () if is_empty else body.given(_INPUT, RAWS) or ()
    return (*messages, *decode_items(raws, _INPUT, refuse_request))


def instructions(body: Members) -> tuple[Message, ...]:
    """What a request has for the model before all else."""
    if not bytes(body.peek(_INSTRUCTIONS)).startswith(b'"'):
        return ()
    words = Text(body.need(_INSTRUCTIONS, STRING))
    return (Message(Role.SYSTEM, (words,), opaque=Opaque(DIALECT, spelled(_INSTRUCTIONS))),)


def _instructions(messages: tuple[Message, ...]) -> tuple[str | None, tuple[Message, ...]]:
    """The words that stand apart, and the rest: a first system message that did not come as an item."""
    match messages:
        case (Message(role=Role.SYSTEM, parts=(Text(cache=None) as text,), name=None) as first, *rest):
            if own(first.opaque) is None or is_spelled(first.opaque, _INSTRUCTIONS):
                return text.text, tuple(rest)
        case _:
            pass
    return None, messages


def _input(items: list[Item], opaque: Opaque | None) -> Any:
    match items:
        case [{"role": "user", "content": str(text)}] if is_spelled(opaque, _INPUT):
            return text
        case []:
            return None if own(opaque) is not None else []
        case _:
            return items


def _decode_reasoning(raw: msgspec.Raw) -> Reasoning:
    reasoning = Members(raw)
    return Reasoning(
        reasoning.given("effort", STRING), display=reasoning.given("summary", STRING), opaque=reasoning.marked()
    )


def _encode_reasoning(reasoning: Reasoning) -> dict[str, Any] | None:
    display = reasoning.display
    if own(reasoning.opaque) is None:
        display = "auto" if display == "summarized" else display if display in DISPLAYS else None
        return without_nulls({"effort": reasoning.effort, "summary": display}) or None
    return merge(without_nulls({"effort": reasoning.effort, "summary": display}), reasoning.opaque)


def _text(body: Members) -> tuple[OutputFormat | None, str | None, Opaque | None]:
    """The format, the verbosity, and what else ``text`` holds."""
    if not bytes(body.peek("text")).startswith(b"{"):
        body.given("text", RAW)
        return None, None, None
    text = body.within("text")
    return text.understood("format", _decode_format), text.given("verbosity", STRING), text.marked()


def _encode_text(request: ChatRequest) -> dict[str, Any] | None:
    format_ = None if request.output_format is None else _encode_format(request.output_format)
    return without_nulls({"format": format_, "verbosity": request.verbosity}) or None


def _decode_format(raw: msgspec.Raw) -> OutputFormat:
    format_ = Members(raw)
    kind = format_.need("type", STRING)
    if kind == "json_object":
        return JsonObjectFormat(format_.opaque())
    if kind != "json_schema":
        raise UnreadableError(kind)
    name, description = format_.need("name", STRING), format_.given("description", STRING)
    schema, strict = format_.given("schema", RAW), format_.given("strict", BOOLEAN)
    return JsonSchemaFormat(schema, name, description, strict, format_.marked())


def _encode_format(format_: OutputFormat) -> dict[str, Any]:
    if isinstance(format_, JsonObjectFormat):
        return merge({"type": "json_object"}, format_.opaque)
    schema = {
        "type": "json_schema",
        "name": format_.name or "answer",
        "description": format_.description,
        "schema": format_.schema,
        "strict": format_.is_strict,
    }
    return merge(without_nulls(schema), format_.opaque)


def _wants_logprobs(body: Members) -> bool | None:
    """``include`` asks for them; it stays opaque, for it asks for other things too."""
    wanted = msgspec.json.decode(body.peek("include"))
    return True if type(wanted) is list and _LOGPROBS in wanted else None


def _include(request: ChatRequest) -> list[str] | None:
    """Log-probabilities where they are wanted, and reasoning in a form that can come back where there will be some."""
    reasoning = request.reasoning
    wanted = [_LOGPROBS] if request.wants_logprobs else []
    if reasoning is not None and reasoning.effort not in {None, "none"}:
        wanted.append(_SECRETS)
    return wanted or None
