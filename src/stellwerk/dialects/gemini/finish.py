"""Why a candidate ended: this dialect's words and the neutral reasons."""

from __future__ import annotations

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.reply import Finish, StopReason
from stellwerk.dialects.gemini.types import DIALECT

_DECODED = {
    "STOP": StopReason.END,
    "MAX_TOKENS": StopReason.LENGTH,
    "SAFETY": StopReason.CONTENT_FILTER,
    "MALFORMED_FUNCTION_CALL": StopReason.MALFORMED_CALL,
    "OTHER": StopReason.OTHER,
}
_OTHER_WORDS = {
    **dict.fromkeys(
        (
            *("RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE", "MODEL_ARMOR"),
            *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"),
        ),
        StopReason.CONTENT_FILTER,
    ),
    **dict.fromkeys(
        ("UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE", "MALFORMED_RESPONSE"),
        StopReason.MALFORMED_CALL,
    ),
}
"""Words that say more than their neutral reason; all others are ``OTHER``, and none of them is a success."""

_ENCODED = {
    StopReason.END: "STOP",
    StopReason.STOP_SEQUENCE: "STOP",
    StopReason.TOOL_CALLS: "STOP",
    StopReason.LENGTH: "MAX_TOKENS",
    StopReason.CONTEXT_WINDOW: "MAX_TOKENS",
    StopReason.CONTENT_FILTER: "SAFETY",
    StopReason.REFUSAL: "SAFETY",
    StopReason.MALFORMED_CALL: "MALFORMED_FUNCTION_CALL",
    StopReason.PAUSE: "OTHER",
    StopReason.OTHER: "OTHER",
}
_CALLS, _END = Finish(StopReason.TOOL_CALLS), Finish(StopReason.END)


def decode_finish(word: str | None, *, has_calls: bool) -> Finish | None:
    """``finishReason``; ``None`` while there is none. A stop behind function calls waits for their results."""
    if not word or word == "FINISH_REASON_UNSPECIFIED":
        return None
    if word == "STOP":
        return _CALLS if has_calls else _END
    reason = _DECODED.get(word)
    if reason is not None:
        return Finish(reason)
    raw = msgspec.Raw(msgspec.json.encode(word))
    return Finish(_OTHER_WORDS.get(word, StopReason.OTHER), opaque=Opaque(DIALECT, {"finishReason": raw}))


def encode_finish(finish: Finish) -> str:
    """``finishReason``: the word it came as from this dialect, else the nearest one."""
    own = finish.opaque.of(DIALECT).get("finishReason") if finish.opaque is not None else None
    return msgspec.json.decode(own, type=str) if isinstance(own, msgspec.Raw) else _ENCODED[finish.reason]
