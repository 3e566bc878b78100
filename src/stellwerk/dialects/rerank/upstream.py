"""How a host that speaks this dialect is asked, and how its refusals are read."""

from __future__ import annotations

from stellwerk.dialects.bearer_upstream import BearerUpstream
from stellwerk.dialects.rerank.envelope import rewrite
from stellwerk.dialects.rerank.types import DIALECT


class RerankUpstream(BearerUpstream):
    """A host under ``base_url`` (with ``/v1``, as its own SDK takes it) that serves ``/rerank``."""

    def __init__(self, base_url: str, *, fields: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(DIALECT, base_url, "/rerank", rewrite, fields=fields)
