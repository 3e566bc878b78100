"""Streams say the same as whole answers."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.simulator.answer import Answer, Author
from stellwerk.simulator.ask import Ask
from stellwerk.simulator.dialect import Stamp
from stellwerk.simulator.openai.request import read_chat
from stellwerk.simulator.openai.response import chat_completion
from stellwerk.simulator.openai.stream import chunks
from stellwerk.simulator.spread import sampler
from stellwerk.simulator.steering import NOTHING, Steering

AUTHOR = Author(b"seed", "auto")
STAMP = Stamp("id", 1_700_000_000)
TOOLS = [
    {"type": "function", "function": {"name": "a", "parameters": {"properties": {"x": {"type": "integer"}}}}},
    {"type": "custom", "custom": {"name": "b"}},
]


def _asked(**fields: Any) -> Ask:
    messages = [{"role": "user", "content": "Grüße: “quoted” 😀"}]
    return read_chat(msgspec.json.encode({"model": "m", "messages": messages, **fields}))


def _answered(ask: Ask, steering: Steering) -> Answer:
    return AUTHOR.answer(ask, steering, sampler(12), reasons=True, cached_tokens=0)


def _events(ask: Ask, answer: Answer) -> list[dict[str, Any]]:
    events = list(chunks(ask, answer, STAMP))
    assert all(event.startswith(b"data: {") and event.endswith(b"}\n\n") for event in events)
    return [msgspec.json.decode(event.removeprefix(b"data: ")) for event in events]


def _joined(events: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """The messages that a client puts together from a stream."""
    messages: list[dict[str, Any]] = [{"content": None, "refusal": None, "calls": {}} for _ in range(count)]
    for event in events:
        for choice in event["choices"]:
            message, delta = messages[choice["index"]], choice["delta"]
            for key in ("content", "refusal"):
                if delta.get(key) is not None:
                    message[key] = (message[key] or "") + delta[key]
            for call in delta.get("tool_calls", ()):
                inner = call.get("function") or call["custom"]
                known = message["calls"].setdefault(call["index"], {"text": ""})
                known.update({key: call[key] for key in ("id", "type") if key in call})
                known.update({"name": inner["name"]} if "name" in inner else {})
                known["text"] += inner.get("arguments", inner.get("input"))
            message["finish"] = choice["finish_reason"] or message.get("finish")
    return messages


@given(
    st.integers(1, 3),
    st.sampled_from([NOTHING, Steering(refusal=True), Steering(say='a\n"b" ü😀'), Steering(say=""), Steering(calls=2)]),
    st.booleans(),
    st.booleans(),
)
def test_a_stream_joined_is_the_whole_answer(count: int, steering: Steering, has_tools: bool, has_usage: bool) -> None:
    extra: dict[str, Any] = {"tools": TOOLS} if has_tools else {}
    ask = _asked(n=count, stream=True, stream_options={"include_usage": has_usage}, **extra)
    answer = _answered(ask, steering)
    events, whole = _events(ask, answer), msgspec.json.decode(chat_completion(ask, answer, STAMP))
    for choice, message in zip(whole["choices"], _joined(events, count), strict=True):
        assert choice["finish_reason"] == message["finish"]
        assert choice["message"]["content"] == message["content"]
        assert choice["message"]["refusal"] == message["refusal"]
        calls = choice["message"].get("tool_calls", [])
        assert [call["id"] for call in calls] == [call["id"] for call in message["calls"].values()]
        texts = [call.get("function", {}).get("arguments", call.get("custom", {}).get("input")) for call in calls]
        assert texts == [call["text"] for call in message["calls"].values()]
    if has_usage:
        assert (events[-1]["choices"], events[-1]["usage"]) == ([], whole["usage"])
        assert all(event["usage"] is None for event in events[:-1])
    else:
        assert all("usage" not in event for event in events)


def test_a_stream_opens_with_the_role_and_sends_one_token_at_a_time() -> None:
    ask = _asked(stream=True)
    events = _events(ask, _answered(ask, Steering(say="one two three")))
    assert [event["choices"][0]["delta"] for event in events] == [
        {"role": "assistant", "content": "", "refusal": None},
        {"content": "one"},
        {"content": " two"},
        {"content": " three"},
        {},
    ]
    assert {(event["id"], event["object"], event["model"]) for event in events} == {
        ("chatcmpl-id", "chat.completion.chunk", "m")
    }


def test_log_probabilities_are_the_same_whole_and_streamed() -> None:
    ask = _asked(stream=True, logprobs=True, top_logprobs=4)
    answer = _answered(ask, NOTHING)
    whole = msgspec.json.decode(chat_completion(ask, answer, STAMP))["choices"][0]["logprobs"]
    streamed = [
        entry for event in _events(ask, answer) for entry in (event["choices"][0]["logprobs"] or {}).get("content", [])
    ]
    assert streamed == whole["content"]
    assert len(streamed) == 12
    for entry in streamed:
        tops = [top["logprob"] for top in entry["top_logprobs"]]
        assert tops == sorted(tops, reverse=True)
        assert len({top["token"] for top in entry["top_logprobs"]}) == 4
        assert bytes(entry["bytes"]).decode() == entry["token"]


def test_log_probabilities_of_a_refusal_stand_under_refusal() -> None:
    ask = _asked(logprobs=True)
    whole = msgspec.json.decode(chat_completion(ask, _answered(ask, Steering(refusal=True)), STAMP))
    shown = whole["choices"][0]["logprobs"]
    assert shown["content"] is None
    assert shown["refusal"][0]["top_logprobs"] == []
