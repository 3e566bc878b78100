"""Bedrock's own guardrail on every request of a provider: the operator's, whatever the caller has asked for."""

from __future__ import annotations

from typing import Literal

import msgspec

from stellwerk.dialects import json_splice

_MEMBER = "guardrailConfig"


class NativeGuardrail(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A guardrail of the account. ``trace`` is the caller's to choose where it is not given.

    With ``stream = "sync"`` Bedrock holds streams back until they are judged; ``async`` does not mask them.
    """

    id: str
    version: str = "DRAFT"
    trace: Literal["disabled", "enabled", "enabled_full"] | None = None
    stream: Literal["sync", "async"] = "sync"


class _Asked(msgspec.Struct):
    trace: str | None = None


def guard(body: bytes, guardrail: NativeGuardrail, *, is_stream: bool) -> bytes:
    """The body of a request, under this guardrail. Raises ``InvalidRequest`` where it names two of its own."""
    config: dict[str, str] = {"guardrailIdentifier": guardrail.id, "guardrailVersion": guardrail.version}
    own = json_splice.find(body, _MEMBER)
    trace = guardrail.trace or (_trace(body[own.start : own.end]) if own is not None else None)
    if trace is not None:
        config["trace"] = trace
    if is_stream:
        config["streamProcessingMode"] = guardrail.stream
    value = msgspec.json.encode(config)
    return json_splice.insert(body, _MEMBER, value) if own is None else json_splice.replace(body, own, value)


def _trace(asked: bytes) -> str | None:
    try:
        return msgspec.json.decode(asked, type=_Asked).trace
    except msgspec.MsgspecError:  # Bedrock would have refused it; what the operator wants is whole
        return None
