"""What users of other gateways complain of, over sockets: cost, streams, tools and reasoning across providers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stellwerk.dialects.aws_eventstream import Decoder
from tests.integration.gateway.clients import asking, raw
from tests.integration.gateway.foreign import PATHS, event, events, foreign, heard, whole
from tests.integration.gateway.kit import model, provider, serving
from tests.integration.gateway.test_edges import (
    ANTHROPIC,
    CONVERSE,
    DONE,
    GEMINI,
    HELLO,
    SWAPPED_RESULTS,
    TOOL,
    TWO_CALLS,
    completion,
    delta,
)
from tests.integration.gateway.upstream import SOUND, STREAM_HEAD, answers, chunk, completes, script, streams
from tests.integration.http.loop import on_loop

WORDS: dict[str, dict[str, Any]] = {
    "chat": {"messages": [HELLO]},
    "responses": {"input": "Hello"},
    "messages": {"messages": [HELLO], "max_tokens": 99},
    "gemini": {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]},
    "converse": {"messages": [{"role": "user", "content": [{"text": "Hello"}]}]},
}
STARTED: dict[str, Any] = {"type": "message_start", "message": {**ANTHROPIC, "content": [], "stop_reason": None}}


def nanos(fresh: int, cached: int, output: int) -> int:
    """What Gemini 3 Pro costs at its published 2 dollars, a tenth of that for cached input, and 12 for output."""
    return fresh * 2_000 + cached * 200 + output * 12_000


@on_loop
async def test_complaint_13_cached_tokens_are_charged_once(tmp_path: Path) -> None:
    counts = {"promptTokenCount": 1_000, "cachedContentTokenCount": 900, "candidatesTokenCount": 10}
    async with foreign(tmp_path, "chat", "gemini", whole({**GEMINI, "usageMetadata": counts})) as line:
        await line.told(**WORDS["chat"])
        assert (await line.gateway.event()).cost_nanos == nanos(100, 900, 10)


@on_loop
async def test_complaint_14_pictures_that_were_cached_are_in_one_sum_and_not_in_two(tmp_path: Path) -> None:
    counts = {
        "promptTokenCount": 1_000,
        "cachedContentTokenCount": 900,
        "candidatesTokenCount": 10,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 200}, {"modality": "IMAGE", "tokenCount": 800}],
        "cacheTokensDetails": [{"modality": "IMAGE", "tokenCount": 800}, {"modality": "TEXT", "tokenCount": 100}],
    }
    async with foreign(tmp_path, "messages", "gemini", whole({**GEMINI, "usageMetadata": counts})) as line:
        usage = (await line.told(**WORDS["messages"]))["usage"]
        assert usage["input_tokens"] + usage["cache_read_input_tokens"] == 1_000
        assert (await line.gateway.event()).cost_nanos == nanos(100, 900, 10)


@on_loop
async def test_complaint_15_a_count_that_comes_late_replaces_the_first_and_is_not_added(tmp_path: Path) -> None:
    start = {
        "type": "message_start",
        "message": {**STARTED["message"], "usage": {"input_tokens": 0, "output_tokens": 0}},
    }
    told = events(
        start,
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi."}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": None}, "usage": {"input_tokens": 9, "output_tokens": 2}},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn"},
            "usage": {"input_tokens": 9, "output_tokens": 5},
        },
        {"type": "message_stop"},
    )
    for dialect in ("messages", "chat"):
        folder = tmp_path / dialect
        folder.mkdir()
        async with foreign(folder, dialect, "anthropic", told) as line:
            await line.ask(is_stream=True, **WORDS[dialect])
            found = await line.gateway.event()
            assert (found.input_tokens, found.output_tokens) == (9, 5)


@on_loop
async def test_complaint_20_and_28_a_streamed_call_of_gemini_keeps_its_arguments_and_signature(tmp_path: Path) -> None:
    part = {"functionCall": {"name": "f", "args": {"a": [1, "zwei"]}}, "thoughtSignature": "c2ln"}
    told = events({"candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}]})
    async with foreign(tmp_path, "messages", "gemini", told, whole(GEMINI)) as line:
        found = heard((await line.ask(is_stream=True, **WORDS["messages"])).body)
        begun = next(one["content_block"] for one in found if one["type"] == "content_block_start")
        pieces = [one["delta"]["partial_json"] for one in found if one["type"] == "content_block_delta"]
        assert json.loads("".join(pieces)) == {"a": [1, "zwei"]}
        assert found[-2]["delta"]["stop_reason"] == "tool_use"
        turn = {"role": "assistant", "content": [{**begun, "input": {"a": [1, "zwei"]}}]}
        result = {"type": "tool_result", "tool_use_id": begun["id"], "content": "x"}
        tools = [{"name": "f", "input_schema": {"type": "object"}}]
        await line.told(max_tokens=9, messages=[HELLO, turn, {"role": "user", "content": [result]}], tools=tools)
        assert line.sent["contents"][1]["parts"][0]["thoughtSignature"] == "c2ln"


@on_loop
async def test_complaint_21_and_22_and_23_text_and_calls_of_one_chunk_keep_names_order_and_reason(
    tmp_path: Path,
) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    told = events(delta(content="Hm.", tool_calls=[call]), delta(role="assistant", tool_calls=[]), delta("stop"), DONE)
    for dialect in ("messages", "converse"):
        folder = tmp_path / dialect
        folder.mkdir()
        async with foreign(folder, dialect, "openai", told) as line:
            body = (await line.ask(is_stream=True, **WORDS[dialect])).body
            if dialect == "messages":
                found = heard(body)
                kinds = [one["content_block"]["type"] for one in found if one["type"] == "content_block_start"]
                assert kinds == ["text", "tool_use"]
                assert [one["type"] for one in found].count("message_start") == 1
                assert found[-2]["delta"]["stop_reason"] == "tool_use"
            else:
                names = [frame.headers[":event-type"] for frame in Decoder().feed(body)]
                assert names.count("messageStart") == 1
                assert b'"stopReason":"tool_use"' in body
    async with foreign(tmp_path, "chat", "anthropic", events(*spoken("Hi."))) as line:
        found = heard((await line.ask(is_stream=True, **WORDS["chat"])).body)
        assert found[0]["choices"][0]["delta"]["role"] == "assistant"


def spoken(text: str) -> list[dict[str, Any]]:
    """The events of a sound stream of Anthropic's."""
    return [
        STARTED,
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
        {"type": "message_stop"},
    ]


