"""Any host that speaks OpenAI's dialect of embeddings: OpenAI itself, vLLM, TEI, llama.cpp, Ollama.

The worker asks it, through the egress guard; the compute process is only handed the vectors. When the host is away,
there are none: a miss.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from stellwerk.core.vector import LEAST_DIMENSIONS, MOST_DIMENSIONS
from stellwerk.core.wire import WireRequest
from stellwerk.dialects.openai_embeddings import response
from stellwerk.dialects.verdicts import VerdictHost, bearer
from stellwerk.errors import StellwerkError
from stellwerk.ports.embedder import EmbedderUnavailable, RemoteEmbedder

ASKS_A_SERVICE = True
SECRETS = ("api_key",)
"""Options that hold a secret: the compiled configuration keeps references to them, the worker resolves them."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is asked for. ``dimensions`` shortens the vectors where the model can do that; 0 leaves them as they are."""

    base_url: str = "https://api.openai.com/v1"
    api_key: str = ""
    model: str = "text-embedding-3-small"
    dimensions: int = 0
    max_texts: int = 64

    def __post_init__(self) -> None:
        """Refuses what cannot be."""
        if self.dimensions and not LEAST_DIMENSIONS <= self.dimensions <= MOST_DIMENSIONS:
            raise ValueError(f"`dimensions` is 0, or from {LEAST_DIMENSIONS} to {MOST_DIMENSIONS}")
        if not 1 <= self.max_texts <= 2_048:
            raise ValueError("`max_texts` is from 1 to 2048")


class Compatible(VerdictHost):
    """A ``RemoteEmbedder``: see the port."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.base_url, bearer(settings.api_key))
        self.max_texts = settings.max_texts
        self._model = settings.model
        self._dimensions = settings.dimensions

    def prepare(self, texts: Sequence[str]) -> WireRequest:
        """All texts as one input; halves of surrogate pairs become question marks, which JSON cannot hold."""
        asked: dict[str, Any] = {"model": self._model, "input": [_whole(text) for text in texts]}
        if self._dimensions:
            asked["dimensions"] = self._dimensions
        return self.ask("/embeddings", asked | {"encoding_format": "float"})

    def read(
        self, texts: Sequence[str], status: int, headers: Mapping[bytes, bytes], body: bytes
    ) -> tuple[tuple[float, ...], ...]:
        """Vectors of unit length; see the port."""
        del headers
        if status != 200:
            raise EmbedderUnavailable(f"its status is {status}")
        try:
            vectors = response.decode(body).vectors
        except StellwerkError:
            raise EmbedderUnavailable("its answer is not of the form agreed on") from None
        if len(vectors) != len(texts):
            raise EmbedderUnavailable(f"it gave {len(vectors)} vectors for {len(texts)} texts")
        size = self._dimensions or len(vectors[0])
        if not LEAST_DIMENSIONS <= size <= MOST_DIMENSIONS or any(len(vector) != size for vector in vectors):
            raise EmbedderUnavailable("its vectors have other dimensions than they should")
        return tuple(map(_unit, vectors))


def build(settings: Settings) -> RemoteEmbedder:
    """The embedder. Raises ``ValueError`` for a base URL or a key that cannot be one."""
    return Compatible(settings)


def _whole(text: str) -> str:
    return text.encode(errors="replace").decode()


def _unit(vector: tuple[float, ...]) -> tuple[float, ...]:
    length = math.hypot(*vector)
    if not 0 < length < math.inf:
        raise EmbedderUnavailable("a vector has no direction")
    return tuple(value / length for value in vector)
