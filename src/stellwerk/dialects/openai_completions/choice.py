"""One choice of a reply or a chunk: text, log-probabilities in lists side by side, and a finish reason."""

from __future__ import annotations

from typing import Any

from stellwerk.core.reply import Finish, Logprobs, StopReason

# Of the dialect's three words; the filter is the one that no client takes for an answer.
_FINISHES = {
    StopReason.END: "stop",
    StopReason.STOP_SEQUENCE: "stop",
    StopReason.TOOL_CALLS: "stop",
    StopReason.LENGTH: "length",
    StopReason.CONTEXT_WINDOW: "length",
    StopReason.PAUSE: "length",
}


def encode_choice(
    index: int, text: str, logprobs: Logprobs | None = None, finish: str | None = None, offset: int = 0
) -> dict[str, Any]:
    """The choice. ``offset`` is where the text begins in the whole of it, in characters."""
    told = None if logprobs is None else _encode_logprobs(logprobs, offset)
    return {"text": text, "index": index, "logprobs": told, "finish_reason": finish}


def encode_finish(finish: Finish | None) -> str:
    """``finish_reason``: the nearest of the dialect's words."""
    return "stop" if finish is None else _FINISHES.get(finish.reason, "content_filter")


def _encode_logprobs(logprobs: Logprobs, offset: int) -> dict[str, Any]:
    tokens = logprobs.content or ()
    offsets = []
    for token in tokens:
        offsets.append(offset)
        offset += len(token.token)
    return {
        "tokens": [token.token for token in tokens],
        "token_logprobs": [token.logprob for token in tokens],
        "top_logprobs": [{other.token: other.logprob for other in token.alternatives} for token in tokens],
        "text_offset": offsets,
    }
