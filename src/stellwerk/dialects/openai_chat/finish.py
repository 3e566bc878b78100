"""Why a candidate ended: this dialect's words and the neutral reasons."""

from __future__ import annotations

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.reply import Finish, StopReason
from stellwerk.dialects.openai_chat.types import DIALECT

_DECODED = {
    "stop": StopReason.END,
    "length": StopReason.LENGTH,
    "tool_calls": StopReason.TOOL_CALLS,
    "content_filter": StopReason.CONTENT_FILTER,
}
_OTHER_WORDS = {
    "function_call": StopReason.TOOL_CALLS,
    "eos": StopReason.END,
    "max_tokens": StopReason.LENGTH,
    "model_length": StopReason.CONTEXT_WINDOW,
    "insufficient_system_resource": StopReason.PAUSE,
}
"""Words outside OpenAI's list: deprecated function calling, Together, hosts that pass Anthropic's through, Mistral,
DeepSeek."""

# The dialect has no word for most of what is no success; the filter is the one that no client takes for an answer.
_ENCODED = {
    StopReason.END: "stop",
    StopReason.STOP_SEQUENCE: "stop",
    StopReason.LENGTH: "length",
    StopReason.CONTEXT_WINDOW: "length",
    StopReason.PAUSE: "length",
    StopReason.TOOL_CALLS: "tool_calls",
    StopReason.CONTENT_FILTER: "content_filter",
    StopReason.REFUSAL: "content_filter",
    StopReason.MALFORMED_CALL: "content_filter",
    StopReason.OTHER: "content_filter",
}


def decode_finish(word: str | None) -> Finish | None:
    """``finish_reason``; ``None`` while there is none. A word outside the list is kept beside its meaning."""
    if not word:
        return None
    reason = _DECODED.get(word)
    if reason is not None:
        return Finish(reason)
    raw = msgspec.Raw(msgspec.json.encode(word))
    return Finish(_OTHER_WORDS.get(word, StopReason.OTHER), opaque=Opaque(DIALECT, {"finish_reason": raw}))


def encode_finish(finish: Finish) -> str:
    """``finish_reason``: the word it came as from this dialect, else the nearest one."""
    own = finish.opaque.of(DIALECT).get("finish_reason") if finish.opaque is not None else None
    return msgspec.json.decode(own, type=str) if isinstance(own, msgspec.Raw) else _ENCODED[finish.reason]
