"""The jobs of finding cached answers by the meaning of their questions, as they are asked of the compute process.

It holds vectors and texts by scope, in memory alone: after a restart it knows nothing until it is told again. Every
answer names the process's life, so that an asker sees that this is a new one, and sends ``everything`` that it keeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

RECALL = "recall"
REMEMBER = "remember"
FORGET = "forget"

KEY_BYTES = 16
MOST_CANDIDATES = 64
MOST_TEXT_BYTES = 16_384
MOST_MEMORIES = 4_096
"""Of one job."""
BATCH_BYTES = 262_144
"""What ``everything`` puts into one job, roughly: it goes into the line of long ones."""


class Embedding(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What turns texts into vectors: an embedder of the shelf and its options. Vectors of two are never compared.

    Of one that asks a service, nothing but what tells its vectors from others' belongs here: no address, no secret.
    """

    use: str
    options: dict[str, Any] = {}


class Recall(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Which entries of a scope mean about the same? ``vector`` (packed) is the text's, where the asker has it."""

    embedding: Embedding
    scope: bytes
    text: str
    most: int = 8
    vector: bytes = b""


class Candidate(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An entry, the cosine between its text and the one asked about, and that text."""

    key: bytes
    cosine: float
    text: str


class Recalled(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The most alike first. ``vector`` is what was made of the text, to be kept with a new entry."""

    life: bytes
    vector: bytes
    candidates: tuple[Candidate, ...]


class Memory(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An entry to be found by the meaning of ``text`` until ``expires_ms`` (Unix time)."""

    scope: bytes
    key: bytes
    text: str
    expires_ms: int
    vector: bytes = b""


class Remember(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Entries to be found from now on; those without a vector get one. None at all loads the embedder."""

    embedding: Embedding
    memories: tuple[Memory, ...] = ()


class Remembered(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The vectors of the entries, in their order."""

    life: bytes
    vectors: tuple[bytes, ...]


class Forget(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Entries that are gone: these (scope and key), these wherever they are, those of whole scopes, or all of them.

    Looking everywhere takes up to a millisecond for each key.
    """

    entries: tuple[tuple[bytes, bytes], ...] = ()
    keys: tuple[bytes, ...] = ()
    scopes: tuple[bytes, ...] = ()
    is_all: bool = False


class Forgotten(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How many entries were held, and are not any more."""

    life: bytes
    count: int


_encode = msgspec.msgpack.Encoder().encode
_recall = msgspec.msgpack.Decoder(Recall).decode
_recalled = msgspec.msgpack.Decoder(Recalled).decode
_remember = msgspec.msgpack.Decoder(Remember).decode
_remembered = msgspec.msgpack.Decoder(Remembered).decode
_forget = msgspec.msgpack.Decoder(Forget).decode
_forgotten = msgspec.msgpack.Decoder(Forgotten).decode


def written(message: Recall | Recalled | Remember | Remembered | Forget | Forgotten) -> bytes:
    """A question or an answer as bytes. Raises ``ValueError`` for text that UTF-8 cannot hold."""
    return _encode(message)


def read_recall(payload: bytes) -> Recall:
    """What is asked. Raises ``ValueError`` for what is no such question."""
    asked = _recall(payload)
    _check(asked.scope, asked.text)
    if not 0 < asked.most <= MOST_CANDIDATES:
        raise ValueError(f"{asked.most} candidates")
    return asked


def read_remember(payload: bytes) -> Remember:
    """What is told. Raises ``ValueError`` for what is no such thing."""
    told = _remember(payload)
    if len(told.memories) > MOST_MEMORIES:
        raise ValueError(f"{len(told.memories)} entries at once")
    for memory in told.memories:
        _check(memory.scope, memory.text)
        if len(memory.key) != KEY_BYTES:
            raise ValueError(f"a key of {len(memory.key)} bytes")
    return told


def read_forget(payload: bytes) -> Forget:
    """What is gone. Raises ``ValueError`` for what is no such thing."""
    told = _forget(payload)
    if len(told.entries) + len(told.keys) + len(told.scopes) > MOST_MEMORIES:
        raise ValueError("too much to forget at once")
    return told


def read_recalled(payload: bytes) -> Recalled:
    """What was found. Raises ``ValueError`` for what is no answer."""
    return _recalled(payload)


def read_remembered(payload: bytes) -> Remembered:
    """What became of entries. Raises ``ValueError`` for what is no answer."""
    return _remembered(payload)


def read_forgotten(payload: bytes) -> Forgotten:
    """What became of entries. Raises ``ValueError`` for what is no answer."""
    return _forgotten(payload)


def everything(embedding: Embedding, memories: Iterable[Memory]) -> Iterator[bytes]:
    """Payloads of ``REMEMBER`` for all that a backend keeps, for a process that has begun anew.

    Entries that the process could not take are left out, whatever is the matter with them.
    """
    batch, size = list[Memory](), 0
    for memory in memories:
        try:
            _check(memory.scope, memory.text)
        except ValueError:
            continue
        if len(memory.key) != KEY_BYTES:
            continue
        batch.append(memory)
        size += len(memory.text) + len(memory.vector) + 64
        if size >= BATCH_BYTES or len(batch) == MOST_MEMORIES:
            yield written(Remember(embedding, tuple(batch)))
            batch, size = [], 0
    if batch:
        yield written(Remember(embedding, tuple(batch)))


def _check(scope: bytes, text: str) -> None:
    if len(scope) != KEY_BYTES:
        raise ValueError(f"a scope of {len(scope)} bytes")
    if not text or len(text.encode()) > MOST_TEXT_BYTES:
        raise ValueError("a text that is empty or too long")
