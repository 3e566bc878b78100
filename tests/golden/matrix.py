"""Every dialect as the matrix sees it: its goldens, its two sides in the gateway, and its judges from outside."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import openai
from anthropic.types import Message as AnthropicMessage
from botocore.exceptions import EventStreamError  # type: ignore[import-untyped]
from google import genai
from google.genai import types
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.chat.completion_create_params import CompletionCreateParams
from openai.types.responses import Response
from openai.types.responses.response_create_params import ResponseCreateParams
from pydantic import TypeAdapter

from stellwerk.core.chat import ChatRequest
from stellwerk.core.envelope import Envelope
from stellwerk.core.loss import Loss
from stellwerk.core.snapshot import LimitsSpec
from stellwerk.dialects import sse
from stellwerk.dialects.anthropic_messages import request as anthropic_request
from stellwerk.dialects.anthropic_messages.losses import LOSSES as ANTHROPIC_LOSSES
from stellwerk.dialects.bedrock_converse import request as bedrock_request
from stellwerk.dialects.bedrock_converse.losses import LOSSES as BEDROCK_LOSSES
from stellwerk.dialects.gemini import request as gemini_request
from stellwerk.dialects.gemini.losses import LOSSES as GEMINI_LOSSES
from stellwerk.dialects.openai_chat import request as chat_request
from stellwerk.dialects.openai_chat.losses import LOSSES as CHAT_LOSSES
from stellwerk.dialects.openai_responses import request as responses_request
from stellwerk.dialects.openai_responses.losses import LOSSES as RESPONSES_LOSSES
from stellwerk.gateway.dialect import ChatDialect
from stellwerk.gateway.endpoints import chat_completions, converse, generate_content, messages, responses
from stellwerk.gateway.speeches import Speech, speech_of
from stellwerk.http.request import Request
from tests.golden.anthropic_messages.oracle import UNTYPED, judge_order
from tests.golden.bedrock_converse.judge import assert_well_formed, faults, frames, parsed_reply, parsed_stream
from tests.golden.gemini import judge as gemini_judge
from tests.golden.openai_responses.judge import EVENTS, check_items

HERE = Path(__file__).parent
LIMITS = LimitsSpec()
IDENTITY = "req_1"


@dataclass
class Told:
    """What a reader from outside understood of an answer's first candidate."""

    text: str = ""
    """Text and refusal, as they came."""
    calls: list[tuple[str, Any]] = field(default_factory=list)
    """Names and arguments, read as JSON where they are."""
    is_complete: bool = False
    error: str | None = None


@dataclass(frozen=True)
class Side:
    """One dialect. ``model`` is one that a provider of it has."""

    name: str
    model: str
    path: str
    dialect: ChatDialect
    losses: tuple[Loss, ...]
    encode: Callable[[ChatRequest], bytes]
    judge_request: Callable[[bytes, str], None]
    read_reply: Callable[[bytes], Told]
    read_stream: Callable[[bytes], Told]

    @property
    def speech(self) -> Speech:
        """How its providers answer."""
        return speech_of(self.name, LIMITS)

    def goldens(self, kind: str) -> list[Path]:
        """Its ``requests``, ``replies`` or ``streams``."""
        suffixes = {".json"} if kind != "streams" else {".sse", ".jsonl"}
        paths = (HERE / self.name / kind).iterdir()
        return sorted(path for path in paths if path.suffix in suffixes and path.stem != "count_tokens")

    def envelope(self, body: bytes, *, is_stream: bool = False) -> Envelope:
        """A caller's request."""
        path = self.path.format(model=self.model).encode()
        query = b"alt=sse" if is_stream else b""
        return self.dialect.read(Request(None, method=b"POST", path=path, query=query, body=body))


def pieces_of(path: Path) -> list[bytes]:
    """A golden stream, event by event."""
    if path.suffix == ".jsonl":
        return frames(path)
    body = path.read_bytes()
    splitter = sse.Splitter()
    pieces = [bytes(event) for event in splitter.feed(body)]
    return [*pieces, splitter.pending] if splitter.pending else pieces


# -------------------------------------------------------------------------------------------------------------- judges


def validated(adapter: TypeAdapter[Any], wire: Any) -> None:
    """Checks a value against a type, also in what pydantic would only read when somebody asks for it."""
    _read_all(adapter.validate_python(wire))


