"""Why an answer ended: this dialect's status with its details, and the neutral reasons."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.reply import Finish, StopReason
from stellwerk.dialects.openai_responses.types import DIALECT, own

_INCOMPLETE = {"max_output_tokens": StopReason.LENGTH, "content_filter": StopReason.CONTENT_FILTER}
# The dialect has no word for most of what is no success; the filter is the one that no client takes for an answer.
_DETAILS = {
    StopReason.LENGTH: "max_output_tokens",
    StopReason.CONTEXT_WINDOW: "max_output_tokens",
    StopReason.PAUSE: "max_output_tokens",
    StopReason.CONTENT_FILTER: "content_filter",
    StopReason.REFUSAL: "content_filter",
    StopReason.MALFORMED_CALL: "content_filter",
    StopReason.OTHER: "content_filter",
}


def decode_finish(status: str | None, details: Any, *, has_calls: bool) -> Finish:
    """From ``status`` and the decoded ``incomplete_details``; words outside the list are kept beside their meaning."""
    if status in {None, "", "completed"}:
        return Finish(StopReason.TOOL_CALLS if has_calls else StopReason.END)
    word = details.get("reason") if type(details) is dict else None
    reason = _INCOMPLETE.get(word) if status == "incomplete" and type(word) is str else None
    if reason is not None and len(details) == 1:
        return Finish(reason)
    kept = {"status": status, "incomplete_details": details}
    raws = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in kept.items()}
    return Finish(reason or StopReason.OTHER, opaque=Opaque(DIALECT, raws))


def encode_finish(finish: Finish | None) -> dict[str, Any]:
    """``status`` and ``incomplete_details``: as they came from this dialect, else the nearest there are."""
    members = own(finish.opaque) if finish is not None else None
    if members:
        return dict(members)
    reason = None if finish is None else _DETAILS.get(finish.reason)
    details = None if reason is None else {"reason": reason}
    return {"status": "completed" if reason is None else "incomplete", "incomplete_details": details}


def is_cut(finish: Finish | None) -> bool:
    """Whether the answer broke off within its last item."""
    return finish is not None and _DETAILS.get(finish.reason) == "max_output_tokens"


def word_of(status: Any, details: Any) -> str:
    """The word for the record: why it is incomplete, else its status."""
    reason = details.get("reason") if type(details) is dict else None
    if type(reason) is str and reason:
        return reason
    return status if type(status) is str else ""
