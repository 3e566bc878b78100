"""A step of the demo: a question is asked once, and answered again whole, as a stream, and in another dialect."""

from __future__ import annotations

import time
from typing import Any

from anthropic import Anthropic
from openai import OpenAI

QUESTION: Any = [{"role": "user", "content": "What does a stellwerk do?"}]
WITHIN_S = 10.0


def ask_twice(client: OpenAI, base_url: str, key: str) -> str:
    """What happened. Raises ``AssertionError`` where it is not what should."""
    asked: Any = {"model": "faq", "messages": QUESTION, "max_completion_tokens": 2000}
    first = client.chat.completions.with_raw_response.create(**asked)
    text = first.parse().choices[0].message.content or ""
    began = time.monotonic()
    while (again := client.chat.completions.with_raw_response.create(**asked)).headers["x-stellwerk-cache"] != "exact":
        if time.monotonic() - began > WITHIN_S:
            raise AssertionError("the answer was not kept")
    if again.parse().choices[0].message.content != text or again.headers["x-stellwerk-cost-usd"] != "0":
        raise AssertionError("another answer, or not for nothing")
    streamed = "".join(
        chunk.choices[0].delta.content or ""
        for chunk in client.chat.completions.create(**asked, stream=True)
        if chunk.choices
    )
    with Anthropic(base_url=base_url, api_key=key, max_retries=0) as other:
        raw = other.messages.with_raw_response.create(model="faq", messages=QUESTION, max_tokens=2000)
    translated = "".join(getattr(block, "text", "") for block in raw.parse().content)
    if streamed != text or translated != text or raw.headers["x-stellwerk-cache"] != "exact":
        raise AssertionError("the stream, or the other dialect, said something else")
    cost, overhead = first.headers["x-stellwerk-cost-usd"], again.headers["x-stellwerk-overhead-ms"]
    return f"asked once for ${cost}, then answered for nothing in {overhead} ms, streamed, and in Anthropic's dialect"
