"""Why an answer ended: this dialect's words and the neutral reasons."""

from __future__ import annotations

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.reply import Finish, StopReason
from stellwerk.dialects.anthropic_messages.types import DIALECT, NULL, Members
from stellwerk.dialects.members import RAW, STRING

_DECODED = {
    "end_turn": StopReason.END,
    "max_tokens": StopReason.LENGTH,
    "stop_sequence": StopReason.STOP_SEQUENCE,
    "tool_use": StopReason.TOOL_CALLS,
    "pause_turn": StopReason.PAUSE,
    "refusal": StopReason.REFUSAL,
    "model_context_window_exceeded": StopReason.CONTEXT_WINDOW,
}
# What is no success and has no word of its own is a refusal: the only word that no client takes for an answer.
_ENCODED = {reason: word for word, reason in _DECODED.items()} | {
    StopReason.CONTENT_FILTER: "refusal",
    StopReason.MALFORMED_CALL: "refusal",
    StopReason.OTHER: "refusal",
}
_DETAILS = "stop_details"


def take_finish(wire: Members) -> Finish | None:
    """Takes the stop reason and what belongs to it; ``None`` while there is none."""
    word, sequence = wire.take("stop_reason", STRING), wire.take("stop_sequence", STRING)
    if word is None:
        return None
    reason = _DECODED.get(word, StopReason.OTHER)
    kept: dict[str, msgspec.Raw | Opaque] = {}
    if reason is StopReason.OTHER:
        kept["stop_reason"] = msgspec.Raw(msgspec.json.encode(word))
    if wire.peek(_DETAILS) != NULL:
        kept[_DETAILS] = wire.need(_DETAILS, RAW)
    return Finish(reason, sequence, Opaque(DIALECT, kept) if kept else None)


def encode_finish(finish: Finish | None, *, has_calls: bool, has_refusal: bool) -> dict[str, object]:
    """The members that say why: the word it came as from this dialect, else the nearest one.

    A candidate that does not say why it ended has ended. One that ended after declining in words, as OpenAI has it, is
    a refusal, and one that ended with calls of tools waits for them.
    """
    if finish is None:
        finish = Finish(StopReason.END)
    own = finish.opaque.of(DIALECT) if finish.opaque is not None else {}
    word: object = _ENCODED[finish.reason]
    if finish.reason is StopReason.END and finish.opaque is None:
        word = "tool_use" if has_calls else "refusal" if has_refusal else word
    if finish.reason is StopReason.STOP_SEQUENCE and finish.stop_sequence is None:
        word = "end_turn"  # which one it was is not known, and the word demands to say it
    return {"stop_reason": word, "stop_sequence": finish.stop_sequence} | dict(own)
