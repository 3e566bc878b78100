"""What a worker publishes in its page's blob: its labelled counters, and the report on targets if that is its duty."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


def pack(series: bytes, report: bytes) -> bytes:
    """Both as one blob."""
    return msgspec.msgpack.encode((series, report))


def series(blobs: Iterable[bytes]) -> list[bytes]:
    """The counters in each."""
    return [first for first, _ in _read(blobs)]


def reports(blobs: Iterable[bytes]) -> list[bytes]:
    """The reports in them."""
    return [second for _, second in _read(blobs) if second]


def _read(blobs: Iterable[bytes]) -> list[tuple[bytes, bytes]]:
    """Those that can be read: an older version's is left out."""
    found = []
    for blob in blobs:
        try:
            found.append(msgspec.msgpack.decode(blob, type=tuple[bytes, bytes]))
        except msgspec.MsgspecError:
            continue
    return found
