"""Writes messages of AWS's binary event stream: lengths, headers, payload, and a checksum over each half."""

from __future__ import annotations

from zlib import crc32

import msgspec

_STRING = 7
_CHECKSUM_BYTES = 4
_PRELUDE_BYTES = 12

Headers = tuple[tuple[str, str], ...]


def event(kind: str, payload: bytes) -> bytes:
    """An event of ``kind``."""
    return frame(((":event-type", kind), (":content-type", "application/json"), (":message-type", "event")), payload)


def exception(kind: str, content: dict[str, object]) -> bytes:
    """An exception of ``kind``, after which the stream ends."""
    named = ((":exception-type", kind), (":content-type", "application/json"), (":message-type", "exception"))
    return frame(named, msgspec.json.encode(content))


def frame(headers: Headers, payload: bytes) -> bytes:
    """One message with headers that are strings."""
    block = b"".join([_header(name, value) for name, value in headers])
    total = _PRELUDE_BYTES + len(block) + len(payload) + _CHECKSUM_BYTES
    prelude = total.to_bytes(4, "big") + len(block).to_bytes(4, "big")
    message = prelude + crc32(prelude).to_bytes(4, "big") + block + payload
    return message + crc32(message).to_bytes(4, "big")


def _header(name: str, value: str) -> bytes:
    encoded_name, encoded = name.encode(), value.encode()
    return bytes((len(encoded_name),)) + encoded_name + bytes((_STRING,)) + len(encoded).to_bytes(2, "big") + encoded
