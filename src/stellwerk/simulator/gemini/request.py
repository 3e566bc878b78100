"""Reads requests for content, counts and embeddings as strictly as Google does where clients would notice."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.simulator.ask import Ask, Vectors
from stellwerk.simulator.gemini.fields import ENUMERATIONS, MESSAGES
from stellwerk.simulator.gemini.generation import ENUM, check_generation, output_of, thinking_of
from stellwerk.simulator.gemini.prompt import measure, plain, results_of, text_of
from stellwerk.simulator.gemini.proto import InvalidPayload, Reader
from stellwerk.simulator.gemini.tools import choose, declared
from stellwerk.simulator.gemini.turns import check_content, check_contents
from stellwerk.simulator.refusal import Refusal
from stellwerk.simulator.tokens import count

MOST_EMBEDDED = 100


def read_generate(body: bytes, model: str, *, is_stream: bool) -> Ask:
    """What a request for content asks. Raises ``Refusal``."""
    return _ask(_decoded(body, "GenerateContentRequest"), model, is_stream=is_stream)


def read_count(body: bytes, model: str) -> Ask:
    """The prompt whose tokens are to be counted. Raises ``Refusal``."""
    request = _decoded(body, "CountTokensRequest")
    inner = request.get("generateContentRequest")
    if inner is not None and "contents" in request:
        raise Refusal(400, "Only one of contents and generate_content_request may be set.")
    return _ask(request if inner is None else inner, model, is_stream=False)


def read_embed(body: bytes, model: str, *, is_batch: bool) -> Vectors:
    """What a request for one embedding or several asks. Raises ``Refusal``."""
    request = _decoded(body, "BatchEmbedContentsRequest" if is_batch else "EmbedContentRequest")
    requests = request.get("requests", []) if is_batch else [request]
    if not 1 <= len(requests) <= MOST_EMBEDDED:
        raise Refusal(
            400, f"* BatchEmbedContentsRequest.requests: from 1 to {MOST_EMBEDDED} requests may be in a batch\n"
        )
    for number, one in enumerate(requests):
        place = f"requests[{number}]." if is_batch else ""
        _check_name(one, model, required=is_batch)
        if "content" not in one:
            raise Refusal(400, f"* EmbedContentRequest.{place}content: contents is not specified\n")
        check_content(one["content"], f"{place}content")
    lengths = {one.get("outputDimensionality") for one in requests}
    if len(lengths) > 1 or any(length is not None and not 1 <= length <= 65_536 for length in lengths):
        raise Refusal(400, "* EmbedContentRequest.output_dimensionality: expected one length for all, from 1\n")
    texts = tuple(plain(one["content"]) for one in requests)
    return Vectors(model, texts, sum(map(count, texts)), lengths.pop(), is_base64=False, is_single=not is_batch)


def _ask(request: dict[str, Any], model: str, *, is_stream: bool) -> Ask:
    _check_name(request, model, required=False)
    contents, config = request.get("contents", []), request.get("generationConfig", {})
    system = request.get("systemInstruction")
    check_contents(contents, model)
    if system is not None:
        check_content(system | {"role": ""}, "system_instruction")
    check_generation(config)
    tools = declared(request.get("tools", []))
    offered, must_call = choose(tools, request.get("toolConfig", {}).get("functionCallingConfig", {}))
    thinking = thinking_of(config, model)
    measured = measure(system, request.get("tools", []), contents)
    shaping = {name: value for name, value in config.items() if name not in _NOT_SHAPING} | {"think": thinking[:2]}
    return Ask(
        model=model,
        is_stream=is_stream,
        segments=measured.segments,
        parameters=msgspec.json.encode((model, request.get("toolConfig"), shaping)),
        text=text_of(contents),
        audio_tokens=measured.audio_tokens,
        image_tokens=measured.image_tokens,
        max_tokens=config.get("maxOutputTokens"),
        stop=tuple(config.get("stopSequences", ())),
        choices=config.get("candidateCount", 1),
        tools=tuple(offered),
        must_call=must_call,
        tool_results=results_of(contents),
        output=output_of(config, model, has_tools=bool(tools)),
        is_bare=config.get("responseMimeType") == ENUM,
        effort=thinking.effort,
        most_thoughts=thinking.most_tokens,
        shows_thoughts=thinking.is_shown,
        logprobs=config.get("logprobs", 0) if config.get("responseLogprobs") else None,
    )


_NOT_SHAPING = frozenset(
    {
        *("maxOutputTokens", "candidateCount", "stopSequences", "temperature", "topP", "topK"),
        *("responseLogprobs", "logprobs", "thinkingConfig"),
    }
)


def _decoded(body: bytes, name: str) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(400, f"Invalid JSON payload received. {error}") from error
    if not isinstance(value, dict):
        raise Refusal(400, "Invalid JSON payload received. Root element must be a message.")
    reader = Reader(MESSAGES, ENUMERATIONS)
    request = reader.message(name, value)
    if reader.violations:
        raise InvalidPayload(reader.violations)
    return request


def _check_name(request: dict[str, Any], model: str, *, required: bool) -> None:
    """A model in the body is the one in the path."""
    named = request.get("model", "" if required else f"models/{model}")
    if named.removeprefix("models/").rpartition("/models/")[2] != model:
        raise Refusal(400, f"* model: expected models/{model} as in the path, found {named!r}\n")
