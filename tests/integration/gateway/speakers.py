"""Callers of every dialect, each through its own official SDK, who ask the same and hear the same sort of answer."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import anthropic
import boto3  # type: ignore[import-untyped]
import botocore.exceptions  # type: ignore[import-untyped]
import openai
from botocore.config import Config  # type: ignore[import-untyped]
from google import genai
from google.genai import errors as gemini_errors
from google.genai import types as gemini

from tests.integration.gateway.kit import KEY, Gateway

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYPhfDwAChAGA4T8n8wAAAABJRU5ErkJggg=="
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]}},
    "required": ["city", "unit"],
    "additionalProperties": False,
}
NOTHING = {"type": "object", "properties": {}, "additionalProperties": False}
BUDGET = 2_048
"""Tokens to think, where a dialect asks for a number."""


@dataclass
class Heard:
    """An answer, in the words of no dialect."""

    text: str = ""
    thoughts: str = ""
    """What is shown of the reasoning."""
    calls: list[tuple[str, str, Any]] = field(default_factory=list)
    """Id, name and arguments."""
    stop: str = ""
    """``end``, ``calls``, ``length``, ``filter``, or the dialect's own word."""
    input_tokens: int = 0
    output_tokens: int = 0
    history: Any = None
    """The turn as the SDK would send it back."""


@dataclass(frozen=True)
class Ask:
    """What is asked. ``tool`` offers a tool and demands that it be called, unless the model is to think: then it may.

    ``bare`` says that the tool takes no arguments. ``result`` answers the calls of a turn.
    """

    text: str
    tool: bool = False
    bare: bool = False
    think: bool = False
    stop: str | None = None
    schema: bool = False
    image: bool = False
    cap: int | None = None
    turn: Heard | None = None
    result: str = "18 degrees"

    @property
    def parameters(self) -> dict[str, Any]:
        """The tool's."""
        return NOTHING if self.bare else SCHEMA

    @property
    def must_call(self) -> bool:
        """Whether the tool is demanded: providers refuse that of who thinks."""
        return self.tool and not self.think


class RefusedError(Exception):
    """The answer is an error: its status and its words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class BrokenError(Exception):
    """The stream broke off with an error."""


class Speaker(Protocol):
    """One SDK."""

    async def whole(self, ask: Ask) -> Heard:
        """Asks for a whole answer. Raises ``RefusedError``."""
        ...

    async def streamed(self, ask: Ask) -> Heard:
        """Asks for a stream and reads it to its end. Raises ``RefusedError`` or ``BrokenError``."""
        ...


class Chat:
    """OpenAI's SDK, chat completions."""

    def __init__(self, client: openai.AsyncOpenAI) -> None:
        self._client = client

    def _arguments(self, ask: Ask) -> dict[str, Any]:
        content: Any = ask.text
        if ask.image:
            content = [
                {"type": "text", "text": ask.text},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
            ]
        messages: list[Any] = [{"role": "user", "content": content}]
        if ask.turn is not None:
            messages.append(ask.turn.history)
            messages += [
                {"role": "tool", "tool_call_id": identity, "content": ask.result} for identity, _, _ in ask.turn.calls
            ]
        arguments: dict[str, Any] = {"model": "plain", "messages": messages}
        if ask.cap is not None:
            arguments["max_completion_tokens"] = ask.cap
        if ask.tool or ask.turn is not None:
            function = {"name": "get_weather", "description": "The weather", "parameters": ask.parameters}
            arguments["tools"] = [{"type": "function", "function": function}]
        if ask.must_call:
            arguments["tool_choice"] = "required"
        if ask.think:
            arguments["reasoning_effort"] = "medium"
        if ask.stop is not None:
            arguments["stop"] = [ask.stop]
        if ask.schema:
            schema = {"name": "place", "schema": SCHEMA, "strict": True}
            arguments["response_format"] = {"type": "json_schema", "json_schema": schema}
        return arguments

    async def whole(self, ask: Ask) -> Heard:
        """One call."""
        with refusals_of_openai():
            answer = await self._client.chat.completions.create(**self._arguments(ask))
        message, usage = answer.choices[0].message, answer.usage
        assert usage is not None
        calls: Any = message.tool_calls or []
        return Heard(
            message.content or message.refusal or "",
            getattr(message, "reasoning_content", None) or "",
            [(call.id, call.function.name, _read(call.function.arguments)) for call in calls],
            _stop(answer.choices[0].finish_reason),
            usage.prompt_tokens,
            usage.completion_tokens,
            message.model_dump(exclude_none=True),
        )

    async def streamed(self, ask: Ask) -> Heard:
        """One stream."""
        heard, pieces, extras = Heard(), dict[int, list[str]](), dict[int, Any]()
        with refusals_of_openai():
            stream = await self._client.chat.completions.create(
                **self._arguments(ask), stream=True, stream_options={"include_usage": True}
            )
            async for chunk in stream:
                if chunk.usage is not None:
                    heard.input_tokens, heard.output_tokens = chunk.usage.prompt_tokens, chunk.usage.completion_tokens
                for choice in chunk.choices:
                    heard.text += choice.delta.content or choice.delta.refusal or ""
                    heard.thoughts += getattr(choice.delta, "reasoning_content", None) or ""
                    for call in choice.delta.tool_calls or []:
                        known = pieces.setdefault(call.index, ["", "", ""])
                        function = call.function
                        assert function is not None
                        known[0] += call.id or ""
                        known[1] += function.name or ""
                        known[2] += function.arguments or ""
                        extras.setdefault(call.index, {}).update(call.model_extra or {})
                    heard.stop = _stop(choice.finish_reason) or heard.stop
        heard.calls = [(identity, name, _read(arguments)) for identity, name, arguments in pieces.values()]
        told = [
            {"id": identity, "type": "function", "function": {"name": name, "arguments": arguments}, **extras[index]}
            for index, (identity, name, arguments) in pieces.items()
        ]
        heard.history = {"role": "assistant", "content": heard.text or None, "tool_calls": told}
        if heard.thoughts:
            heard.history["reasoning_content"] = heard.thoughts
        return heard


