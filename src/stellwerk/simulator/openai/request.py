"""Reads requests for chat completions and embeddings as strictly as OpenAI does where clients would notice."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec

from stellwerk.simulator.ask import ANY_OBJECT, Ask, Segment, Tool, Vectors
from stellwerk.simulator.openai.body import ChatRequest, EmbeddingRequest, ResponseFormat, Schema, ToolEntry
from stellwerk.simulator.openai.prompt import FIRST_TOKENS, is_marked, measure, text_of, tool_results
from stellwerk.simulator.prompt_cache import HALF_AN_HOUR_S
from stellwerk.simulator.refusal import Refusal
from stellwerk.simulator.tokens import count

EMPTY_OBJECT = {"type": "object", "properties": {}}

_PLACE = re.compile(r" - at `\$\.?(.*)`$")


_CHARGING = re.compile(r"gpt-(?:5\.[6-9]|[6-9])")
"""Models that charge for what they keep."""
MOST_MARKS = 4

Body = TypeVar("Body", ChatRequest, EmbeddingRequest)


def read_chat(body: bytes) -> Ask:
    """What a chat completion request asks. Raises ``Refusal``."""
    request = _decoded(body, ChatRequest)
    _check(request)
    offered, must_call, named = _choose(request)
    segments = [measure(message) for message in request.messages]
    if request.tools:
        tools = msgspec.json.encode(request.tools)
        segments.insert(0, Segment(tools, count(tools.decode())))
    marks = _marks(request, len(segments))
    segments.append(Segment(b"", FIRST_TOKENS))
    return Ask(
        model=request.model,
        is_stream=bool(request.stream),
        segments=tuple(segments),
        parameters=msgspec.json.encode(
            (request.model, request.seed, request.tool_choice, request.response_format, request.reasoning_effort)
        ),
        text=text_of(request.messages),
        audio_tokens=sum([message.audio_tokens for message in request.messages]),
        max_tokens=request.max_completion_tokens if request.max_tokens is None else request.max_tokens,
        stop=(request.stop,) if isinstance(request.stop, str) else tuple(request.stop or ()),
        choices=request.n or 1,
        tools=tuple(offered),
        must_call=must_call,
        named_tool=named,
        may_call_in_parallel=request.parallel_tool_calls is not False,
        tool_results=tool_results(request.messages),
        output=_output(request),
        effort=request.reasoning_effort,
        cache_marks=marks,
        cache_lives=(HALF_AN_HOUR_S,) * len(marks or ()),
        looks_far_back=True,
        logprobs=(request.top_logprobs or 0) if request.logprobs else None,
        wants_usage=bool(request.stream_options is not None and request.stream_options.include_usage),
    )


def read_embeddings(body: bytes) -> Vectors:
    """What an embedding request asks. Raises ``Refusal``."""
    request = _decoded(body, EmbeddingRequest)
    inputs: list[Any] = [request.input] if isinstance(request.input, str) else request.input
    if inputs and all(isinstance(item, int) for item in inputs):
        inputs = [inputs]
    if not inputs or len(inputs) > 2_048 or not all(map(_is_input, inputs)):
        raise Refusal(400, "'input' must be text, up to 2048 texts, or token numbers; not empty.", param="input")
    texts = [item if isinstance(item, str) else " ".join(map(str, item)) for item in inputs]
    prompt = sum(count(item) if isinstance(item, str) else len(item) for item in inputs)
    return Vectors(request.model, tuple(texts), prompt, request.dimensions, request.encoding_format == "base64")


def _marks(request: ChatRequest, end: int) -> tuple[int, ...] | None:
    """After how many segments the prompt is kept, which has ``end``; ``None`` for models that do that for nothing.

    One mark stands at the end by itself, unless the caller wants only its own. Raises ``Refusal``.
    """
    options = request.prompt_cache_options
    first = end - len(request.messages)
    own = [first + place for place, message in enumerate(request.messages, 1) if is_marked(message)]
    if _CHARGING.search(request.model) is None:
        if own or options is not None:
            raise Refusal(400, "This model does not support prompt cache breakpoints.", param="prompt_cache_options")
        return None
    if options is not None and options.mode == "explicit":
        return tuple(own[-MOST_MARKS:])
    return tuple(sorted({*own[1 - MOST_MARKS :], end}))


def _decoded(body: bytes, kind: type[Body]) -> Body:
    try:
        request = msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        place = _PLACE.search(str(error))
        reason = _PLACE.sub("", str(error)).replace("`", "'")
        param = place.group(1) if place else None
        raise Refusal(400, f"{reason}{f': {param}' if param else ''}.", param=param) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(400, f"The body of the request is not valid JSON: {error}.") from error
    if not request.model:
        raise Refusal(400, "You must provide a model parameter.", param="model")
    return request


def _check(request: ChatRequest) -> None:
    """What the types alone do not say."""
    if request.stream_options is not None and not request.stream:
        raise Refusal(400, "'stream_options' is only allowed when 'stream' is enabled.", param="stream_options")
    if request.top_logprobs and not request.logprobs:
        raise Refusal(400, "'top_logprobs' needs 'logprobs' to be true.", param="top_logprobs")
    if request.max_tokens is not None and request.max_completion_tokens is not None:
        raise Refusal(400, "'max_tokens' and 'max_completion_tokens' exclude each other.", param="max_tokens")
    if (
        request.response_format is not None
        and request.response_format.type == "json_object"
        and not any("json" in message.text.lower() for message in request.messages)
    ):
        reason = "'messages' must contain the word 'json' to use 'response_format' of type 'json_object'."
        raise Refusal(400, reason, param="messages")
    announced: set[str] = set()
    for index, message in enumerate(request.messages):
        if message.role == "tool" and message.tool_call_id not in announced:
            reason = "A message with role 'tool' must answer one of the 'tool_calls' of a message before it."
            raise Refusal(400, reason, param=f"messages[{index}].role")
        announced.update(call.id for call in message.tool_calls or ())


def _choose(request: ChatRequest) -> tuple[list[Tool], bool, str | None]:
    """The tools that may be called, whether one must be, and which one if that is settled."""
    tools = [_tool(entry) for entry in request.tools or ()]
    choice = request.tool_choice
    if choice is None or choice == "auto":
        return tools, False, None
    if not tools:
        raise Refusal(400, "'tool_choice' is only allowed when 'tools' are given.", param="tool_choice")
    if choice == "none":
        return [], False, None
    if choice == "required":
        return tools, True, None
    if isinstance(choice, dict) and choice.get("type") == "allowed_tools":
        return _allowed(choice.get("allowed_tools"), tools)
    name = _name_in(choice)
    if name not in {tool.name for tool in tools}:
        raise Refusal(400, "'tool_choice' is none of 'none', 'auto', 'required' and a given tool.", param="tool_choice")
    return tools, True, name


def _allowed(allowed: object, tools: list[Tool]) -> tuple[list[Tool], bool, str | None]:
    entries = allowed.get("tools") if isinstance(allowed, dict) else None
    if not isinstance(allowed, dict) or not isinstance(entries, list):
        raise Refusal(400, "'allowed_tools' must have 'mode' and 'tools'.", param="tool_choice")
    names = {_name_in(entry) for entry in entries}
    return [tool for tool in tools if tool.name in names], allowed.get("mode") == "required", None


def _name_in(choice: object) -> str | None:
    if not isinstance(choice, dict):
        return None
    inner = choice.get(choice["type"]) if isinstance(choice.get("type"), str) else None
    name = inner.get("name") if isinstance(inner, dict) else None
    return name if isinstance(name, str) else None


def _tool(entry: ToolEntry) -> Tool:
    function = entry.entry
    if function is None:
        raise AssertionError("unreachable: refused when the entry was read")
    parameters = None if entry.type == "custom" else function.parameters or EMPTY_OBJECT
    return Tool(function.name, function.description or "", parameters)


def _output(request: ChatRequest) -> Any:
    match request.response_format:
        case ResponseFormat(type="json_object"):
            return ANY_OBJECT
        case ResponseFormat(type="json_schema", json_schema=Schema(schema=schema)):
            return schema
        case _:
            return None


def _is_input(item: object) -> bool:
    if isinstance(item, list):
        return bool(item) and all(isinstance(token, int) for token in item)
    return isinstance(item, str) and item != ""
