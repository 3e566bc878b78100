"""Which dialect a path belongs to."""

from __future__ import annotations

from stellwerk.core.snapshot import LimitsSpec
from stellwerk.gateway.dialect import Dialect
from stellwerk.gateway.endpoints import (
    chat_completions,
    completions,
    converse,
    embeddings,
    generate_content,
    messages,
    moderations,
    rerank,
    responses,
)

_ONE_PATH = (chat_completions, completions, responses, messages, embeddings, moderations, rerank)


class Paths:
    """The endpoints that ask providers, by their paths."""

    __slots__ = ("_by_prefix", "_converse", "_gemini", "by_path", "usual")

    def __init__(self, limits: LimitsSpec) -> None:
        self.by_path: dict[bytes, Dialect] = {endpoint.PATH: endpoint.dialect(limits) for endpoint in _ONE_PATH}
        """Dialects whose requests all come to one path."""
        self.usual = self.by_path[chat_completions.PATH]
        """The dialect for whoever cannot be told by his path."""
        self._gemini, self._converse = generate_content.GenerateContent(limits), converse.Converse(limits)
        self._by_prefix: tuple[tuple[bytes, Dialect], ...] = (
            (b"/v1beta/", self._gemini),
            (b"/model/", self._converse),
            (messages.PATH, self.by_path[messages.PATH]),
        )

    def find(self, path: bytes, query: bytes) -> Dialect | None:
        """The dialect of the endpoint that this target names; ``None`` when it names none."""
        found = self.by_path.get(path)
        if found is not None:
            return found
        if path.startswith(b"/model/"):
            return self._converse if converse.PATH.fullmatch(path) is not None else None
        return self._gemini if generate_content.operation(path, query) is not None else None

    def of_errors(self, path: bytes) -> Dialect:
        """The dialect in which somebody is told that something is wrong with this path."""
        found = self.by_path.get(path)
        if found is not None:
            return found
        if path.startswith(b"/v1/models/") and b":" in path:
            return self._gemini
        return next((dialect for prefix, dialect in self._by_prefix if path.startswith(prefix)), self.usual)