def _read_all(value: Any) -> None:
    if isinstance(value, dict):
        for inner in value.values():
            _read_all(inner)
    elif isinstance(value, list | tuple) or type(value).__name__ == "ValidatorIterator":
        for inner in value:
            _read_all(inner)


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    from anthropic.types import MessageCreateParams

    kinds: dict[str, Any] = {
        "chat": CompletionCreateParams,
        "responses": ResponseCreateParams,
        "anthropic": MessageCreateParams,
    }
    return TypeAdapter(kinds[name])


def _judge_chat(body: bytes, _model: str) -> None:
    wire = json.loads(body)
    for message in wire["messages"]:
        if isinstance(message.get("content"), list):  # hosts of this dialect take videos, OpenAI itself does not
            message["content"] = [part for part in message["content"] if part["type"] != "video_url"]
    validated(_adapter("chat"), wire)


def _judge_responses(body: bytes, _model: str) -> None:
    wire = json.loads(body)
    for item in wire["input"] if isinstance(wire["input"], list) else ():
        if item.get("role") == "assistant" and isinstance(
            item["content"], list
        ):  # the types want what the API does not
            item |= {"id": "msg_1", "status": "completed", "type": "message"}
            item["content"] = [{"annotations": [], **part} for part in item["content"]]
        elif isinstance(item.get("content"), list):  # the types of parameters have no sound
            item["content"] = [part for part in item["content"] if part["type"] != "input_audio"]
        elif isinstance(item.get("output"), list):
            item["output"] = [part for part in item["output"] if part["type"] != "input_audio"]
        elif item.get("type") == "reasoning":
            item.setdefault("id", "rs_1")
    validated(_adapter("responses"), wire)


def _judge_anthropic(body: bytes, _model: str) -> None:
    wire = json.loads(body)
    validated(_adapter("anthropic"), {name: value for name, value in wire.items() if name not in UNTYPED})
    roles = [message["role"] for message in wire["messages"]]
    assert all(message["content"] for message in wire["messages"])
    assert set(roles) <= {"user", "assistant", "system"}


def _judge_gemini(body: bytes, _model: str) -> None:
    gemini_judge.judge_request(json.loads(body))


def _judge_bedrock(body: bytes, model: str) -> None:
    assert faults(body, model=model) == []


def _arguments(text: str) -> Any:
    try:
        return json.loads(text or "{}")
    except ValueError:
        return text


# ------------------------------------------------------------------------------------------------------- whole replies


def _read_chat_reply(body: bytes) -> Told:
    wire = ChatCompletion.model_validate_json(body)
    if not wire.choices:
        return Told(is_complete=True)
    message = wire.choices[0].message
    calls = [_chat_call(call) for call in message.tool_calls or ()]
    said = (message.content or "") + (message.refusal or "") + (message.audio.transcript if message.audio else "")
    return Told(said, calls, is_complete=wire.choices[0].finish_reason is not None)


def _chat_call(call: Any) -> tuple[str, Any]:
    if call.type == "custom":
        return call.custom.name, _arguments(call.custom.input)
    return call.function.name, _arguments(call.function.arguments)


def _read_response(body: bytes) -> Told:
    return _told_by(Response.model_validate_json(body))


def _told_by(wire: Response) -> Told:
    told = Told(is_complete=wire.status in {"completed", "incomplete"})
    for item in wire.output:
        if item.type == "message":
            told.text += "".join(part.text if part.type == "output_text" else part.refusal for part in item.content)
        elif item.type == "function_call":
            told.calls.append((item.name, _arguments(item.arguments)))
        elif item.type == "custom_tool_call":
            told.calls.append((item.name, _arguments(item.input)))
    return told


def _read_anthropic_reply(body: bytes) -> Told:
    return _told_by_claude(AnthropicMessage.model_validate_json(body))


def _told_by_claude(wire: AnthropicMessage) -> Told:
    told = Told(is_complete=wire.stop_reason is not None)
    for block in wire.content:
        if block.type == "text":
            told.text += block.text
        elif block.type == "tool_use":
            told.calls.append((block.name, block.input))
    return told


def _read_gemini_reply(body: bytes) -> Told:
    wire = json.loads(body)
    gemini_judge.judge_reply(wire)
    return _told_by_gemini([types.GenerateContentResponse.model_validate(wire)])


