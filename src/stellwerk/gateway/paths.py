"""Which dialect a path belongs to. Each is loaded when its first caller comes: all of them would double a start."""

from __future__ import annotations

import importlib
import re
from typing import cast

from stellwerk.core.snapshot import LimitsSpec
from stellwerk.gateway.dialect import Dialect
from stellwerk.gateway.endpoints import chat_completions

ENDPOINTS = {
    chat_completions.PATH: "chat_completions",
    b"/v1/completions": "completions",
    b"/v1/responses": "responses",
    b"/v1/messages": "messages",
    b"/v1/messages/count_tokens": "count_anthropic_tokens",
    b"/v1/embeddings": "embeddings",
    b"/v1/moderations": "moderations",
    b"/v1/rerank": "rerank",
}
"""Paths that ask providers, and the files of ``endpoints/`` that know them."""

_CONVERSE = re.compile(rb"/model/[^/]+/converse(?:-stream)?")
_PASSED = re.compile(rb"/v1/(?:files|batches|responses|fine_tuning|images|audio)(?:/|$)")
_GEMINI = re.compile(
    rb"/v1(?:beta|alpha|beta1)?/(?:.+/)?(?:models|tunedModels)/[^/]+:(?:(?:generate|streamGenerate)Content|countTokens|embedContent|batchEmbedContents)"
)

_ACTIONS = {
    b"countTokens": "count_gemini_tokens",
    b"embedContent": "embed_content",
    b"batchEmbedContents": "embed_content",
}
"""Actions on Gemini's models besides chat, and the files of ``endpoints/`` that know them."""


class Paths:
    """The endpoints that ask providers."""

    __slots__ = ("_limits", "_loaded", "by_path", "usual")

    def __init__(self, limits: LimitsSpec) -> None:
        self._limits = limits
        self._loaded: dict[str, Dialect] = {}
        self.usual: Dialect = chat_completions.dialect(limits)
        """The dialect for whoever cannot be told by his path."""
        self.by_path: dict[bytes, Dialect] = {chat_completions.PATH: self.usual}
        """Dialects whose requests all come to one path, as far as somebody has come."""

    def find(self, path: bytes) -> Dialect | None:
        """The dialect of the endpoint at a path; ``None`` where there is none."""
        found = self.by_path.get(path)
        if found is not None:
            return found
        name = ENDPOINTS.get(path)
        if name is not None:
            self.by_path[path] = found = self._load(name)
            return found
        if _PASSED.match(path) is not None:
            return self._passage(path)
        if _CONVERSE.fullmatch(path) is not None:
            return self._load("converse")
        if _GEMINI.fullmatch(path) is None:
            return None
        return self._load(_ACTIONS.get(path.rpartition(b":")[2], "generate_content"))

    def of_errors(self, path: bytes) -> Dialect:
        """The dialect in which somebody is told that something is wrong with a path."""
        found = self.find(path)
        if found is not None:
            return found
        if path.startswith(b"/model/"):
            return self._load("converse")
        if path.startswith(b"/v1beta") or (path.startswith(b"/v1/models/") and b":" in path):
            return self._load("generate_content")
        return self._load("messages") if path.startswith(b"/v1/messages/") else self.usual

    def _passage(self, path: bytes) -> Dialect | None:
        from stellwerk.dialects.openai_passage.operation import find
        from stellwerk.gateway.endpoints.passage import PassageDialect

        found = find(path.decode("latin-1"))
        if found is None:
            return None
        operation = found.operation
        key = f"{operation.dialect} {sorted(operation.methods)}"
        known = self._loaded.get(key)
        if known is None:
            self._loaded[key] = known = PassageDialect(operation, self._limits)
        return known

    def _load(self, name: str) -> Dialect:
        found = self._loaded.get(name)
        if found is None:
            module = importlib.import_module(f"stellwerk.gateway.endpoints.{name}")
            self._loaded[name] = found = cast("Dialect", module.dialect(self._limits))
        return found
