"""What calls used, as every dialect says it, in the one convention: whole, thin, streamed and relayed alike."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stellwerk.core.stream import UsageReported
from stellwerk.core.usage import Usage
from stellwerk.dialects import sse
from stellwerk.dialects.anthropic_messages import response as anthropic
from stellwerk.dialects.anthropic_messages import stream as anthropic_stream
from stellwerk.dialects.anthropic_messages.usage import encode_usage as encode_anthropic
from stellwerk.dialects.anthropic_messages.usage import neutral as neutral_anthropic
from stellwerk.dialects.anthropic_messages.usage import read_wire
from stellwerk.dialects.bedrock_converse import response as bedrock
from stellwerk.dialects.bedrock_converse import stream as bedrock_stream
from stellwerk.dialects.bedrock_converse.frames import write_event
from stellwerk.dialects.bedrock_converse.usage import encode_usage as encode_bedrock
from stellwerk.dialects.gemini import response as gemini
from stellwerk.dialects.gemini import stream as gemini_stream
from stellwerk.dialects.gemini.usage import decode_usage as decode_gemini
from stellwerk.dialects.gemini.usage import encode_usage as encode_gemini
from stellwerk.dialects.openai_chat import response as chat
from stellwerk.dialects.openai_chat import stream as chat_stream
from stellwerk.dialects.openai_responses import response as responses
from stellwerk.dialects.openai_responses import stream as responses_stream
from stellwerk.dialects.openai_usage import decode_usage as decode_chat
from stellwerk.dialects.openai_usage import encode_usage as encode_chat


def dump(value: Any) -> bytes:
    return json.dumps(value).encode()


def reported(decoder: Any, stream: bytes) -> list[Usage]:
    return [event.usage for event in [*decoder.feed(stream), *decoder.flush()] if isinstance(event, UsageReported)]


def relayed(relay: Any, stream: bytes) -> Usage | None:
    relay.feed(stream)
    relay.flush()
    usage: Usage | None = relay.usage
    return usage


# ---------------------------------------------------------------------------------------------------------- Anthropic

CLAUDE = {
    "input_tokens": 10,
    "output_tokens": 7,
    "cache_creation_input_tokens": 30,
    "cache_read_input_tokens": 5,
    "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
    "server_tool_use": {"web_search_requests": 2},
    "service_tier": "priority",
}
CLAUDE_USED = Usage(45, 7, 5, 30, cache_write_1h_tokens=20, web_searches=2, service_tier="priority")


def test_anthropic_tells_what_is_kept_for_an_hour_searches_and_the_tier() -> None:
    body = {"id": "m", "type": "message", "role": "assistant", "model": "c", "content": [], "stop_reason": "end_turn"}
    assert anthropic.read_usage(dump({**body, "usage": CLAUDE})).usage == CLAUDE_USED
    assert anthropic.read_usage(dump({**body, "id": 1, "usage": CLAUDE})).usage == CLAUDE_USED
    assert anthropic.decode(dump({**body, "usage": CLAUDE})).usage == CLAUDE_USED


def test_anthropic_tells_them_in_a_stream_whose_last_report_does_not_repeat_them() -> None:
    events = (
        {"type": "message_start", "message": {"id": "m", "model": "c", "content": [], "usage": CLAUDE}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}},
        {"type": "message_stop"},
    )
    stream = b"".join(sse.encode(dump(event), str(event["type"])) for event in events)
    used = Usage(45, 9, 5, 30, cache_write_1h_tokens=20, web_searches=2, service_tier="priority")
    assert reported(anthropic_stream.EventDecoder(), stream)[-1] == used
    assert relayed(anthropic_stream.PassThrough(), stream) == used


def test_anthropics_fast_mode_is_a_tier_of_the_price_list() -> None:
    assert neutral_anthropic(read_wire({**CLAUDE, "speed": "fast"})).service_tier == "fast"
    assert neutral_anthropic(read_wire({**CLAUDE, "speed": "standard"})).service_tier == "priority"


def test_what_is_no_count_of_anthropics_says_nothing() -> None:
    odd = {"input_tokens": 1, "cache_creation": {"ephemeral_1h_input_tokens": "x"}, "server_tool_use": 3, "speed": 1}
    assert neutral_anthropic(read_wire(odd)) == Usage(1)


def test_a_caller_of_anthropics_dialect_is_told_them() -> None:
    wire = encode_anthropic(CLAUDE_USED)
    assert wire["cache_creation"] == {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20}
    assert wire["server_tool_use"] == {"web_search_requests": 2, "web_fetch_requests": 0}
    assert neutral_anthropic(read_wire({**wire, "service_tier": "priority"})) == CLAUDE_USED


# ------------------------------------------------------------------------------------------------------------ Bedrock

CONVERSE = {
    "inputTokens": 10,
    "outputTokens": 7,
    "totalTokens": 52,
    "cacheReadInputTokens": 5,
    "cacheWriteInputTokens": 30,
    "cacheDetails": [{"ttl": "5m", "inputTokens": 10}, {"ttl": "1h", "inputTokens": 20}],
}
CONVERSE_USED = Usage(45, 7, 5, 30, cache_write_1h_tokens=20, service_tier="flex")
TIER = {"serviceTier": {"type": "flex"}}


def test_bedrock_tells_what_is_kept_for_an_hour_and_the_tier() -> None:
    body = {"output": {"message": {"role": "assistant", "content": []}}, "stopReason": "end_turn", "usage": CONVERSE}
    assert bedrock.read_usage(dump({**body, **TIER})).usage == CONVERSE_USED
    assert bedrock.decode(dump({**body, **TIER})).usage == CONVERSE_USED
    assert bedrock.read_usage(dump({**body, **TIER, "usage": {**CONVERSE, "x": 1}})).usage == CONVERSE_USED
    nothings: list[dict[str, Any]] = [{}, {"serviceTier": None}, {"serviceTier": "flex"}, {"serviceTier": {"type": 1}}]
    for nothing in nothings:
        facts = bedrock.read_usage(dump({**body, **nothing}))
        assert facts.usage is not None
        assert facts.usage.service_tier == ""
    careless = bedrock.read_usage(dump({**body, **TIER, "stopReason": 1})).usage
    assert careless == CONVERSE_USED


def test_bedrock_tells_them_at_the_end_of_a_stream() -> None:
    stream = b"".join(
        (
            write_event("messageStart", {"role": "assistant"}),
            write_event("messageStop", {"stopReason": "end_turn"}),
            write_event("metadata", {"usage": CONVERSE, "metrics": {"latencyMs": 1}, **TIER}),
        )
    )
    assert reported(bedrock_stream.FrameDecoder(model="m"), stream) == [CONVERSE_USED]
    assert relayed(bedrock_stream.PassThrough(), stream) == CONVERSE_USED


def test_a_caller_of_bedrocks_dialect_is_told_what_is_kept_for_an_hour() -> None:
    assert encode_bedrock(CONVERSE_USED, None) == CONVERSE


# ------------------------------------------------------------------------------------------------------------- Gemini

GENERATE = {
    "promptTokenCount": 100,
    "candidatesTokenCount": 40,
    "cachedContentTokenCount": 20,
    "toolUsePromptTokenCount": 6,
    "totalTokenCount": 146,
    "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 30}, {"modality": "IMAGE", "tokenCount": 50}],
    "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 25}, {"modality": "TEXT", "tokenCount": 15}],
    "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 12}],
    "toolUsePromptTokensDetails": [{"modality": "IMAGE", "tokenCount": 6}],
    "trafficType": "ON_DEMAND_PRIORITY",
}
GENERATED = Usage(
    106,
    40,
    20,
    input_audio_tokens=30,
    cache_read_audio_tokens=12,
    input_image_tokens=56,
    output_image_tokens=25,
    service_tier="priority",
)


def test_gemini_tells_images_cached_sound_and_the_tier() -> None:
    body = {"candidates": [], "usageMetadata": GENERATE}
    assert gemini.read_usage(dump(body)).usage == GENERATED
    assert gemini.decode(dump(body)).usage == GENERATED
    assert decode_gemini({**GENERATE, "thoughtsTokenCount": "x"}) == GENERATED
    assert decode_gemini({**GENERATE, "trafficType": 1}).service_tier == ""
    stream = sse.encode(dump({**body, "candidates": [{"finishReason": "STOP"}]}))
    assert reported(gemini_stream.ChunkDecoder(), stream) == [GENERATED]
    assert relayed(gemini_stream.PassThrough(), stream) == GENERATED


def test_a_caller_of_geminis_dialect_is_told_them() -> None:
    assert decode_gemini({**encode_gemini(GENERATED), "trafficType": "ON_DEMAND_PRIORITY"}) == GENERATED
    assert "candidatesTokensDetails" not in encode_gemini(Usage(9, 9, input_image_tokens=9))


# ------------------------------------------------------------------------------------------------------- OpenAI's own

CHAT = {
    "prompt_tokens": 100,
    "completion_tokens": 40,
    "total_tokens": 140,
    "prompt_tokens_details": {
        "cached_tokens": 20,
        "audio_tokens": 30,
        "image_tokens": 50,
        "cached_tokens_details": {"audio_tokens": 12},
    },
    "completion_tokens_details": {"image_tokens": 25},
    "num_search_queries": 3,
}
CHATTED = Usage(
    100,
    40,
    20,
    input_audio_tokens=30,
    cache_read_audio_tokens=12,
    input_image_tokens=50,
    output_image_tokens=25,
    web_searches=3,
    service_tier="flex",
)


def test_chat_tells_images_cached_sound_searches_and_the_tier() -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": "a"}, "finish_reason": "stop"}
    body = {"id": "c", "choices": [choice], "usage": CHAT, "service_tier": "flex"}
    assert chat.read_usage(dump(body)).usage == CHATTED
    assert chat.read_usage(dump({**body, "id": 1})).usage == CHATTED
    assert chat.decode(dump(body)).usage == CHATTED


@pytest.mark.parametrize("repeats", [True, False])
def test_chat_tells_them_in_a_stream_whether_or_not_the_last_chunk_repeats_the_tier(repeats: bool) -> None:
    tier = {"service_tier": "flex"}
    first = {"id": "c", "choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"}], **tier}
    last = {"id": "c", "choices": [], "usage": CHAT, **(tier if repeats else {})}
    stream = sse.encode(dump(first)) + sse.encode(dump(last)) + b"data: [DONE]\n\n"
    assert reported(chat_stream.ChunkDecoder(), stream) == [CHATTED]
    assert relayed(chat_stream.PassThrough(strip_usage=False), stream) == CHATTED
    groq = sse.encode(dump({**first, "x_groq": {"usage": CHAT}}))
    assert relayed(chat_stream.PassThrough(strip_usage=False), groq) == CHATTED


def test_hosts_count_searches_under_other_names() -> None:
    counts = {"prompt_tokens": 1, "completion_tokens": 1}
    assert decode_chat({**counts, "num_sources_used": 4}).web_searches == 4
    assert decode_chat({**counts, "server_tool_use": {"web_search_requests": 5}}).web_searches == 5
    assert decode_chat({**counts, "server_tool_use": 5}, 7) == Usage(1, 1)


def test_a_caller_of_chat_is_told_of_images() -> None:
    wire = encode_chat(CHATTED)
    assert wire["prompt_tokens_details"] == {"cached_tokens": 20, "audio_tokens": 30, "image_tokens": 50}
    assert wire["completion_tokens_details"] == {"image_tokens": 25}


def test_responses_tell_searches_by_their_items_images_and_the_tier() -> None:
    search = {"type": "web_search_call", "id": "ws", "status": "completed"}
    output = [
        {**search, "action": {"type": "search", "query": "x"}},
        {**search, "action": {"type": "open_page", "url": "u"}},
        search,
        {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": []},
    ]
    details = {"cached_tokens": 2, "image_tokens": 3}
    used = {"input_tokens": 9, "output_tokens": 4, "input_tokens_details": details, "total_tokens": 13}
    body = {"id": "r", "object": "response", "status": "completed", "output": output, "usage": used}
    body["service_tier"] = "priority"
    expected = Usage(9, 4, 2, input_image_tokens=3, web_searches=2, service_tier="priority")
    assert responses.read_usage(dump(body)).usage == expected
    assert responses.read_usage(dump({**body, "id": 1})).usage == expected
    assert responses.decode(dump(body)).usage == expected
    for kind in ("completed", "failed"):
        event = {"type": f"response.{kind}", "response": {**body, "status": kind}, "sequence_number": 0}
        stream = sse.encode(dump(event), str(event["type"]))
        assert reported(responses_stream.EventDecoder(), stream) == [expected]
        assert relayed(responses_stream.PassThrough(), stream) == expected