def _told_by_gemini(chunks: list[Any]) -> Told:
    told = Told()
    for chunk in chunks:
        told.is_complete = told.is_complete or bool(chunk.prompt_feedback and chunk.prompt_feedback.block_reason)
        for candidate in chunk.candidates or ():
            if candidate.index:
                continue
            told.is_complete = told.is_complete or candidate.finish_reason is not None
            for part in (candidate.content.parts if candidate.content else None) or ():
                told.text += part.text if part.text and not part.thought else ""
                if part.function_call:
                    told.calls.append((part.function_call.name, part.function_call.args))
    return told


def _read_bedrock_reply(body: bytes) -> Told:
    wire = parsed_reply(body)
    told = Told(is_complete=bool(wire["stopReason"]))
    for block in wire["output"]["message"]["content"]:
        told.text += block.get("text", "")
        told.text += "".join(part["text"] for part in block.get("citationsContent", {}).get("content", ()))
        if "toolUse" in block:
            told.calls.append((block["toolUse"]["name"], block["toolUse"]["input"]))
    return told


# ------------------------------------------------------------------------------------------------------------- streams


class _Canned:
    """A transport that answers everything with the bytes of the moment."""

    def __init__(self) -> None:
        self.stream = b""

    def __call__(self, _request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=self.stream)


@cache
def _openai() -> tuple[_Canned, openai.OpenAI]:
    canned = _Canned()
    http = httpx2.Client(transport=httpx2.MockTransport(canned))
    return canned, openai.OpenAI(api_key="k", base_url="http://test/v1", http_client=http, max_retries=0)


@cache
def _anthropic() -> tuple[_Canned, anthropic.Anthropic]:
    canned = _Canned()
    http = httpx2.Client(transport=httpx2.MockTransport(canned))
    return canned, anthropic.Anthropic(api_key="k", base_url="http://test", http_client=http, max_retries=0)


@cache
def _google() -> tuple[_Canned, Any]:
    canned = _Canned()
    options = types.HttpOptions(
        base_url="http://test", httpx_client=httpx2.Client(transport=httpx2.MockTransport(canned))
    )
    return canned, genai.Client(api_key="k", http_options=options)


def _read_chunks(stream: bytes) -> Told:
    canned, client = _openai()
    canned.stream = stream
    told = Told()
    calls: dict[int, list[str]] = {}
    spoken: set[int] = set()
    finished: set[int] = set()
    try:
        for chunk in client.chat.completions.create(model="m", messages=[], stream=True):
            _check_chunk(chunk, spoken, finished)
            for choice in chunk.choices:
                if choice.index == 0:
                    told.text += (choice.delta.content or "") + (choice.delta.refusal or "")
                    told.text += (getattr(choice.delta, "audio", None) or {}).get("transcript", "")
                    _add_calls(choice.delta.tool_calls or (), calls)
    except openai.APIError as error:
        told.error = error.message
    told.calls = [(name, _arguments(text)) for name, text in calls.values()]
    told.is_complete = stream.endswith(b"data: [DONE]\n\n") and (0 in finished or not spoken)
    return told


def _check_chunk(chunk: ChatCompletionChunk, spoken: set[int], finished: set[int]) -> None:
    wire = chunk.to_dict(warnings=False)
    if b'"custom"' not in json.dumps(wire).encode():  # the SDK's chunk type has no custom tools yet
        ChatCompletionChunk.model_validate(wire)
    for choice in chunk.choices:
        assert choice.index in spoken or choice.delta.role == "assistant"
        assert choice.index not in finished
        spoken.add(choice.index)
        if choice.finish_reason is not None:
            finished.add(choice.index)


def _add_calls(deltas: Any, calls: dict[int, list[str]]) -> None:
    for delta in deltas:
        body: Any = delta.function or getattr(delta, "custom", None)
        told = body if isinstance(body, dict) else body.to_dict()
        if delta.index not in calls:
            assert delta.id
            assert delta.index == len(calls)
            calls[delta.index] = [told["name"], ""]
        calls[delta.index][1] += told.get("arguments") or told.get("input") or ""


