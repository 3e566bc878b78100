"""What the compute process holds for the cache: embedders, vectors that were made lately, and entries by scope.

It lives as long as the process: afterwards, backends tell it again what they keep. Threads share it. While one loads an
embedder, the others do not wait for it: they are told that there is none yet, which to a cache is a miss.
"""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from threading import Lock

import msgspec
import numpy as np

from stellwerk import plugins
from stellwerk.compute.index.rows import Whole
from stellwerk.compute.index.store import Store
from stellwerk.compute.ticket import Ticket
from stellwerk.core import vector as vectors
from stellwerk.core.recollection import Embedding, Forget, Memory, Recall, Recalled
from stellwerk.ports.embedder import Embedder

MOST_EMBEDDERS = 2
"""Loaded at a time: another one takes the place of the one that was loaded first."""
MOST_VECTORS = 2_048
"""Of texts that were embedded last: what is not found is mostly remembered a moment later."""
_NAME_BYTES = 8


class NotYet(Exception):
    """Another thread is loading the embedder."""


class Recollection:
    """Answers the jobs ``recall``, ``remember`` and ``forget``."""

    def __init__(self, store: Store) -> None:
        self.life = secrets.token_bytes(16)
        self._store = store
        self._storing = Lock()
        self._loading = Lock()
        self._embedders: OrderedDict[bytes, Embedder] = OrderedDict()
        self._vectors: OrderedDict[bytes, bytes] = OrderedDict()

    def recall(self, asked: Recall) -> Recalled:
        """The entries that mean about the same. Raises ``NotYet``, and what an embedder raises that cannot be built."""
        name = _name(asked.embedding)
        vector = asked.vector or self._embed(asked.embedding, name, asked.text)
        whole = _whole(vector)
        with self._storing:
            found = self._store.recall(asked.scope, name, whole, asked.most, _now_ms())
        return Recalled(self.life, vector, found)

    def remember(self, embedding: Embedding, memories: Sequence[Memory], ticket: Ticket) -> tuple[bytes, ...]:
        """Adds entries; gives their vectors. What was added before the time was up stays."""
        name = _name(embedding)
        if not memories:
            self._embedder(embedding, name)
        found = []
        for memory in memories:
            ticket.check()
            vector = memory.vector or self._embed(embedding, name, memory.text)
            whole = _whole(vector)
            with self._storing:
                self._store.remember(memory.scope, name, whole, memory.key, memory.text, memory.expires_ms)
            found.append(vector)
        return tuple(found)

    def cosine(self, embedding: Embedding, one: str, other: str) -> float:
        """How much two texts mean the same. Raises ``NotYet``."""
        name = _name(embedding)
        first, second = (_whole(self._embed(embedding, name, text)).astype(np.float32) for text in (one, other))
        return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second) or 1.0))

    def forget(self, told: Forget) -> int:
        """Removes entries; gives how many there were."""
        if told.is_all:
            with self._storing:
                return self._store.forget_all()
        count = 0
        for scope, key in told.entries:
            with self._storing:
                count += self._store.forget(scope, key)
        for key in told.keys:
            with self._storing:
                count += self._store.forget_everywhere(key)
        for scope in told.scopes:
            with self._storing:
                count += self._store.forget_scope(scope)
        return count

    def _embed(self, embedding: Embedding, name: bytes, text: str) -> bytes:
        digest = blake2b(text.encode(), digest_size=16, key=name).digest()
        vector = self._vectors.get(digest)
        if vector is None:
            vector = packed(self._embedder(embedding, name), text)
            self._vectors[digest] = vector
            while len(self._vectors) > MOST_VECTORS:
                self._vectors.popitem(last=False)
        return vector

    def _embedder(self, embedding: Embedding, name: bytes) -> Embedder:
        held = self._embedders.get(name)
        if held is not None:
            return held
        if not self._loading.acquire(blocking=False):
            raise NotYet("the embedder is being loaded")
        try:
            held = self._embedders.get(name)  # another thread may just have been done with it
            if held is not None:
                return held
            built = plugins.build("embedders", embedding.use, embedding.options)
            if not isinstance(built, Embedder):
                raise TypeError(f"{embedding.use!r} asks a service, so texts need their vectors")
            self._embedders[name] = built
            while len(self._embedders) > MOST_EMBEDDERS:
                self._embedders.popitem(last=False)
        finally:
            self._loading.release()
        return built


_one = Lock()


def recollection() -> Recollection:
    """The one of this process."""
    with _one:
        return _made()


@lru_cache(1)
def _made() -> Recollection:
    return Recollection(Store())


def packed(embedder: Embedder, text: str) -> bytes:
    """The vector of a text. Raises ``ValueError`` for an embedder that gives none."""
    row = embedder.embed([text])[0]
    largest = float(np.abs(row).max())
    if not 0 < largest < np.inf:
        raise ValueError("a vector without a direction")
    factor = largest / vectors.LARGEST
    whole: Whole = np.rint(row / np.float32(factor)).astype(np.int8)
    return vectors.head(factor) + whole.tobytes()


def _whole(vector: bytes) -> Whole:
    """Without its factor, which says nothing of its direction. Raises ``ValueError``."""
    vectors.dimensions(vector)
    return np.frombuffer(vector, np.int8, offset=vectors.HEAD_BYTES)


def _name(embedding: Embedding) -> bytes:
    told = msgspec.msgpack.encode((embedding.use, embedding.options), order="deterministic")
    return blake2b(told, digest_size=_NAME_BYTES).digest()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
