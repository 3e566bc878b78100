"""Writes errors in Google's shape: code, message, status and typed details."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.simulator.gemini.proto import InvalidPayload
from stellwerk.simulator.refusal import Refusal

_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_RPC = "type.googleapis.com/google.rpc."
INVALID_KEY = "API_KEY_INVALID"


def error_of(refusal: Refusal) -> dict[str, Any]:
    """The object around an error."""
    error: dict[str, Any] = {
        "code": refusal.status,
        "message": refusal.message,
        "status": _STATUSES.get(refusal.status, "UNKNOWN" if refusal.status >= 500 else "FAILED_PRECONDITION"),
    }
    details = list(_details(refusal))
    if details:
        error["details"] = details
    return {"error": error}


def error_body(refusal: Refusal) -> bytes:
    """An error's body."""
    return msgspec.json.encode(error_of(refusal))


def duration(seconds: float) -> str:
    """Seconds in the notation of ``google.protobuf.Duration``."""
    return f"{seconds:.9f}".rstrip("0").rstrip(".") + "s"


def _details(refusal: Refusal) -> list[dict[str, Any]]:
    details: list[dict[str, Any]] = []
    if refusal.code == INVALID_KEY:
        metadata = {"service": "generativelanguage.googleapis.com"}
        details.append(
            {"@type": _RPC + "ErrorInfo", "reason": INVALID_KEY, "domain": "googleapis.com", "metadata": metadata}
        )
    if isinstance(refusal, InvalidPayload):
        violations = [{"field": place, "description": why} for place, why in refusal.violations]
        details.append({"@type": _RPC + "BadRequest", "fieldViolations": violations})
    if refusal.status == 429:
        quota = {"quotaMetric": "generativelanguage.googleapis.com/generate_content_requests"}
        details.append({"@type": _RPC + "QuotaFailure", "violations": [quota]})
    if refusal.retry_after_s is not None:
        details.append({"@type": _RPC + "RetryInfo", "retryDelay": duration(refusal.retry_after_s)})
    return details
