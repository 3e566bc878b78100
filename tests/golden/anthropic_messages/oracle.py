"""What others say of what the Messages dialect writes: the official SDK's types and its own reading of streams."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import httpx2
from anthropic.types import MessageCreateParams
from pydantic import TypeAdapter

from stellwerk.dialects import sse

UNTYPED = {"temperature", "top_p", "top_k"}
"""Members that the SDK has stopped to type: newer models refuse them, older ones take them."""


def judge_request(wire: dict[str, Any]) -> None:
    """Checks a request against the official types, without what they no longer know."""
    adapter: TypeAdapter[Any] = TypeAdapter(MessageCreateParams)
    adapter.validate_python({member: value for member, value in wire.items() if member not in UNTYPED})


def accumulate(stream: bytes) -> dict[str, Any]:
    """The message that the official SDK makes of a stream."""
    transport = httpx2.MockTransport(
        lambda _: httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=stream)
    )
    with (
        httpx2.Client(transport=transport) as http,
        anthropic.Anthropic(api_key="k", base_url="http://127.0.0.1:9", http_client=http, max_retries=0) as client,
        client.messages.stream(model="m", max_tokens=9, messages=[{"role": "user", "content": "x"}]) as told,
    ):
        return told.get_final_message().model_dump(mode="json", warnings=False)


def judge_order(stream: bytes) -> None:
    """Checks that there is one start, then whole blocks one after another, none of text empty, then one end."""
    is_started = False
    open_block: int | None = None
    begun = 0
    said = ""
    tail: list[str] = []
    for event in sse.Decoder().feed(stream):
        wire = json.loads(event.data)
        kind = wire["type"]
        assert event.event == kind
        assert not tail or (tail, kind) == (["message_delta"], "message_stop")
        if kind == "error":
            return
        if kind == "message_start":
            assert not is_started
            is_started = True
        elif kind == "content_block_start":
            assert is_started
            assert open_block is None
            assert wire["index"] == begun
            open_block, begun = begun, begun + 1
            said = "" if wire["content_block"]["type"] == "text" else "-"
        elif kind == "content_block_delta":
            assert wire["index"] == open_block
            assert wire["delta"].get("partial_json") != ""
            said += wire["delta"].get("text", "")
        elif kind == "content_block_stop":
            assert wire["index"] == open_block
            assert said
            open_block = None
        else:
            assert open_block is None
            tail.append(kind)
    assert tail == ["message_delta", "message_stop"]
