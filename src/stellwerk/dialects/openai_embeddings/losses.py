"""What this dialect cannot say of a neutral request for embeddings."""

from __future__ import annotations

from stellwerk.core.embedding import EmbeddingRequest


def judge(request: EmbeddingRequest) -> tuple[str, ...]:
    """The fields that are dropped: the vectors are those of the text all the same."""
    said = {"task": request.task, "title": request.title}
    return tuple(name for name, value in said.items() if value is not None)