class Responses:
    """OpenAI's SDK, responses."""

    def __init__(self, client: openai.AsyncOpenAI) -> None:
        self._client = client

    def _arguments(self, ask: Ask) -> dict[str, Any]:
        content: list[Any] = [{"type": "input_text", "text": ask.text}]
        if ask.image:
            content.append({"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}", "detail": "auto"})
        items: list[Any] = [{"role": "user", "content": content}]
        if ask.turn is not None:
            items += ask.turn.history
            items += [
                {"type": "function_call_output", "call_id": identity, "output": ask.result}
                for identity, _, _ in ask.turn.calls
            ]
        arguments: dict[str, Any] = {"model": "plain", "input": items}
        if ask.cap is not None:
            arguments["max_output_tokens"] = ask.cap
        if ask.tool or ask.turn is not None:
            arguments["tools"] = [
                {
                    "type": "function",
                    "name": "get_weather",
                    "description": "The weather",
                    "parameters": ask.parameters,
                    "strict": True,
                }
            ]
        if ask.must_call:
            arguments["tool_choice"] = "required"
        if ask.think:
            arguments["reasoning"] = {"effort": "medium", "summary": "auto"}
            arguments |= {"store": False, "include": ["reasoning.encrypted_content"]}
        if ask.schema:
            arguments["text"] = {"format": {"type": "json_schema", "name": "place", "schema": SCHEMA, "strict": True}}
        return arguments

    async def whole(self, ask: Ask) -> Heard:
        """One call."""
        with refusals_of_openai():
            return self._heard(await self._client.responses.create(**self._arguments(ask)))

    async def streamed(self, ask: Ask) -> Heard:
        """One stream."""
        final, text = None, ""
        with refusals_of_openai():
            async with await self._client.responses.create(**self._arguments(ask), stream=True) as stream:
                async for event in stream:
                    if event.type in {"response.output_text.delta", "response.refusal.delta"}:
                        text += event.delta
                    elif event.type in {"response.completed", "response.incomplete"}:
                        final = event.response
                    elif event.type == "response.failed":
                        raise BrokenError(str(event.response.error))
                    elif event.type == "error":
                        raise BrokenError(event.message)
        if final is None:
            raise BrokenError("no closing event")
        heard = self._heard(final)
        assert text == heard.text
        return heard

    @staticmethod
    def _heard(response: Any) -> Heard:
        calls = [item for item in response.output if item.type == "function_call"]
        is_cut = response.status == "incomplete" and response.incomplete_details.reason == "max_output_tokens"
        if response.status == "incomplete":
            stop = "length" if is_cut else _stop(response.incomplete_details.reason)
        else:
            stop = "calls" if calls else _stop(response.status)
        parts = [part for item in response.output if item.type == "message" for part in item.content]
        reasoning = [item for item in response.output if item.type == "reasoning"]
        thoughts = [part for item in reasoning for part in (*item.summary, *(item.content or ()))]
        return Heard(
            "".join(part.text if part.type == "output_text" else part.refusal for part in parts),
            "".join(part.text for part in thoughts),
            [(call.call_id, call.name, _read(call.arguments)) for call in calls],
            stop,
            response.usage.input_tokens,
            response.usage.output_tokens,
            [item.model_dump(exclude_none=True) for item in response.output],
        )


