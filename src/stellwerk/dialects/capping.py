"""A limit of output tokens put into a caller's body, or lowered there, so that the provider itself keeps to it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from stellwerk.core.envelope import Envelope
from stellwerk.dialects import json_splice

_NULL = b"null"


def can_cap(dialect: str) -> bool:
    """Whether requests of this dialect can name a limit of output tokens."""
    return dialect in _CAPS


def capped(envelope: Envelope, tokens: int, member: str = "max_completion_tokens") -> Envelope:
    """The same request with no more than ``tokens`` of answer.

    ``member`` is what a host of OpenAI's chat calls the limit where the caller has named none. A limit that is lower
    already stays; 0 does not, which some hosts take for no limit. Raises ``KeyError`` for a dialect that has no limit.
    """
    if envelope.output_cap is not None and 0 < envelope.output_cap <= tokens:
        return envelope
    body = _CAPS[envelope.dialect](envelope.body, b"%d" % tokens, member)
    return msgspec.structs.replace(envelope, body=body, output_cap=tokens)


def _chat(body: bytes, value: bytes, member: str) -> bytes:
    """Each of the two names that is there: hosts differ in which one they heed."""
    named = [name for name in ("max_completion_tokens", "max_tokens") if _holds(body, name)]
    for name in named or (member,):
        body = json_splice.put(body, name, value)
    return body


def _holds(body: bytes, name: str) -> bool:
    member = json_splice.find(body, name)
    return member is not None and body[member.start : member.end] != _NULL


def _flat(name: str) -> Callable[[bytes, bytes, str], bytes]:
    return lambda body, value, _: json_splice.put(body, name, value)


def _nested(spellings: tuple[str, ...], names: tuple[str, ...]) -> Callable[[bytes, bytes, str], bytes]:
    def put(body: bytes, value: bytes, _: str) -> bytes:
        for spelling in spellings:
            member = json_splice.find(body, spelling)
            if member is not None and body[member.start : member.end] != _NULL:
                inner = body[member.start : member.end]
                named = [name for name in names if json_splice.find(inner, name) is not None]
                for name in named or names[:1]:
                    inner = json_splice.put(inner, name, value)
                return json_splice.replace(body, member, inner)
        return json_splice.put(body, spellings[0], b'{"%b":%b}' % (names[0].encode(), value))

    return put


_CAPS: dict[str, Callable[[bytes, bytes, str], bytes]] = {
    "openai_chat": _chat,
    "openai_completions": _flat("max_tokens"),
    "openai_responses": _flat("max_output_tokens"),
    "anthropic_messages": _flat("max_tokens"),
    "gemini": _nested(("generationConfig", "generation_config"), ("maxOutputTokens", "max_output_tokens")),
    "bedrock_converse": _nested(("inferenceConfig",), ("maxTokens",)),
}
