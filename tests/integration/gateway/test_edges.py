"""The twelve hardest edges of translation, over sockets: what the provider is sent and what the caller reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stellwerk.dialects.aws_eventstream import Decoder
from tests.integration.gateway.foreign import event, events, foreign, frames, heard, whole
from tests.integration.http.loop import on_loop

HELLO = {"role": "user", "content": "Hello"}
ANTHROPIC = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "content": [{"type": "text", "text": "Hi."}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 5,
        "output_tokens": 2,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 20,
    },
}
CONVERSE = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Hi."}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 5, "outputTokens": 2, "totalTokens": 7},
    "metrics": {"latencyMs": 1},
}
GEMINI = {
    "candidates": [{"content": {"role": "model", "parts": [{"text": "Hi."}]}, "finishReason": "STOP", "index": 0}],
    "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 2, "totalTokenCount": 12},
}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
TWO_CALLS = {
    "role": "assistant",
    "content": None,
    "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}},
        {"id": "c2", "type": "function", "function": {"name": "f", "arguments": '{"a":2}'}},
    ],
}
SWAPPED_RESULTS = [
    {"role": "tool", "tool_call_id": "c2", "content": "two"},
    {"role": "tool", "tool_call_id": "c1", "content": "one"},
    {"role": "user", "content": "So?"},
]


def completion(finish: str = "stop", **message: Any) -> dict[str, Any]:
    """A whole answer of the Chat dialect."""
    told = {"role": "assistant", "content": None, **message}
    return {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": told, "finish_reason": finish}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
    }


def delta(finish: str | None = None, **members: Any) -> dict[str, Any]:
    """A chunk of the Chat dialect."""
    choice = {"index": 0, "delta": members, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


DONE = "data: [DONE]\n\n"


@on_loop
async def test_edge_1_signed_reasoning_survives_first_in_its_turn_and_unsigned_is_dropped(tmp_path: Path) -> None:
    turn = [
        {"type": "thinking", "thinking": "Hm.", "signature": "EqQB+/=="},
        {"type": "redacted_thinking", "data": "RUFB"},
        {"type": "thinking", "thinking": "", "signature": "b25seQ=="},
        {"type": "text", "text": "Well."},
    ]
    async with foreign(tmp_path, "messages", "bedrock", whole(CONVERSE)) as line:
        await line.told(max_tokens=99, messages=[HELLO, {"role": "assistant", "content": turn}, HELLO])
        assert line.sent["messages"][1]["content"] == [
            {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "EqQB+/=="}}},
            {"reasoningContent": {"redactedContent": "RUFB"}},
            {"reasoningContent": {"reasoningText": {"text": "", "signature": "b25seQ=="}}},
            {"text": "Well."},
        ]
    unsigned = {"role": "assistant", "content": "Well.", "reasoning_content": "Hm."}
    async with foreign(tmp_path, "chat", "anthropic", whole(ANTHROPIC)) as line:
        answer = await line.ask(messages=[HELLO, unsigned, HELLO])
        assert line.sent["messages"][1]["content"] == [{"type": "text", "text": "Well."}]
        assert answer.field(b"x-stellwerk-warning") == b"dropped messages.thinking"


@on_loop
async def test_edge_2_a_thought_signature_is_carried_by_its_call_and_made_up_for_by_a_word(tmp_path: Path) -> None:
    parts = [
        {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "c2ln"},
        {"functionCall": {"name": "f", "args": {"a": 2}}},
    ]
    called = {**GEMINI, "candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP"}]}
    async with foreign(tmp_path, "chat", "gemini", whole(called), whole(GEMINI)) as line:
        message = (await line.told(messages=[HELLO], tools=[TOOL]))["choices"][0]["message"]
        first, second = message["tool_calls"]
        assert first["extra_content"] == {"google": {"thought_signature": "c2ln"}}
        assert "extra_content" not in second
        results = [{"role": "tool", "tool_call_id": call["id"], "content": "x"} for call in (first, second)]
        await line.told(messages=[HELLO, message, *results], tools=[TOOL])
        sent = line.sent["contents"][1]["parts"]
        assert [part.get("thoughtSignature") for part in sent] == ["c2ln", None]
        await line.told(messages=[HELLO, TWO_CALLS, *SWAPPED_RESULTS], tools=[TOOL])
        sent = line.sent["contents"][1]["parts"]
        assert [part.get("thoughtSignature") for part in sent] == ["skip_thought_signature_validator", None]


@on_loop
async def test_edge_3_parallel_results_are_one_message_in_call_order_before_the_users_words(tmp_path: Path) -> None:
    asked: dict[str, Any] = {"messages": [HELLO, TWO_CALLS, *SWAPPED_RESULTS], "tools": [TOOL]}
    async with foreign(tmp_path, "chat", "bedrock", whole(CONVERSE)) as line:
        await line.told(**asked)
        last = line.sent["messages"][-1]
        assert [block.get("toolResult", {}).get("toolUseId", block.get("text")) for block in last["content"]] == [
            "c1",
            "c2",
            "So?",
        ]
    async with foreign(tmp_path, "chat", "anthropic", whole(ANTHROPIC)) as line:
        await line.told(**asked)
        last = line.sent["messages"][-1]
        assert [block.get("tool_use_id", block.get("text")) for block in last["content"]] == ["c1", "c2", "So?"]
    async with foreign(tmp_path, "chat", "gemini", whole(GEMINI)) as line:
        await line.told(**asked)
        told = line.sent["contents"][2]["parts"]
        assert [part["functionResponse"]["response"] for part in told] == [{"output": "one"}, {"output": "two"}]


@on_loop
async def test_edge_4_a_stream_of_chat_becomes_blocks_that_open_and_close_in_order(tmp_path: Path) -> None:
    call = {"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}}
    more = {"index": 0, "function": {"arguments": '{"a":1}'}}
    told = events(
        delta(role="assistant", content=""),
        delta(content="Hm.", tool_calls=[call]),
        delta(content="", tool_calls=[]),
        delta(tool_calls=[more]),
        delta("tool_calls"),
        DONE,
    )
    async with foreign(tmp_path, "messages", "openai", told) as line:
        found = heard((await line.ask(is_stream=True, max_tokens=9, messages=[HELLO])).body)
        assert [one["type"] for one in found] == [
            "message_start",
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop",
        ]
        assert found[-2]["delta"]["stop_reason"] == "tool_use"


@on_loop
async def test_edge_5_a_tool_without_arguments_is_called_with_an_empty_object(tmp_path: Path) -> None:
    start = {**ANTHROPIC, "content": [], "stop_reason": None}
    told = events(
        {"type": "message_start", "message": start},
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "tool_use", "id": "t", "name": "f", "input": {}},
        },
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "tool_use", "stop_sequence": None},
            "usage": {"output_tokens": 3},
        },
        {"type": "message_stop"},
    )
    async with foreign(tmp_path, "chat", "anthropic", told) as line:
        found = heard((await line.ask(is_stream=True, messages=[HELLO], tools=[TOOL])).body)
        calls = [call for one in found for call in one["choices"][0]["delta"].get("tool_calls", ())]
        assert "".join(call["function"]["arguments"] for call in calls) == "{}"
    calls = [{"id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}]
    async with foreign(tmp_path, "gemini", "openai", whole(completion("tool_calls", tool_calls=calls))) as line:
        answer = await line.told(contents=[{"role": "user", "parts": [{"text": "x"}]}])
        assert answer["candidates"][0]["content"]["parts"][0]["functionCall"]["args"] == {}


@pytest.mark.parametrize("dialect", ["messages", "converse", "gemini"])
@on_loop
async def test_edge_6_arguments_that_broke_off_are_an_object_and_the_limit_is_told(
    tmp_path: Path, dialect: str
) -> None:
    calls = [{"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a":1,"b":"tw'}}]
    words: dict[str, dict[str, Any]] = {
        "messages": {"max_tokens": 9, "messages": [HELLO]},
        "converse": {"messages": [{"role": "user", "content": [{"text": "x"}]}]},
        "gemini": {"contents": [{"role": "user", "parts": [{"text": "x"}]}]},
    }
    async with foreign(tmp_path, dialect, "openai", whole(completion("length", tool_calls=calls))) as line:
        told = json.dumps(await line.told(**words[dialect]))
        assert '{"a": 1}' in told
        assert ("MAX_TOKENS" if dialect == "gemini" else '"max_tokens"') in told


@on_loop
async def test_edge_7_counts_follow_the_convention_of_who_reads_them(tmp_path: Path) -> None:
    async with foreign(tmp_path, "chat", "anthropic", whole(ANTHROPIC)) as line:
        usage = (await line.told(messages=[HELLO]))["usage"]
        assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (125, 2, 127)
        assert usage["prompt_tokens_details"]["cached_tokens"] == 100
    counts = {"promptTokenCount": 10, "cachedContentTokenCount": 4, "candidatesTokenCount": 2, "thoughtsTokenCount": 3}
    async with foreign(tmp_path, "messages", "gemini", whole({**GEMINI, "usageMetadata": counts})) as line:
        usage = (await line.told(max_tokens=9, messages=[HELLO]))["usage"]
        assert (usage["input_tokens"], usage["cache_read_input_tokens"], usage["output_tokens"]) == (6, 4, 5)


@pytest.mark.parametrize("is_asked", [True, False])
@on_loop
async def test_edge_8_the_last_chunk_tells_the_usage_to_who_asked_for_it(tmp_path: Path, is_asked: bool) -> None:
    told = events({**GEMINI, "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2}})
    async with foreign(tmp_path, "chat", "gemini", told) as line:
        options = {"stream_options": {"include_usage": True}} if is_asked else {}
        answer = await line.ask(is_stream=True, messages=[HELLO], **options)
        found = heard(answer.body)
        assert answer.body.endswith(b"data: [DONE]\n\n")
        assert [one["choices"] for one in found if one.get("usage")] == ([[]] if is_asked else [])
        assert all(one["usage"] is None for one in found[:-1] if is_asked)
        assert (await line.gateway.event()).input_tokens == 3


@on_loop
async def test_edge_9_bedrock_gets_tools_it_must_have_under_names_it_takes(tmp_path: Path) -> None:
    name = "über.all/" + "x" * 70
    call = {"id": "c:1", "type": "function", "function": {"name": name, "arguments": "{}"}}
    history = [
        HELLO,
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c:1", "content": "x"},
    ]
    async with foreign(tmp_path, "chat", "bedrock", whole(CONVERSE)) as line:
        await line.told(messages=history)
        (tool,) = line.sent["toolConfig"]["tools"]
        used = line.sent["messages"][1]["content"][0]["toolUse"]["name"]
        assert tool["toolSpec"]["name"] == used
        assert len(used) <= 64
    cut = frames(
        ("messageStart", {"role": "assistant"}),
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Hi."}}),
        ("contentBlockStop", {"contentBlockIndex": 0}),
        ("messageStop", {"stopReason": "end_turn"}),
    )
    async with foreign(tmp_path, "messages", "bedrock", cut) as line:
        found = heard((await line.ask(is_stream=True, max_tokens=9, messages=[HELLO])).body)
        assert found[-1]["type"] == "error"
        assert (await line.gateway.event()).outcome == "truncated"


@on_loop
async def test_edge_10_schemas_are_what_their_provider_takes(tmp_path: Path) -> None:
    node = {
        "type": "object",
        "properties": {"v": {"type": ["string", "null"]}, "kids": {"type": "array", "items": {"$ref": "#/$defs/n"}}},
    }
    schema = {"$defs": {"n": node}, "type": "object", "properties": {"root": {"$ref": "#/$defs/n"}}}
    tool = {"type": "function", "function": {"name": "f", "parameters": schema}}
    bare = {"type": "function", "function": {"name": "g"}}
    asked = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema, "strict": True}}
    async with foreign(tmp_path, "chat", "gemini", whole(GEMINI)) as line:
        await line.told(messages=[HELLO], tools=[tool, bare], response_format=asked)
        assert "$ref" not in json.dumps(line.sent)
        names = [one["name"] for one in line.sent["tools"][0]["functionDeclarations"]]
        assert names == ["f", "g"]
        assert line.sent["generationConfig"]["responseMimeType"] == "application/json"
    async with foreign(tmp_path, "chat", "anthropic", whole(ANTHROPIC)) as line:
        await line.told(messages=[HELLO], response_format=asked)
        told = line.sent["output_config"]["format"]["schema"]
        assert told["additionalProperties"] is False
        assert "$ref" not in json.dumps(told)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"stop_reason": "stop_sequence", "stop_sequence": "END"}, "stop"),
        ({"stop_reason": "pause_turn"}, "length"),
        ({"stop_reason": "refusal"}, "content_filter"),
        ({"stop_reason": "model_context_window_exceeded"}, "length"),
    ],
)
@on_loop
async def test_edge_11_no_end_that_is_no_success_reads_as_one(tmp_path: Path, said: dict[str, Any], told: str) -> None:
    async with foreign(tmp_path, "chat", "anthropic", whole({**ANTHROPIC, **said})) as line:
        assert (await line.told(messages=[HELLO]))["choices"][0]["finish_reason"] == told


@on_loop
async def test_edge_11_pings_and_events_that_nobody_knows_are_no_end(tmp_path: Path) -> None:
    start = {**ANTHROPIC, "content": [], "stop_reason": None}
    told = events(
        {"type": "message_start", "message": start},
        {"type": "ping"},
        ": a comment\n\n",
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "news", "of": "tomorrow"},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi."}},
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
    )
    async with foreign(tmp_path, "converse", "anthropic", told) as line:
        answer = await line.ask(is_stream=True, messages=[{"role": "user", "content": [{"text": "x"}]}])
        found = Decoder().feed(answer.body)
        assert b"Hi." in found[1].payload
        assert found[-1].headers[":message-type"] == "exception"
        assert b"Overloaded" in found[-1].payload


@on_loop
async def test_edge_12_media_marks_and_instructions_find_their_places(tmp_path: Path) -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
    async with foreign(tmp_path, "messages", "bedrock", whole(CONVERSE)) as line:
        mark = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
        tools = [{"name": name, "input_schema": {"type": "object"}} for name in ("z", "a", "m")]
        tools[1] |= mark
        await line.told(
            max_tokens=9,
            system=[{"type": "text", "text": "S", **mark}],
            messages=[
                {
                    "role": "user",
                    "content": [image, {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}],
                }
            ],
            tools=tools,
        )
        assert line.sent["system"] == [{"text": "S"}, {"cachePoint": {"type": "default", "ttl": "1h"}}]
        kinds = [next(iter(block)) for block in line.sent["messages"][0]["content"]]
        assert kinds == ["image", "text", "cachePoint"]
        offered = [tool.get("toolSpec", {}).get("name", "|") for tool in line.sent["toolConfig"]["tools"]]
        assert offered == ["z", "a", "|", "m"]
    later = [HELLO, {"role": "assistant", "content": "Hi."}, {"role": "developer", "content": "Be brief."}, HELLO]
    for kind, answer, warning in (
        ("bedrock", CONVERSE, b"dropped messages.role"),
        ("gemini", GEMINI, b"dropped messages.role"),
        ("anthropic", ANTHROPIC, b"dropped messages.position"),
    ):
        async with foreign(tmp_path, "chat", kind, whole(answer)) as line:
            told = await line.ask(messages=later)
            assert "Be brief." in json.dumps(line.sent)
            assert told.field(b"x-stellwerk-warning") == warning


def test_events_are_written_with_their_names() -> None:
    assert event({"type": "ping"}) == b'event: ping\ndata: {"type": "ping"}\n\n'
