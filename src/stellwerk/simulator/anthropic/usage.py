"""Usage in Anthropic's words, whose input leaves out what the cache took and gave."""

from __future__ import annotations

from typing import Any

from stellwerk.simulator.answer import Answer
from stellwerk.simulator.ask import Ask


def input_usage(ask: Ask, answer: Answer) -> dict[str, Any]:
    """What the prompt cost."""
    usage = answer.usage
    read, written = usage.cache_read_tokens, usage.cache_write_tokens
    up_to_long = sum([segment.tokens for segment in ask.segments[: ask.form.long_mark]])
    long = max(min(up_to_long, read + written) - read, 0)
    return {
        "input_tokens": usage.input_tokens - read - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "cache_creation": {"ephemeral_5m_input_tokens": written - long, "ephemeral_1h_input_tokens": long},
    }


def output_usage(answer: Answer) -> dict[str, Any]:
    """What the answer cost."""
    usage: dict[str, Any] = {"output_tokens": answer.usage.output_tokens}
    if answer.usage.reasoning_tokens:
        usage["output_tokens_details"] = {"thinking_tokens": answer.usage.reasoning_tokens}
    return usage
