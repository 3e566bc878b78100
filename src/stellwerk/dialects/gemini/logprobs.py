"""Log-probabilities between this dialect and the neutral form."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.reply import Logprobs, TokenAlternative, TokenLogprob
from stellwerk.dialects.gemini.types import DIALECT, Members
from stellwerk.dialects.members import RAW

_IDS = "tokenIds"


class _Token(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    token: str
    log_probability: float = 0.0
    token_id: int | None = None


class _Top(msgspec.Struct, forbid_unknown_fields=True):
    candidates: list[_Token]


class _Result(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    chosen_candidates: list[_Token]
    top_candidates: list[_Top] | None = None


_RESULT = msgspec.json.Decoder(_Result)
_NUMBERS = msgspec.json.Decoder(list[list[int | None]])


def decode_logprobs(candidate: Members) -> Logprobs | None:
    """Takes ``logprobsResult`` of a candidate; one of another shape is left where it is, and so stays opaque."""
    raw = candidate.peek("logprobsResult")
    try:
        result = _RESULT.decode(raw)
    except msgspec.ValidationError:
        return None
    candidate.take("logprobsResult", RAW)
    tops = [top.candidates for top in result.top_candidates or ()]
    tops += [[]] * (len(result.chosen_candidates) - len(tops))
    content = tuple(
        TokenLogprob(
            chosen.token,
            chosen.log_probability,
            None,
            tuple(TokenAlternative(other.token, other.log_probability) for other in top),
        )
        for chosen, top in zip(result.chosen_candidates, tops, strict=False)
    )
    ids = [
        [chosen.token_id, *(other.token_id for other in top)]
        for chosen, top in zip(result.chosen_candidates, tops, strict=False)
    ]
    if all(identity is None for row in ids for identity in row):
        return Logprobs(content)
    return Logprobs(content, opaque=Opaque(DIALECT, {_IDS: msgspec.Raw(msgspec.json.encode(ids))}))


def encode_logprobs(logprobs: Logprobs) -> dict[str, Any]:
    """``logprobsResult`` of a candidate. What the text of a refusal was is not told apart here."""
    tokens = (*(logprobs.content or ()), *(logprobs.refusal or ()))
    own = logprobs.opaque.of(DIALECT).get(_IDS) if logprobs.opaque is not None else None
    ids = _NUMBERS.decode(own) if isinstance(own, msgspec.Raw) else []
    rows = [ids[index] if index < len(ids) else [] for index in range(len(tokens))]
    wire: dict[str, Any] = {
        "chosenCandidates": [_encode(token, row[:1]) for token, row in zip(tokens, rows, strict=True)]
    }
    if any(token.alternatives for token in tokens):
        wire["topCandidates"] = [
            {"candidates": [_encode(other, row[at : at + 1]) for at, other in enumerate(token.alternatives, 1)]}
            for token, row in zip(tokens, rows, strict=True)
        ]
    return wire


def _encode(token: TokenLogprob | TokenAlternative, identity: list[int | None]) -> dict[str, Any]:
    wire: dict[str, Any] = {"token": token.token, "logProbability": token.logprob}
    if identity and identity[0] is not None:
        wire["tokenId"] = identity[0]
    return wire
