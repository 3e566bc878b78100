"""What of a request for a completion no chat model can do."""

from __future__ import annotations

import msgspec

from stellwerk.core.chat import ChatRequest
from stellwerk.core.loss import Loss
from stellwerk.dialects.openai_completions.types import DIALECT


def _bound(name: str, why: str, nothing: frozenset[bytes], *, is_refused: bool = True) -> Loss:
    def occurs(request: ChatRequest) -> bool:
        value = request.opaque.of(DIALECT).get(name) if request.opaque is not None else None
        return isinstance(value, msgspec.Raw) and bytes(value) not in nothing | {b"null"}

    return Loss(name, is_refused, why, occurs)


BOUND: tuple[Loss, ...] = (
    _bound("suffix", "a chat model does not fill in", frozenset({b'""'})),
    _bound("echo", "a chat model does not repeat its prompt", frozenset({b"false"})),
    _bound("best_of", "a chat model does not choose among its answers", frozenset({b"1"})),
    _bound("logit_bias", "tokens are those of another model", frozenset({b"{}"}), is_refused=False),
)
"""Refused where the answer would be another one; else dropped. Each target's own table is judged besides."""
