"""Why an answer ended: this dialect's words and the neutral reasons."""

from __future__ import annotations

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.reply import Finish, StopReason
from stellwerk.dialects.bedrock_converse.types import DIALECT

STOP_REASON = "stopReason"

_DECODED = {
    "end_turn": StopReason.END,
    "tool_use": StopReason.TOOL_CALLS,
    "max_tokens": StopReason.LENGTH,
    "stop_sequence": StopReason.STOP_SEQUENCE,
    "content_filtered": StopReason.CONTENT_FILTER,
    "malformed_tool_use": StopReason.MALFORMED_CALL,
    "model_context_window_exceeded": StopReason.CONTEXT_WINDOW,
}
_OTHER_WORDS = {
    "guardrail_intervened": StopReason.CONTENT_FILTER,
    "refusal": StopReason.REFUSAL,
    "pause_turn": StopReason.PAUSE,
}
"""Words that say more than the reason does, or that a model's provider has and the service's list has not."""

# What the dialect has no word for is told by one that no client takes for an answer.
_ENCODED = {reason: word for word, reason in _DECODED.items()} | {
    StopReason.REFUSAL: "content_filtered",
    StopReason.PAUSE: "max_tokens",
    StopReason.OTHER: "content_filtered",
}


def decode_finish(word: str, stop_sequence: str | None = None) -> Finish:
    """``stopReason``. A word that says more than its reason is kept beside it."""
    reason = _DECODED.get(word)
    if reason is not None:
        return Finish(reason, stop_sequence)
    raw = msgspec.Raw(msgspec.json.encode(word))
    return Finish(_OTHER_WORDS.get(word, StopReason.OTHER), stop_sequence, Opaque(DIALECT, {STOP_REASON: raw}))


def encode_finish(finish: Finish, *, has_calls: bool) -> str:
    """``stopReason``: the word it came as from this dialect, else the nearest one.

    A candidate that ended with calls of tools waits for them, also where its provider has no word for that.
    """
    if finish.reason is StopReason.END and finish.opaque is None and has_calls:
        return _ENCODED[StopReason.TOOL_CALLS]
    own = finish.opaque.of(DIALECT).get(STOP_REASON) if finish.opaque is not None else None
    return msgspec.json.decode(own, type=str) if isinstance(own, msgspec.Raw) else _ENCODED[finish.reason]
