"""Streams of messages, event by event."""

from typing import Any

import msgspec

from stellwerk.simulator.answer import Author
from stellwerk.simulator.anthropic.request import read_messages
from stellwerk.simulator.anthropic.response import message
from stellwerk.simulator.anthropic.stream import PING, events
from stellwerk.simulator.dialect import Stamp
from stellwerk.simulator.spread import sampler
from stellwerk.simulator.steering import Steering

AUTHOR = Author(b"seed", "auto")
STAMP = Stamp("0123456789abcdef0123456789abcdef", 0)
CLOCK = {"name": "clock", "input_schema": {"type": "object", "properties": {}}}
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"name": "weather", "input_schema": CITY}


def _both(steering: Steering, **fields: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    body = {"model": "m", "max_tokens": 3_000, "messages": [{"role": "user", "content": "Hi"}], **fields}
    ask = read_messages(msgspec.json.encode(body), "")
    answer = AUTHOR.answer(ask, steering, sampler(30), reasons=False, cached_tokens=0)
    streamed = [msgspec.json.decode(event.split(b"data: ")[1]) for event in events(ask, answer, STAMP)]
    return msgspec.json.decode(message(ask, answer, STAMP)), streamed


def _kinds(streamed: list[dict[str, Any]]) -> list[str]:
    kinds: list[str] = []
    for event in streamed:
        kind = event.get("delta", {}).get("type") or event["type"]
        if not kinds or kinds[-1] != kind:
            kinds.append(kind)
    return kinds


def test_a_text_is_one_block_with_a_ping_at_its_beginning() -> None:
    whole, streamed = _both(Steering())
    order = ["message_start", "content_block_start", "ping", "text_delta", "content_block_stop", "message_delta"]
    assert _kinds(streamed) == order
    text = "".join(event["delta"]["text"] for event in streamed if event["type"] == "content_block_delta")
    assert text == whole["content"][0]["text"]
    assert streamed[-1]["delta"]["stop_reason"] == whole["stop_reason"] == "end_turn"
    assert streamed[-1]["usage"]["output_tokens"] == whole["usage"]["output_tokens"]
    assert streamed[0]["message"]["usage"]["input_tokens"] == whole["usage"]["input_tokens"]


def test_a_thought_comes_first_and_ends_with_its_signature() -> None:
    whole, streamed = _both(Steering(), thinking={"type": "adaptive"})
    assert _kinds(streamed)[:6] == [
        "message_start",
        "content_block_start",
        "ping",
        "thinking_delta",
        "signature_delta",
        "content_block_stop",
    ]
    signature = next(event["delta"]["signature"] for event in streamed if "signature" in event.get("delta", {}))
    assert signature == whole["content"][0]["signature"]
    assert whole["usage"]["output_tokens_details"]["thinking_tokens"] > 0


def test_a_thought_may_stay_with_the_model() -> None:
    whole, streamed = _both(Steering(), thinking={"type": "adaptive", "display": "omitted"})
    assert (whole["content"][0]["thinking"], "thinking_delta" in _kinds(streamed)) == ("", False)
    magic = "ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING_46C9"
    whole, streamed = _both(Steering(), thinking={"type": "adaptive"}, system=magic)
    assert whole["content"][0] == streamed[1]["content_block"]
    assert whole["content"][0]["type"] == "redacted_thinking"


def test_a_thought_that_is_cut_off_has_no_signature() -> None:
    steering = Steering(reasoning_tokens=5_000)
    whole, streamed = _both(steering, thinking={"type": "adaptive"})
    assert (whole["stop_reason"], whole["content"][0]["signature"]) == ("max_tokens", "")
    assert "signature_delta" not in _kinds(streamed)


def test_a_call_without_arguments_has_one_empty_delta() -> None:
    whole, streamed = _both(Steering(call="clock"), tools=[CLOCK])
    deltas = [event["delta"] for event in streamed if event["type"] == "content_block_delta"]
    assert deltas[-1] == {"type": "input_json_delta", "partial_json": ""}
    assert (whole["content"][-1]["input"], whole["stop_reason"]) == ({}, "tool_use")


def test_a_call_that_is_cut_off_leaves_broken_json_in_the_stream_alone() -> None:
    whole, streamed = _both(Steering(call="weather"), tools=[WEATHER], max_tokens=10)
    pieces = [event["delta"]["partial_json"] for event in streamed if "partial_json" in event.get("delta", {})]
    assert "".join(pieces).startswith('{"')
    assert not "".join(pieces).endswith("}")
    assert (whole["content"][-1]["input"], whole["stop_reason"]) == ({}, "max_tokens")


def test_a_stop_sequence_is_named() -> None:
    whole, streamed = _both(Steering(say="one two three"), stop_sequences=[" three", " two"])
    assert (whole["stop_reason"], whole["stop_sequence"]) == ("stop_sequence", " two")
    assert streamed[-1]["delta"]["stop_sequence"] == " two"
    assert whole["content"][0]["text"] == "one"


def test_a_refusal_says_so() -> None:
    whole, streamed = _both(Steering(refusal=True))
    assert whole["stop_reason"] == streamed[-1]["delta"]["stop_reason"] == "refusal"
    assert whole["stop_details"]["type"] == "refusal"


def test_long_blocks_have_further_pings() -> None:
    _, streamed = _both(Steering(tokens=450))
    assert sum(event["type"] == "ping" for event in streamed) == 3
    assert PING.startswith(b"event: ping\n")


def test_nothing_is_a_message_too() -> None:
    whole, streamed = _both(Steering(say=""))
    assert (whole["content"], _kinds(streamed)) == ([], ["message_start", "message_delta"])
