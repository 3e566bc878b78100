"""A whole request between this dialect and the neutral form; its thin reading is in ``envelope``."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.chat import (
    AudioOutput,
    ChatRequest,
    JsonObjectFormat,
    JsonSchemaFormat,
    Message,
    OutputFormat,
    Reasoning,
    Sampling,
)
from stellwerk.core.opaque import Opaque
from stellwerk.core.tool import Tool
from stellwerk.dialects.members import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    RAW,
    RAWS,
    STRING,
    STRINGS,
    UnreadableError,
    refuse_request,
    spelled,
    understood,
    without_nulls,
)
from stellwerk.dialects.openai_chat.envelope import read_envelope, rewrite
from stellwerk.dialects.openai_chat.messages import decode_message, encode_conversation
from stellwerk.dialects.openai_chat.plain_message import read_plainly
from stellwerk.dialects.openai_chat.tools import decode_choice, decode_tool, encode_choice, encode_tool
from stellwerk.dialects.openai_chat.types import DIALECT, Members, is_spelled, merge
from stellwerk.dialects.thin_reading import refuse_any_duplicate
from stellwerk.dialects.whole_reading import read_request

__all__ = ["decode", "encode", "read_envelope", "rewrite"]

_METADATA = msgspec.json.Decoder(dict[str, str])
_STOP = msgspec.json.Decoder(str | tuple[str, ...])
_OLD_CAP = "max_tokens"


def decode(body: bytes) -> ChatRequest:
    """Reads a request whole. Raises ``InvalidRequest`` with what is wrong and where.

    Scalars of a wrong type are refused; content parts, tools and formats of a shape that is not known stay opaque.
    """
    return read_request(body, lambda: _decode(Members(body, refuse=refuse_request), body))


def encode(request: ChatRequest, *, cap: str = "max_completion_tokens") -> bytes:
    """The body that asks a host of this dialect. What only other dialects can say is left out.

    ``cap`` names the member for the limit of output tokens, unless the request came with the older one.
    """
    sampling, format_ = request.sampling, request.output_format
    cap = _OLD_CAP if is_spelled(request.opaque, _OLD_CAP) else cap
    wire: dict[str, Any] = {
        "model": request.model,
        "messages": encode_conversation(request.messages),
        "tools": [entry for tool in request.tools if (entry := encode_tool(tool)) is not None] or None,
        "tool_choice": None if request.tool_choice is None else encode_choice(request.tool_choice),
        "parallel_tool_calls": request.is_parallel_allowed,
        **{name: getattr(sampling, name) for name in Sampling.__struct_fields__},
        cap: request.output_cap,
        "stop": request.stop or None,
        "n": request.choices,
        "response_format": None if format_ is None else _encode_format(format_),
        "reasoning_effort": None if request.reasoning is None else request.reasoning.effort,
        "verbosity": request.verbosity,
        "modalities": request.modalities or None,
        "audio": None if request.audio is None else _encode_audio(request.audio, is_stream=request.is_stream),
        "logprobs": request.wants_logprobs,
        "top_logprobs": request.top_logprobs,
        "user": request.user,
        "safety_identifier": request.safety_identifier,
        "metadata": request.metadata,
        "service_tier": request.service_tier,
        "prompt_cache_key": request.cache_key,
        "store": request.is_stored,
        "stream": request.is_stream or None,
        "stream_options": {"include_usage": True} if request.wants_usage else None,
    }
    return msgspec.json.encode(merge(without_nulls(wire), request.opaque))


def assemble(body: Members, messages: tuple[Message, ...], tools: tuple[Tool, ...]) -> ChatRequest:
    """The request whose other members are ``body``. Raises ``InvalidRequest``."""
    request: dict[str, Any] = {
        "model": body.need("model", STRING),
        "messages": messages,
        "tools": tools,
        "tool_choice": understood(body, "tool_choice", decode_choice),
        "is_parallel_allowed": body.take("parallel_tool_calls", BOOLEAN),
        "sampling": _sampling(body),
        "stop": _stop(body),
        "choices": body.take("n", INTEGER),
        "output_format": understood(body, "response_format", _decode_format),
        "reasoning": _reasoning(body),
        "verbosity": body.take("verbosity", STRING),
        "modalities": body.take("modalities", STRINGS) or (),
        "audio": understood(body, "audio", _decode_audio),
        "wants_logprobs": body.take("logprobs", BOOLEAN),
        "top_logprobs": body.take("top_logprobs", INTEGER),
        "user": body.take("user", STRING),
        "safety_identifier": body.take("safety_identifier", STRING),
        "metadata": body.take("metadata", _METADATA),
        "service_tier": body.take("service_tier", STRING),
        "cache_key": body.take("prompt_cache_key", STRING),
        "is_stored": body.take("store", BOOLEAN),
        "is_stream": body.take("stream", BOOLEAN) or False,
    }
    cap, marks = _output_cap(body)
    wants_usage, options = _stream_options(body)
    left = body.opaque(stream_options=options)
    members = {**(left.members if left else {}), **marks}
    opaque = Opaque(DIALECT, members) if members else None
    return ChatRequest(**request, output_cap=cap, wants_usage=wants_usage, opaque=opaque)


def _decode(body: Members, raw: bytes) -> ChatRequest:
    refuse_any_duplicate(raw, body)
    messages, tools = body.need("messages", RAWS), body.take("tools", RAWS) or ()
    return assemble(
        body,
        tuple(
            read_plainly(message) or decode_message(message, f"messages[{index}]", refuse_request)
            for index, message in enumerate(messages)
        ),
        tuple(decode_tool(tool, f"tools[{index}]", refuse_request) for index, tool in enumerate(tools)),
    )


def _sampling(body: Members) -> Sampling:
    return Sampling(
        body.take("temperature", NUMBER),
        body.take("top_p", NUMBER),
        body.take("top_k", INTEGER),
        body.take("frequency_penalty", NUMBER),
        body.take("presence_penalty", NUMBER),
        body.take("seed", INTEGER),
    )


def _output_cap(body: Members) -> tuple[int | None, dict[str, Any]]:
    """The limit, and the mark of the older name. Where both names are used the older one stays opaque."""
    cap = body.take("max_completion_tokens", INTEGER)
    if cap is not None:
        return cap, {}
    cap = body.take(_OLD_CAP, INTEGER)
    return cap, {} if cap is None else dict(spelled(_OLD_CAP))


def _stop(body: Members) -> tuple[str, ...]:
    stop = body.take("stop", _STOP)
    if stop is None:
        return ()
    return (stop,) if isinstance(stop, str) else stop


def _reasoning(body: Members) -> Reasoning | None:
    effort = body.take("reasoning_effort", STRING)
    return None if effort is None else Reasoning(effort)


def _stream_options(body: Members) -> tuple[bool, Opaque | None]:
    if body.peek("stream_options") == msgspec.Raw(b"null"):
        body.take("stream_options", RAW)
        return False, None
    options = body.within("stream_options")
    return options.take("include_usage", BOOLEAN) or False, options.opaque()


def _decode_format(raw: msgspec.Raw) -> OutputFormat:
    format_ = Members(raw)
    kind = format_.need("type", STRING)
    if kind == "json_object":
        return JsonObjectFormat(format_.opaque())
    if kind != "json_schema":
        raise UnreadableError(kind)
    schema = format_.within("json_schema")
    name, description = schema.need("name", STRING), schema.take("description", STRING)
    text, strict = schema.take("schema", RAW), schema.take("strict", BOOLEAN)
    return JsonSchemaFormat(text, name, description, strict, format_.opaque(json_schema=schema.opaque()))


def _encode_format(format_: OutputFormat) -> dict[str, Any]:
    if isinstance(format_, JsonObjectFormat):
        return merge({"type": "json_object"}, format_.opaque)
    schema = {
        "name": format_.name or "answer",
        "description": format_.description,
        "schema": format_.schema,
        "strict": format_.is_strict,
    }
    return merge({"type": "json_schema", "json_schema": without_nulls(schema)}, format_.opaque)


def _decode_audio(raw: msgspec.Raw) -> AudioOutput:
    audio = Members(raw)
    return AudioOutput(audio.need("voice", STRING), audio.take("format", STRING), audio.opaque())


def _encode_audio(audio: AudioOutput, *, is_stream: bool) -> dict[str, Any]:
    """How to speak. A format must be named: without one it is what everybody plays, or the one that can be streamed."""
    return merge({"voice": audio.voice, "format": audio.format or ("pcm16" if is_stream else "wav")}, audio.opaque)