@pytest.mark.parametrize("dialect", [*PATHS])
@on_loop
async def test_complaint_24_a_stream_that_breaks_off_in_half_an_event_ends_in_an_error_of_its_own(
    tmp_path: Path, dialect: str
) -> None:
    first, second, third, *_ = map(event, spoken("Hi."))
    torn = answers(
        STREAM_HEAD
        + chunk(first)
        + chunk(second)
        + chunk(third)
        + chunk(b"event: content_block_delta\nda")
        + b"0\r\n\r\n"
    )
    async with foreign(tmp_path, dialect, "anthropic", torn) as line:
        answer = await line.ask(is_stream=True, **WORDS[dialect])
        assert answer.status == 200
        if dialect == "converse":
            assert Decoder().feed(answer.body)[-1].headers[":message-type"] == "exception"
        elif dialect == "messages":
            told = answer.body.split(b"\n\n")
            assert json.loads(told[-2].split(b"data: ", 1)[1])["type"] == "error"
        else:
            last = heard(answer.body)[-1]
            assert last["type"] == "response.failed" if dialect == "responses" else last["error"]["message"]
        assert (await line.gateway.event()).outcome == "truncated"


@on_loop
async def test_complaint_25_an_error_behind_a_200_goes_to_the_next_target(tmp_path: Path) -> None:
    broken = b'{"error":{"message":"Network connection lost.","type":"internal_error"}}'
    stream = streams(b"data: %b\n\n" % broken)
    async with script(completes(broken), stream) as one, script(completes(), streams(*SOUND)) as two:
        parts = provider("one", one.base_url), provider("two", two.base_url), model("plain", "one", "two")
        async with serving(tmp_path, *parts) as gateway, raw(gateway) as caller:
            for is_stream in (False, True):
                await caller.ask(asking(stream=is_stream))
                answer = await caller.answer(to=b"POST")
                assert answer.status == 200
                assert answer.field(b"x-stellwerk-provider") == b"two"
                assert answer.field(b"x-stellwerk-attempts") == b"2"