class Messages:
    """Anthropic's SDK."""

    def __init__(self, client: anthropic.AsyncAnthropic) -> None:
        self._client = client

    def _arguments(self, ask: Ask) -> dict[str, Any]:
        content: list[Any] = [{"type": "text", "text": ask.text}]
        if ask.image:
            source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
            content.append({"type": "image", "source": source})
        messages: list[Any] = [{"role": "user", "content": content}]
        if ask.turn is not None:
            messages.append({"role": "assistant", "content": ask.turn.history})
            results = [
                {"type": "tool_result", "tool_use_id": identity, "content": ask.result}
                for identity, _, _ in ask.turn.calls
            ]
            messages.append({"role": "user", "content": results})
        arguments: dict[str, Any] = {"model": "plain", "messages": messages, "max_tokens": ask.cap or 4_000}
        if ask.tool or ask.turn is not None:
            tool = {"name": "get_weather", "description": "The weather", "input_schema": ask.parameters}
            arguments["tools"] = [tool]
        if ask.must_call:
            arguments["tool_choice"] = {"type": "any"}
        if ask.think:
            arguments["thinking"] = {"type": "enabled", "budget_tokens": BUDGET}
        if ask.stop is not None:
            arguments["stop_sequences"] = [ask.stop]
        if ask.schema:
            arguments["output_config"] = {"format": {"type": "json_schema", "schema": SCHEMA}}
        return arguments

    async def whole(self, ask: Ask) -> Heard:
        """One call."""
        try:
            return self._heard(await self._client.messages.create(**self._arguments(ask)))
        except anthropic.APIStatusError as error:
            raise RefusedError(error.status_code, error.message) from None

    async def streamed(self, ask: Ask) -> Heard:
        """One stream."""
        try:
            async with self._client.messages.stream(**self._arguments(ask)) as stream:
                async for _ in stream:
                    pass
                return self._heard(await stream.get_final_message())
        except anthropic.APIStatusError as error:
            if error.status_code == 200:
                raise BrokenError(error.message) from None
            raise RefusedError(error.status_code, error.message) from None

    @staticmethod
    def _heard(message: Any) -> Heard:
        calls = [(block.id, block.name, block.input) for block in message.content if block.type == "tool_use"]
        text = "".join(block.text for block in message.content if block.type == "text")
        usage = message.usage
        return Heard(
            text,
            "".join(block.thinking for block in message.content if block.type == "thinking"),
            calls,
            _stop(message.stop_reason),
            usage.input_tokens + (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0),
            usage.output_tokens,
            [block.model_dump(exclude_none=True, exclude={"parsed_output"}) for block in message.content],
        )


