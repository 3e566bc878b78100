"""A step of the demo: a conversation's prompt is kept by its provider, and costs less from turn to turn."""

from __future__ import annotations

from typing import Any

from anthropic import Anthropic

INSTRUCTIONS = "You are the signaller of a small station, and answer in one sentence. " * 150
TURNS = 5
READ, WRITE = 0.1, 1.25
"""What a token costs that is read from the cache, or written to it, beside a fresh one."""
LEAST = 0.5


def converse(base_url: str, key: str) -> str:
    """What happened. Raises ``AssertionError`` where it is not what should."""
    client = Anthropic(base_url=base_url, api_key=key, max_retries=0)
    messages: list[Any] = []
    paid = whole = 0.0
    why = ""
    for turn in range(TURNS):
        messages.append({"role": "user", "content": f"Train {turn} is here. What now?"})
        headers = {"x-stellwerk-session": "demo"}  # says that there will be more
        raw = client.messages.with_raw_response.create(
            model="agent", max_tokens=60, system=INSTRUCTIONS, messages=messages, extra_headers=headers
        )
        why = raw.headers.get("x-stellwerk-prompt-cache", "")
        told = raw.parse()
        messages.append(
            {"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in told.content]}
        )
        fresh, read = told.usage.input_tokens, told.usage.cache_read_input_tokens or 0
        written = told.usage.cache_creation_input_tokens or 0
        paid += fresh + READ * read + WRITE * written
        whole += fresh + read + written
    saved = 1 - paid / whole
    if saved < LEAST:
        raise AssertionError(f"only {saved:.0%} of the input was saved ({why})")
    return f"{TURNS} turns with marks for the provider's cache: {saved:.0%} of the input's cost saved; {why}"
