"""How a host that speaks this dialect is asked, and how its refusals are read."""

from __future__ import annotations

from stellwerk.dialects.bearer_upstream import BearerUpstream
from stellwerk.dialects.openai_embeddings.envelope import rewrite
from stellwerk.dialects.openai_embeddings.types import DIALECT


class EmbeddingsUpstream(BearerUpstream):
    """A host under ``base_url`` (with ``/v1``, as its own SDK takes it) that serves ``/embeddings``."""

    def __init__(self, base_url: str, *, fields: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(DIALECT, base_url, "/embeddings", rewrite, fields=fields)
