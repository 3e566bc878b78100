"""Log-probabilities of tokens, as OpenAI's dialects list them."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.reply import TokenAlternative, TokenLogprob
from stellwerk.dialects.members import Members, UnreadableError


class _Alternative(msgspec.Struct, forbid_unknown_fields=True):
    token: str
    logprob: float
    bytes: list[int] | None = None


class _Token(_Alternative, forbid_unknown_fields=True):
    top_logprobs: list[_Alternative] | None = None


_TOKENS = msgspec.json.Decoder(tuple[_Token, ...])


def decode_tokens(owner: Members, name: str) -> tuple[TokenLogprob, ...] | None:
    """Takes the member of this name. Raises ``UnreadableError`` for a shape that is not known."""
    tokens = owner.take(name, _TOKENS)
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


def encode_tokens(tokens: tuple[TokenLogprob, ...] | None, *, needs_bytes: bool = False) -> list[dict[str, Any]] | None:
    """The list; ``None`` where there is none. With ``needs_bytes`` those that nobody told are the text's own."""
    if tokens is None:
        return None
    return [
        {
            **_encode_token(token, needs_bytes=needs_bytes),
            "top_logprobs": [_encode_token(other, needs_bytes=needs_bytes) for other in token.alternatives],
        }
        for token in tokens
    ]


def _encode_token(token: TokenLogprob | TokenAlternative, *, needs_bytes: bool) -> dict[str, Any]:
    utf8 = token.token.encode() if token.utf8 is None and needs_bytes else token.utf8
    return {"token": token.token, "logprob": token.logprob, "bytes": None if utf8 is None else list(utf8)}


def _utf8(values: list[int] | None) -> bytes | None:
    try:
        return None if values is None else bytes(values)
    except ValueError:
        raise UnreadableError("a byte over 255") from None
