"""Legacy completions: handed on, and served by chat models."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import Completion

from stellwerk.core.chat import Message, Role, Sampling
from stellwerk.core.loss import judge
from stellwerk.core.part import Refusal, Text, Thinking
from stellwerk.core.reply import (
    Candidate,
    Finish,
    Logprobs,
    Reply,
    ReplyFacts,
    StopReason,
    TokenAlternative,
    TokenLogprob,
)
from stellwerk.core.stream import (
    Ended,
    Finished,
    RefusalDelta,
    Started,
    StreamEvent,
    StreamFault,
    TextDelta,
    ThinkingDelta,
    UsageReported,
)
from stellwerk.core.usage import Usage
from stellwerk.dialects import sse
from stellwerk.dialects.chunk_shape import learn
from stellwerk.dialects.openai_completions import errors, request, response
from stellwerk.dialects.openai_completions.losses import BOUND
from stellwerk.dialects.openai_completions.stream import ChunkEncoder, PassThrough
from stellwerk.errors import InvalidRequest, NotFound, UpstreamInvalid

LOGPROBS = Logprobs((TokenLogprob("Hi", -0.5, None, (TokenAlternative("Ho", -1.0),)), TokenLogprob("!", -2.0)))


def dump(wire: Any) -> bytes:
    return json.dumps(wire, ensure_ascii=False).encode()


def read(**wire: Any) -> Any:
    return request.decode(dump({"model": "m", "prompt": "p", **wire}))


@pytest.mark.parametrize(
    ("wire", "usage", "cap", "choices"),
    [
        ({}, True, None, 1),
        ({"stream": True}, False, None, 1),
        ({"stream": True, "stream_options": {"include_usage": True}}, True, None, 1),
        ({"stream": True, "stream_options": None, "max_tokens": 5, "n": 2}, False, 5, 2),
    ],
)
def test_the_thin_reading_takes_what_routing_needs(wire: dict[str, Any], usage: bool, cap: Any, choices: int) -> None:
    envelope = request.read_envelope(dump({"model": "m", "prompt": "ü", **wire}), max_depth=8)
    assert (envelope.wants_usage, envelope.output_cap, envelope.choices) == (usage, cap, choices)
    assert envelope.has_stream_options == ("stream_options" in wire)


@pytest.mark.parametrize(
    ("wire", "param"),
    [
        ({"prompt": "x"}, "model"),
        ({"model": "m"}, "prompt"),
        ({"model": "m", "prompt": "x", "n": 0}, "n"),
        ({"model": "m", "prompt": "x", "stream": 1}, "stream"),
        ({"model": "m", "prompt": "x", "stream_options": 1}, "stream_options"),
    ],
)
def test_the_thin_reading_refuses_by_name(wire: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        request.read_envelope(dump(wire), max_depth=8)
    assert caught.value.param == param


def test_edge_8_a_stream_asks_for_usage_whether_the_caller_did_or_not() -> None:
    body = dump({"model": "m", "prompt": "x", "stream": True})
    envelope = request.read_envelope(body, max_depth=8)
    assert json.loads(request.rewrite(envelope, "n")) == {
        "model": "n",
        "prompt": "x",
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    whole = request.read_envelope(b'{"model":"m","prompt":"x"}', max_depth=8)
    assert request.rewrite(whole, "m") is whole.body


@pytest.mark.parametrize("prompt", ["p", ["p"]])
def test_a_prompt_is_one_users_text(prompt: Any) -> None:
    decoded = read(prompt=prompt, max_tokens=5, temperature=0, stop="x", n=2, logprobs=3, user="u", seed=7)
    assert decoded.messages == (Message(Role.USER, (Text("p"),)),)
    assert decoded.sampling == Sampling(temperature=0, seed=7)
    assert (decoded.output_cap, decoded.stop, decoded.choices) == (5, ("x",), 2)
    assert (decoded.wants_logprobs, decoded.top_logprobs, decoded.user) == (True, 3, "u")
    assert decoded.opaque is None


def test_stops_and_stream_options_are_read() -> None:
    decoded = read(stop=["a", "b"], stream=True, stream_options={"include_usage": True}, logprobs=0)
    assert (decoded.stop, decoded.is_stream, decoded.wants_usage) == (("a", "b"), True, True)
    assert (decoded.wants_logprobs, decoded.top_logprobs) == (True, None)
    assert not read(stream_options=None).wants_usage
    assert not read(stream_options={}).wants_usage


@pytest.mark.parametrize("prompt", [["a", "b"], [1, 2], [[1]], [], 5])
def test_several_prompts_or_tokens_are_for_completions_only(prompt: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(prompt=prompt)
    assert caught.value.param == "prompt"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"model":"m","prompt":"\xff"}',
        b'{"model":"m"}',
        b'{"model":"m","prompt":"a","prompt":"b"}',
        b'{"model":"m","prompt":"p","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        request.decode(body)


@pytest.mark.parametrize(("member", "value"), [("suffix", "s"), ("echo", True), ("best_of", 3)])
def test_what_no_chat_model_does_is_refused_by_name(member: str, value: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        judge(BOUND, read(**{member: value}))
    assert caught.value.param == member


def test_what_says_nothing_is_no_loss() -> None:
    assert judge(BOUND, read(suffix=None, echo=False, best_of=1, logit_bias={"1": 2})) == ("logit_bias",)
    assert judge(BOUND, read()) == ()


def test_a_reply_of_a_chat_model_is_its_text() -> None:
    parts = (Thinking("hm"), Text("Hi"), Text("!"), Refusal(" no"))
    candidates = (
        Candidate(Message(Role.ASSISTANT, parts), 0, Finish(StopReason.LENGTH), LOGPROBS),
        Candidate(Message(Role.ASSISTANT, ()), 1),
        Candidate(Message(Role.ASSISTANT, ()), 2, Finish(StopReason.MALFORMED_CALL), Logprobs()),
    )
    encoded = response.encode(Reply("r", "m", candidates, 7, Usage(3, 2)))
    completion = Completion.model_validate_json(encoded)
    assert [choice.text for choice in completion.choices] == ["Hi! no", "", ""]
    assert [choice.finish_reason for choice in completion.choices] == ["length", "stop", "content_filter"]
    first = completion.choices[0].logprobs
    assert first is not None
    assert (first.tokens, first.token_logprobs, first.text_offset) == (["Hi", "!"], [-0.5, -2.0], [0, 2])
    assert first.top_logprobs == [{"Ho": -1.0}, {}]
    assert response.read_usage(encoded) == ReplyFacts(Usage(3, 2), "length", "r")
    assert "usage" not in json.loads(response.encode(Reply("r", "m", ())))


@pytest.mark.parametrize("body", [b"", b"[]", b'{"error":{"message":"no"}}'])
def test_what_is_no_completion_is_the_providers_fault(body: bytes) -> None:
    with pytest.raises(UpstreamInvalid):
        response.read_usage(body)


EVENTS: tuple[StreamEvent, ...] = (
    Started("r", "m", 7),
    ThinkingDelta("hm"),
    TextDelta("Hi!", 0, LOGPROBS),
    TextDelta(" you"),
    RefusalDelta(" no"),
    Finished(Finish(StopReason.END)),
    UsageReported(Usage(3, 2)),
    Ended(),
)


def encoded(*events: StreamEvent, include_usage: bool = True) -> bytes:
    encoder = ChunkEncoder(include_usage=include_usage)
    return b"".join(encoder.feed(event) for event in events) + encoder.flush()


@pytest.mark.parametrize("include_usage", [False, True])
def test_the_official_client_reads_a_stream_of_a_chat_model(include_usage: bool) -> None:
    def answer(_: httpx2.Request) -> httpx2.Response:
        stream = encoded(*EVENTS, include_usage=include_usage)
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=stream)

    with (
        httpx2.Client(transport=httpx2.MockTransport(answer)) as http,
        openai.OpenAI(api_key="k", base_url="http://test/v1", http_client=http) as client,
    ):
        chunks = list(client.completions.create(model="m", prompt="p", stream=True))
    assert "".join(choice.text for chunk in chunks for choice in chunk.choices) == "Hi! you no"
    assert [usage.total_tokens for chunk in chunks if (usage := chunk.usage)] == ([5] if include_usage else [])
    told = chunks[0].choices[0].logprobs
    assert told is not None
    assert told.text_offset == [0, 2]


def test_a_fault_ends_a_stream_without_its_end() -> None:
    told = sse.Decoder().feed(encoded(Started("r", "m"), TextDelta("a"), StreamFault("It broke.", "c")))
    assert json.loads(told[-1].data)["error"]["message"] == "It broke."


def test_a_stream_that_is_handed_on_is_noticed_by_its_text() -> None:
    stream = encoded(*EVENTS)
    pieces = [raw.data for raw in sse.Decoder().feed(stream)]
    relay = PassThrough(strip_usage=False)
    for data in pieces:
        raw = sse.encode(data)
        assert relay.feed(raw) is raw
    assert (relay.has_content, relay.is_complete, relay.finish, relay.usage) == (True, True, "stop", Usage(3, 2))
    silent = PassThrough(strip_usage=True)
    silent.feed(b'data: {"choices":[{"text":"","index":0,"finish_reason":null}]}\n\n')
    assert not silent.has_content
    assert b"total_tokens" not in PassThrough(strip_usage=True).feed(stream)


def test_the_shape_of_a_chunk_is_learned_from_its_text() -> None:
    chunk = b'data: {"id":"c","choices":[{"text":"hello","index":0,"finish_reason":null}]}\n\n'
    assert learn(chunk) == (chunk[: chunk.index(b"hello")], chunk[chunk.index(b'","index') :], b"")
    assert learn(b'data: {"text":"x","choices":[5]}\n\n') is None
    relay = PassThrough(strip_usage=False)
    for _ in range(3):
        assert relay.feed(chunk) is chunk
    relay.feed(chunk.replace(b"null", b'"stop"'))
    assert relay.finish == "stop"


def test_errors_are_those_of_all_of_openais_dialects() -> None:
    assert json.loads(errors.encode_error(NotFound("m")))["error"]["message"] == "m"


@given(st.binary(max_size=100))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for read_request in (lambda data: request.read_envelope(data, max_depth=8), request.decode):
        with contextlib.suppress(InvalidRequest):
            read_request(body)
