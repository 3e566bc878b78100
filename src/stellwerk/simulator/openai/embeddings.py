"""Writes embeddings."""

from __future__ import annotations

import base64

import msgspec

from stellwerk.simulator.ask import Vectors
from stellwerk.simulator.vector import vector


def embeddings(asked: Vectors, dimensions: int) -> bytes:
    """The body of a list of embeddings."""
    length = asked.dimensions or dimensions
    vectors = [vector(text, length) for text in asked.texts]
    return msgspec.json.encode(
        {
            "object": "list",
            "data": [
                {
                    "object": "embedding",
                    "index": index,
                    "embedding": base64.b64encode(made.tobytes()).decode() if asked.is_base64 else made.tolist(),
                }
                for index, made in enumerate(vectors)
            ],
            "model": asked.model,
            "usage": {"prompt_tokens": asked.prompt_tokens, "total_tokens": asked.prompt_tokens},
        }
    )