class GenerateContent:
    """Google's SDK."""

    def __init__(self, client: genai.Client) -> None:
        self._client = client

    def _arguments(self, ask: Ask) -> dict[str, Any]:
        parts: list[Any] = [{"text": ask.text}]
        if ask.image:
            parts.append({"inline_data": {"mime_type": "image/png", "data": PIXEL}})
        contents: list[Any] = [{"role": "user", "parts": parts}]
        if ask.turn is not None:
            contents.append(ask.turn.history)
            results = [
                {"function_response": {"id": identity or None, "name": name, "response": {"result": ask.result}}}
                for identity, name, _ in ask.turn.calls
            ]
            contents.append({"role": "user", "parts": results})
        config: dict[str, Any] = {}
        if ask.cap is not None:
            config["max_output_tokens"] = ask.cap
        if ask.tool or ask.turn is not None:
            declaration = {
                "name": "get_weather",
                "description": "The weather",
                "parameters_json_schema": ask.parameters,
            }
            config["tools"] = [{"function_declarations": [declaration]}]
            config["automatic_function_calling"] = {"disable": True}
        if ask.must_call:
            config["tool_config"] = {"function_calling_config": {"mode": "ANY"}}
        if ask.think:
            config["thinking_config"] = {"include_thoughts": True, "thinking_budget": BUDGET}
        if ask.stop is not None:
            config["stop_sequences"] = [ask.stop]
        if ask.schema:
            config |= {"response_mime_type": "application/json", "response_json_schema": SCHEMA}
        return {"model": "plain", "contents": contents, "config": config}

    async def whole(self, ask: Ask) -> Heard:
        """One call, in a thread: the asynchronous client leaves streams open that end in an error."""

        def call() -> Heard:
            with refusals_of_google([]):
                return self._heard([self._client.models.generate_content(**self._arguments(ask))])

        return await asyncio.to_thread(call)

    async def streamed(self, ask: Ask) -> Heard:
        """One stream, in a thread."""

        def call() -> Heard:
            chunks: list[Any] = []
            with refusals_of_google(chunks):
                for chunk in self._client.models.generate_content_stream(**self._arguments(ask)):
                    chunks.append(chunk)  # noqa: PERF402  # what came before an error counts
            is_blocked = any(chunk.prompt_feedback is not None for chunk in chunks)
            ends = [candidate.finish_reason for chunk in chunks for candidate in chunk.candidates or []]
            if not any(ends) and not is_blocked:
                raise BrokenError("no finish reason")
            return self._heard(chunks)

        return await asyncio.to_thread(call)

    @staticmethod
    def _heard(chunks: list[gemini.GenerateContentResponse]) -> Heard:
        parts: list[Any] = []
        heard = Heard()
        for chunk in chunks:
            if chunk.usage_metadata is not None:
                usage = chunk.usage_metadata
                heard.input_tokens = usage.prompt_token_count or 0
                heard.output_tokens = (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)
            if chunk.prompt_feedback is not None and chunk.prompt_feedback.block_reason:
                heard.stop = "filter"
            for candidate in chunk.candidates or []:
                parts += (candidate.content.parts if candidate.content else None) or []
                if candidate.finish_reason:
                    heard.stop = _stop(str(candidate.finish_reason.value))
        heard.text = "".join(part.text for part in parts if part.text and not part.thought)
        heard.thoughts = "".join(part.text for part in parts if part.text and part.thought)
        heard.calls = [
            (part.function_call.id or "", part.function_call.name, part.function_call.args)
            for part in parts
            if part.function_call
        ]
        if heard.calls and heard.stop == "end":
            heard.stop = "calls"
        heard.history = {"role": "model", "parts": parts}
        return heard


class Converse:
    """AWS's SDK."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def _arguments(self, ask: Ask) -> dict[str, Any]:
        content: list[Any] = [{"text": ask.text}]
        if ask.image:
            content.append({"image": {"format": "png", "source": {"bytes": base64.b64decode(PIXEL)}}})
        messages: list[Any] = [{"role": "user", "content": content}]
        if ask.turn is not None:
            messages.append({"role": "assistant", "content": ask.turn.history})
            results = [
                {"toolResult": {"toolUseId": identity, "content": [{"text": ask.result}]}}
                for identity, _, _ in ask.turn.calls
            ]
            messages.append({"role": "user", "content": results})
        arguments: dict[str, Any] = {"modelId": "plain", "messages": messages}
        if ask.cap is not None:
            arguments["inferenceConfig"] = {"maxTokens": ask.cap}
        if ask.tool or ask.turn is not None:
            spec = {"name": "get_weather", "description": "The weather", "inputSchema": {"json": ask.parameters}}
            arguments["toolConfig"] = {"tools": [{"toolSpec": spec}]}
        if ask.must_call:
            arguments["toolConfig"]["toolChoice"] = {"any": {}}
        if ask.think:
            thinking = {"type": "enabled", "budget_tokens": BUDGET}
            arguments["additionalModelRequestFields"] = {"thinking": thinking}
        if ask.stop is not None:
            arguments.setdefault("inferenceConfig", {})["stopSequences"] = [ask.stop]
        if ask.schema:
            schema = {"jsonSchema": {"schema": json.dumps(SCHEMA), "name": "place"}}
            arguments["outputConfig"] = {"textFormat": {"type": "json_schema", "structure": schema}}
        return arguments

    async def whole(self, ask: Ask) -> Heard:
        """One call, in a thread: this SDK knows no other way."""

        def call() -> Heard:
            with refusals_of_aws():
                answer = self._client.converse(**self._arguments(ask))
            usage = answer["usage"]
            return self._heard(answer["output"]["message"]["content"], answer["stopReason"], usage)

        return await asyncio.to_thread(call)

    async def streamed(self, ask: Ask) -> Heard:
        """One stream, in a thread."""

        def call() -> Heard:
            blocks: dict[int, Any] = {}
            stop, usage = "", None
            with refusals_of_aws():
                events = self._client.converse_stream(**self._arguments(ask))["stream"]
            try:
                for event in events:
                    if "contentBlockStart" in event:
                        start = event["contentBlockStart"]
                        blocks[start["contentBlockIndex"]] = {"toolUse": {**start["start"]["toolUse"], "input": ""}}
                    elif "contentBlockDelta" in event:
                        told = event["contentBlockDelta"]
                        _add(blocks.setdefault(told["contentBlockIndex"], {}), told["delta"])
                    elif "messageStop" in event:
                        stop = event["messageStop"]["stopReason"]
                    elif "metadata" in event:
                        usage = event["metadata"]["usage"]
            except botocore.exceptions.EventStreamError as error:
                raise BrokenError(str(error)) from None
            finally:
                events.close()
            if usage is None:
                raise BrokenError("no metadata")
            content = [blocks[index] for index in sorted(blocks)]
            for block in content:
                if "toolUse" in block:
                    block["toolUse"]["input"] = _read(block["toolUse"]["input"] or "{}")
            return self._heard(content, stop, usage)

        return await asyncio.to_thread(call)

    @staticmethod
    def _heard(content: list[Any], stop: str, usage: Any) -> Heard:
        calls = [block["toolUse"] for block in content if "toolUse" in block]
        return Heard(
            "".join(block.get("text", "") for block in content),
            "".join(
                block["reasoningContent"].get("reasoningText", {}).get("text", "")
                for block in content
                if "reasoningContent" in block
            ),
            [(call["toolUseId"], call["name"], call["input"]) for call in calls],
            _stop(stop),
            usage["inputTokens"] + usage.get("cacheReadInputTokens", 0) + usage.get("cacheWriteInputTokens", 0),
            usage["outputTokens"],
            content,
        )


def _add(block: Any, delta: Any) -> None:
    """Puts a piece of text, of a call's input or of reasoning into the block that a caller sends back."""
    if "text" in delta:
        block["text"] = block.get("text", "") + delta["text"]
    elif "toolUse" in delta:
        block["toolUse"]["input"] += delta["toolUse"]["input"]
    else:
        known = block.setdefault("reasoningContent", {"reasoningText": {"text": ""}})["reasoningText"]
        known["text"] += delta["reasoningContent"].get("text", "")
        known |= {name: value for name, value in delta["reasoningContent"].items() if name == "signature"}


