"""Bedrock's own guardrail on every request of a provider: the operator's, whatever the caller has asked for."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from stellwerk.dialects import json_splice

_MEMBER = "guardrailConfig"
_ID = re.compile(r"[a-z0-9]+|arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/[a-z0-9]+")
_VERSION = re.compile(r"[1-9][0-9]{0,7}|DRAFT")


class NativeGuardrail(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A guardrail of the account, by its ``id`` or ARN; none without one.

    With ``trace = "caller"`` each caller may ask for one. With ``stream = "sync"`` Bedrock holds streams back until
    they are judged; ``async`` does not mask them.
    """

    id: str = ""
    version: str = "DRAFT"
    trace: Literal["caller", "disabled", "enabled", "enabled_full"] = "caller"
    stream: Literal["sync", "async"] = "sync"

    def __post_init__(self) -> None:
        """Refuses what Bedrock would refuse with every request."""
        if self.id and not (_ID.fullmatch(self.id) and _VERSION.fullmatch(self.version)):
            raise ValueError("expected the id or ARN of a guardrail, and a version such as 7 or DRAFT")


class _Asked(msgspec.Struct):
    trace: str | None = None


def guard(body: bytes, guardrail: NativeGuardrail, *, is_stream: bool) -> bytes:
    """The body of a request, under this guardrail. Raises ``InvalidRequest`` where it names two of its own."""
    config: dict[str, str] = {"guardrailIdentifier": guardrail.id, "guardrailVersion": guardrail.version}
    own = json_splice.find(body, _MEMBER)
    trace: str | None = guardrail.trace
    if trace == "caller":
        trace = _trace(body[own.start : own.end]) if own is not None else None
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
