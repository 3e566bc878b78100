"""An entry as bytes: small, for memory, and sealed, so that what is read back elsewhere is whole or nothing."""

from __future__ import annotations

import zlib

from stellwerk.core.cached import Entry, packed, unpacked

SHRINK_BYTES = 4_096
"""What is smaller is left as it is: a third would be gained, and a look-up would take five times as long."""
MOST_BYTES = 1 << 28
"""No entry unfolds to more."""

LEAST_SECRET = 32
"""Characters of a secret under which entries are encrypted: such as nobody guesses."""

_PLAIN = b"\x00"
_SHRUNK = b"\x01"
_SUM_BYTES = 4


def plain(entry: Entry) -> bytes:
    """An entry as it is quickest to make, and to read again."""
    return _PLAIN + packed(entry)


def shrunk(blob: bytes) -> bytes:
    """The same entry in fewer bytes where that is worth it: streams most of all, which say the same again and again."""
    if len(blob) < SHRINK_BYTES or blob[:1] != _PLAIN:
        return blob
    smaller = _SHRUNK + zlib.compress(memoryview(blob)[1:], 1)
    return smaller if len(smaller) < len(blob) - len(blob) // 8 else blob


def restored(blob: bytes) -> Entry | None:
    """The entry; ``None`` for bytes that hold none."""
    if blob[:1] == _PLAIN:
        return unpacked(blob[1:])
    if blob[:1] != _SHRUNK:
        return None
    unfolding = zlib.decompressobj()
    try:
        content = unfolding.decompress(memoryview(blob)[1:], MOST_BYTES)
    except zlib.error:
        return None
    return unpacked(content) if unfolding.eof else None


def sealed(blob: bytes) -> bytes:
    """With a checksum before it."""
    return zlib.crc32(blob).to_bytes(_SUM_BYTES, "big") + blob


def unsealed(content: bytes) -> bytes | None:
    """What was sealed; ``None`` where a part of it is missing or is another's."""
    blob = content[_SUM_BYTES:]
    return (
        blob
        if len(content) > _SUM_BYTES and zlib.crc32(blob).to_bytes(_SUM_BYTES, "big") == content[:_SUM_BYTES]
        else None
    )
