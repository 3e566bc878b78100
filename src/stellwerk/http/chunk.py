"""Chunks of the chunked transfer coding, as senders mostly write them: one canonical form for each length."""

from __future__ import annotations

CHUNK_LIMIT = 4096
"""A chunk of so many bytes or more, its framing included, is left to the parser."""

NO_HEAD = b"\0"
"""Begins no chunk."""

_LONGEST_HEAD = 5


def _chunk_heads() -> list[bytes]:
    heads = [NO_HEAD] * CHUNK_LIMIT
    for size in range(1, CHUNK_LIMIT):
        head = b"%x\r\n" % size
        if len(head) + size + 2 < CHUNK_LIMIT:
            heads[len(head) + size + 2] = head
    return heads


CHUNK_HEADS = _chunk_heads()
"""By a whole chunk's length, the one canonical head that it can have."""


def inside(data: bytes) -> bytes | None:
    """What the one canonical chunk carries that is exactly ``data``; ``None`` for anything else."""
    size = len(data)
    if size < CHUNK_LIMIT:
        head = CHUNK_HEADS[size]
        if data.startswith(head) and data.endswith(b"\r\n"):
            return data[len(head) : -2]
    return None


def cut(data: bytes) -> list[bytes] | None:
    """The canonical chunks that ``data`` exactly consists of; ``None`` where it does not, or ends the body."""
    chunks: list[bytes] = []
    at, size = 0, len(data)
    while at < size:
        end_of_head = data.find(b"\r\n", at, at + _LONGEST_HEAD)
        try:
            length = int(data[at:end_of_head], 16)
        except ValueError:
            return None
        end = end_of_head + length + 4
        if not (0 < length < CHUNK_LIMIT and end - at < CHUNK_LIMIT and end <= size):
            return None
        # Numbers have other spellings than the canonical one: a sign, zeros before it, capitals.
        if not data.startswith(CHUNK_HEADS[end - at], at) or not data.startswith(b"\r\n", end - 2):
            return None
        chunks.append(data[at:end])
        at = end
    return chunks