def _read_response_events(stream: bytes) -> Told:
    events = sse.Decoder().feed(stream)
    told = [json.loads(event.data) for event in events]
    assert [event["sequence_number"] for event in told] == list(range(len(told)))
    assert [event.event for event in events] == [event["type"] for event in told]
    check_items(told)
    for event in told:
        EVENTS.validate_python(event)
    canned, client = _openai()
    canned.stream = stream
    try:
        last: Any = [None, *client.responses.create(model="m", input="x", stream=True)][-1]
    except openai.APIError as error:
        return Told(error=error.message)
    if last is not None and last.type in {"response.completed", "response.incomplete"}:
        return _told_by(last.response)
    if last is not None and last.type == "response.failed":
        return Told(error=last.response.error.message)
    if last is not None and last.type == "error":
        return Told(error=last.message)
    return Told()


def _read_message_events(stream: bytes) -> Told:
    canned, client = _anthropic()
    canned.stream = stream
    try:
        with client.messages.stream(model="m", max_tokens=9, messages=[{"role": "user", "content": "x"}]) as told:
            message = told.get_final_message()
    except anthropic.APIStatusError as error:
        body: Any = error.body
        return Told(error=body["error"]["message"])
    judge_order(stream)
    return _told_by_claude(message)


def _read_gemini_chunks(stream: bytes) -> Told:
    canned, client = _google()
    canned.stream = stream
    chunks = []
    try:
        for chunk in client.models.generate_content_stream(model="m", contents="x"):
            chunks.append(chunk)  # noqa: PERF402 (what came before an error counts)
    except genai.errors.APIError as error:
        told = _told_by_gemini(chunks)
        told.is_complete, told.error = False, error.message
        return told
    for event in sse.Decoder().feed(stream):
        gemini_judge.judge_reply(json.loads(event.data))
    return _told_by_gemini(chunks)


def _read_frames(stream: bytes) -> Told:
    events: list[dict[str, Any]] = []
    error = None
    try:
        events.extend(parsed_stream(stream))
    except EventStreamError as raised:
        error = raised.response["Error"]["Message"]
    told, calls = Told(error=error), {}
    for event in events:
        start, delta = event.get("contentBlockStart"), event.get("contentBlockDelta")
        if start is not None and "toolUse" in start["start"]:
            calls[start["contentBlockIndex"]] = [start["start"]["toolUse"]["name"], ""]
        if delta is not None:
            told.text += delta["delta"].get("text", "")
            if "toolUse" in delta["delta"]:
                calls[delta["contentBlockIndex"]][1] += delta["delta"]["toolUse"]["input"]
    told.calls = [(name, _arguments(text)) for name, text in calls.values()]
    told.is_complete = error is None and any("messageStop" in event for event in events)
    if told.is_complete:
        assert_well_formed(events)
    return told


SIDES = (
    Side(
        "openai_chat",
        "gpt-5",
        "/v1/chat/completions",
        chat_completions.dialect(LIMITS),
        CHAT_LOSSES,
        chat_request.encode,
        _judge_chat,
        _read_chat_reply,
        _read_chunks,
    ),
    Side(
        "openai_responses",
        "gpt-5",
        "/v1/responses",
        responses.dialect(LIMITS),
        RESPONSES_LOSSES,
        responses_request.encode,
        _judge_responses,
        _read_response,
        _read_response_events,
    ),
    Side(
        "anthropic_messages",
        "claude-sonnet-4-5",
        "/v1/messages",
        messages.dialect(LIMITS),
        ANTHROPIC_LOSSES,
        anthropic_request.encode,
        _judge_anthropic,
        _read_anthropic_reply,
        _read_message_events,
    ),
    Side(
        "gemini",
        "gemini-2.5-flash",
        "/v1beta/models/{model}:streamGenerateContent",
        generate_content.dialect(LIMITS),
        GEMINI_LOSSES,
        gemini_request.encode,
        _judge_gemini,
        _read_gemini_reply,
        _read_gemini_chunks,
    ),
    Side(
        "bedrock_converse",
        "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "/model/{model}/converse-stream",
        converse.dialect(LIMITS),
        BEDROCK_LOSSES,
        bedrock_request.encode,
        _judge_bedrock,
        _read_bedrock_reply,
        _read_frames,
    ),
)


def pairs(kind: str) -> Iterator[tuple[Side, Path, Side]]:
    """Every golden of every dialect with every other dialect."""
    for origin in SIDES:
        for path in origin.goldens(kind):
            for target in SIDES:
                if target is not origin:
                    yield origin, path, target
