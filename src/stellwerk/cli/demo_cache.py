"""A step of the demo: a question is asked once, and answered again whole, as a stream, and in another dialect."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from anthropic import Anthropic
from openai import OpenAI

QUESTION: Any = [{"role": "user", "content": "What does a stellwerk do?"}]
WITHIN_S = 10.0


class _Answer(Protocol):
    @property
    def headers(self) -> Any: ...


_A = TypeVar("_A", bound=_Answer)


def ask_twice(client: OpenAI, base_url: str, key: str) -> str:
    """What happened. Raises ``AssertionError`` where it is not what should."""
    asked: Any = {"model": "faq", "messages": QUESTION, "max_completion_tokens": 2000}
    first = client.chat.completions.with_raw_response.create(**asked)
    text = first.parse().choices[0].message.content or ""
    again = _from_the_cache(lambda: client.chat.completions.with_raw_response.create(**asked))
    if again.parse().choices[0].message.content != text or again.headers["x-stellwerk-cost-usd"] != "0":
        raise AssertionError("another answer, or not for nothing")
    streamed = "".join(
        chunk.choices[0].delta.content or ""
        for chunk in client.chat.completions.create(**asked, stream=True)
        if chunk.choices
    )
    with Anthropic(base_url=base_url, api_key=key, max_retries=0) as other:
        ask_other = other.messages.with_raw_response.create
        raw = _from_the_cache(lambda: ask_other(model="faq", messages=QUESTION, max_tokens=2000))
    translated = "".join(getattr(block, "text", "") for block in raw.parse().content)
    if streamed != text or translated != text:
        raise AssertionError("the stream, or the other dialect, said something else")
    cost, overhead = first.headers["x-stellwerk-cost-usd"], again.headers["x-stellwerk-overhead-ms"]
    return f"asked once for ${cost}, then answered for nothing in {overhead} ms, streamed, and in Anthropic's dialect"


def _from_the_cache(ask: Callable[[], _A]) -> _A:
    """The first answer that came from it: another worker finds there what one has kept a moment later."""
    began = time.monotonic()
    while (answer := ask()).headers["x-stellwerk-cache"] != "exact":
        if time.monotonic() - began > WITHIN_S:
            raise AssertionError("the answer was not kept")
        time.sleep(0.02)
    return answer
