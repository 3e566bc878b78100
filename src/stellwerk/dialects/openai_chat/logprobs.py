"""Log-probabilities between this dialect and the neutral form."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.reply import Logprobs, TokenAlternative, TokenLogprob
from stellwerk.dialects.members import RAW, UnreadableError
from stellwerk.dialects.openai_chat.types import Members, merge


class _Alternative(msgspec.Struct, forbid_unknown_fields=True):
    token: str
    logprob: float
    bytes: list[int] | None = None


class _Token(_Alternative, forbid_unknown_fields=True):
    top_logprobs: list[_Alternative] | None = None


_TOKENS = msgspec.json.Decoder(tuple[_Token, ...])


def decode_logprobs(choice: Members) -> Logprobs | None:
    """Takes ``logprobs`` of a choice; one of another shape is left where it is, and so stays opaque."""
    if bytes(choice.peek("logprobs")) == b"null":
        choice.take("logprobs", RAW)
        return None
    try:
        logprobs = Members(choice.peek("logprobs"))
        content, refusal = _decode_tokens(logprobs, "content"), _decode_tokens(logprobs, "refusal")
    except UnreadableError:
        return None
    choice.take("logprobs", RAW)
    return Logprobs(content, refusal, logprobs.opaque())


def encode_logprobs(logprobs: Logprobs) -> dict[str, Any]:
    """``logprobs`` of a choice."""
    wire = {"content": _encode_tokens(logprobs.content), "refusal": _encode_tokens(logprobs.refusal)}
    return merge(wire, logprobs.opaque)


def _decode_tokens(logprobs: Members, name: str) -> tuple[TokenLogprob, ...] | None:
    tokens = logprobs.take(name, _TOKENS)
    if tokens is None:
        return None
    return tuple(
        TokenLogprob(
            token.token,
            token.logprob,
            _utf8(token.bytes),
            tuple(
                TokenAlternative(other.token, other.logprob, _utf8(other.bytes)) for other in token.top_logprobs or ()
            ),
        )
        for token in tokens
    )


def _encode_tokens(tokens: tuple[TokenLogprob, ...] | None) -> list[dict[str, Any]] | None:
    if tokens is None:
        return None
    return [
        {**_encode_token(token), "top_logprobs": [_encode_token(other) for other in token.alternatives]}
        for token in tokens
    ]


def _encode_token(token: TokenLogprob | TokenAlternative) -> dict[str, Any]:
    utf8 = None if token.utf8 is None else list(token.utf8)
    return {"token": token.token, "logprob": token.logprob, "bytes": utf8}


def _utf8(values: list[int] | None) -> bytes | None:
    try:
        return None if values is None else bytes(values)
    except ValueError:
        raise UnreadableError("a byte over 255") from None
