"""What this dialect cannot say of a neutral request for embeddings."""

from __future__ import annotations

from stellwerk.core.embedding import EmbeddingRequest
from stellwerk.errors import InvalidRequest


def judge(request: EmbeddingRequest) -> tuple[str, ...]:
    """The fields that are dropped. Raises ``InvalidRequest`` for tokens: their numbers are those of other models."""
    if any(not isinstance(text, str) for text in request.inputs):
        raise InvalidRequest("The model's provider cannot take 'input': it takes text, no tokens.", param="input")
    return ("user",) if request.user is not None else ()