def _read(arguments: str) -> Any:
    """Arguments as JSON, or as they are where they break off."""
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


_STOPS = {
    **dict.fromkeys(("stop", "completed", "end_turn", "STOP"), "end"),
    **dict.fromkeys(("tool_calls", "tool_use"), "calls"),
    **dict.fromkeys(("length", "max_tokens", "MAX_TOKENS"), "length"),
    **dict.fromkeys(("content_filter", "refusal", "SAFETY", "guardrail_intervened", "content_filtered"), "filter"),
}


def _stop(word: str | None) -> str:
    return _STOPS.get(word or "", word or "")


@contextmanager
def refusals_of_openai() -> Iterator[None]:
    """OpenAI's errors as ours."""
    try:
        yield
    except openai.APIStatusError as error:
        raise RefusedError(error.status_code, error.message) from None
    except openai.APIError as error:
        raise BrokenError(error.message) from None


@contextmanager
def refusals_of_google(heard: list[Any]) -> Iterator[None]:
    """Google's errors as ours; after something was heard, one means that the stream broke off."""
    try:
        yield
    except gemini_errors.APIError as error:
        if heard:
            raise BrokenError(error.message) from None
        raise RefusedError(error.code, error.message or "") from None


@contextmanager
def refusals_of_aws() -> Iterator[None]:
    """AWS's errors as ours."""
    try:
        yield
    except botocore.exceptions.ClientError as error:
        told = error.response
        raise RefusedError(told["ResponseMetadata"]["HTTPStatusCode"], told["Error"]["Message"]) from None


SPEAKERS = ("chat", "responses", "messages", "gemini", "converse")


@asynccontextmanager
async def speaking(name: str, gateway: Gateway) -> AsyncIterator[Speaker]:
    """The SDK of a dialect, which tries once."""
    match name:
        case "chat" | "responses":
            async with openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=KEY, max_retries=0) as client:
                yield Chat(client) if name == "chat" else Responses(client)
        case "messages":
            async with anthropic.AsyncAnthropic(base_url=gateway.url, api_key=KEY, max_retries=0) as client_:
                yield Messages(client_)
        case "gemini":
            google = genai.Client(api_key=KEY, http_options=gemini.HttpOptions(base_url=gateway.url))
            try:
                yield GenerateContent(google)
            finally:
                google.close()
        case _:
            aws = boto3.client(
                "bedrock-runtime",
                region_name="eu-central-1",
                endpoint_url=gateway.url,
                aws_access_key_id=KEY,
                aws_secret_access_key="none",
                config=Config(retries={"total_max_attempts": 1}),
            )
            try:
                yield Converse(aws)
            finally:
                aws.close()