@pytest.mark.parametrize("step", [1, 3])
@on_loop
async def test_complaint_26_bytes_may_be_cut_anywhere_lines_end_in_any_way_and_spaces_lack(
    tmp_path: Path, step: int
) -> None:
    wire = b"".join(map(event, spoken("Grüße, 世界 🚉"))).replace(b"\n", b"\r\n").replace(b"data: ", b"data:")
    cut = answers(
        STREAM_HEAD + b"".join(chunk(wire[at : at + step]) for at in range(0, len(wire), step)) + b"0\r\n\r\n"
    )
    async with foreign(tmp_path, "chat", "anthropic", cut) as line:
        found = heard((await line.ask(is_stream=True, **WORDS["chat"])).body)
        text = "".join(one["choices"][0]["delta"].get("content") or "" for one in found if one["choices"])
        assert text == "Grüße, 世界 🚉"
        assert (await line.gateway.event()).outcome == "complete"


@on_loop
async def test_complaint_27_megabytes_go_through_in_requests_answers_and_single_events(tmp_path: Path) -> None:
    large = "x" * 3_000_000
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": json.dumps({"a": large})}}
    answer = completion("tool_calls", tool_calls=[call])
    chunks = events(delta(tool_calls=[{"index": 0, **call}]), delta("tool_calls"), DONE)
    async with foreign(tmp_path, "messages", "openai", whole(answer), chunks) as line:
        asked = {"max_tokens": 9, "messages": [{"role": "user", "content": large}]}
        told = await line.told(**asked)
        assert told["content"][0]["input"] == {"a": large}
        assert line.sent["messages"][0]["content"] == large
        found = heard((await line.ask(is_stream=True, **asked)).body)
        pieces = [one["delta"]["partial_json"] for one in found if one["type"] == "content_block_delta"]
        assert json.loads("".join(pieces)) == {"a": large}


@on_loop
async def test_complaint_29_thinking_that_is_a_signature_alone_comes_and_goes_back(tmp_path: Path) -> None:
    signed = {"reasoningContent": {"reasoningText": {"text": "", "signature": "c2ln"}}}
    used = {"toolUse": {"toolUseId": "t", "name": "f", "input": {}}}
    called = {
        **CONVERSE,
        "output": {"message": {"role": "assistant", "content": [signed, used]}},
        "stopReason": "tool_use",
    }
    async with foreign(tmp_path, "messages", "bedrock", whole(called), whole(CONVERSE)) as line:
        turn = (await line.told(**WORDS["messages"]))["content"]
        assert turn[0] == {"type": "thinking", "thinking": "", "signature": "c2ln"}
        result = {"type": "tool_result", "tool_use_id": "t", "content": "x"}
        history = [HELLO, {"role": "assistant", "content": turn}, {"role": "user", "content": [result]}]
        thinking = {"type": "enabled", "budget_tokens": 1_024}
        tools = [{"name": "f", "input_schema": {"type": "object"}}]
        await line.told(max_tokens=2_048, messages=history, thinking=thinking, tools=tools)
        assert line.sent["messages"][1]["content"] == [signed, used]
        assert line.sent["additionalModelRequestFields"]["thinking"] == thinking


@on_loop
async def test_complaint_30_results_of_parallel_calls_are_not_messages_of_their_own(tmp_path: Path) -> None:
    async with foreign(tmp_path, "chat", "bedrock", whole(CONVERSE)) as line:
        await line.told(messages=[HELLO, TWO_CALLS, *SWAPPED_RESULTS], tools=[TOOL])
        assert [message["role"] for message in line.sent["messages"]] == ["user", "assistant", "user"]


@on_loop
async def test_complaint_31_schemas_with_references_and_closed_objects_do_not_break_gemini(tmp_path: Path) -> None:
    schema = {
        "type": "object",
        "properties": {"at": {"$ref": "#/$defs/place"}},
        "$defs": {"place": {"type": "object", "properties": {"x": {"type": "number"}}, "additionalProperties": False}},
        "additionalProperties": False,
        "$schema": "http://json-schema.org/draft-07/schema#",
    }
    tool = {"name": "f", "input_schema": schema}
    async with foreign(tmp_path, "messages", "gemini", whole(GEMINI)) as line:
        await line.told(**WORDS["messages"], tools=[tool])
        told = line.sent["tools"][0]["functionDeclarations"][0]["parametersJsonSchema"]
        assert told["properties"]["at"]["properties"] == {"x": {"type": "number"}}
        assert "$defs" not in told
