"""AWS event streams (``application/vnd.amazon.eventstream``): bytes in any chunking to whole frames, and back.

A frame is a prelude (two lengths and their CRC), a header block, a payload, and a CRC over all of it; numbers are big
endian (Smithy 2.0, "Amazon Event Stream Specification").
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import TypeAlias
from zlib import crc32

import msgspec

from stellwerk.errors import UpstreamInvalid

MAX_FRAME_BYTES = 16 * 1024 * 1024
"""Largest frame that is put together."""
MAX_HEADER_BYTES = 128 * 1024
"""Largest header block, as the specification has it."""
PRELUDE_BYTES = 12
CRC_BYTES = 4

HeaderValue: TypeAlias = bool | int | str | bytes
"""Value of a header. Integers of all widths and timestamps (Unix milliseconds) are ``int``, UUIDs 16 bytes."""

_OVERHEAD_BYTES = PRELUDE_BYTES + CRC_BYTES
_STRING = 7
_KNOWN_BLOCKS = 64
_prelude = struct.Struct("!III").unpack_from
_lengths = struct.Struct("!II").pack
_crc = struct.Struct("!I")
_FIXED = {2: struct.Struct("!b"), 3: struct.Struct("!h"), 4: struct.Struct("!i"), 5: struct.Struct("!q")}
_FIXED[8] = _FIXED[5]
_LENGTH = struct.Struct("!H")


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One message of a stream."""

    headers: Mapping[str, HeaderValue]
    payload: bytes


class Splitter:
    """Cuts a stream into raw frames, checked by both CRCs. Joined, they are the stream up to ``size`` pending bytes."""

    __slots__ = ("_max_frame_bytes", "_need", "_parts", "size")

    def __init__(self, *, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._parts: list[bytes] = []
        self._max_frame_bytes = max_frame_bytes
        self._need = PRELUDE_BYTES  # bytes of the pending frame without which nothing can be said
        self.size = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The raw frames that these bytes complete. Raises ``UpstreamInvalid`` for what is no frame, or too large."""
        if not self.size and len(data) > PRELUDE_BYTES and self._length(data, 0) == len(data):
            _check(data)
            return [data]
        size = self.size + len(data)
        self._parts.append(data)
        self.size = size
        if size < self._need:
            return []
        buffer = b"".join(self._parts) if len(self._parts) > 1 else data
        frames: list[bytes] = []
        at = 0
        while size - at >= PRELUDE_BYTES:
            length = self._length(buffer, at)
            if size - at < length:
                self._need = length
                break
            frame = buffer[at : at + length]
            _check(frame)
            frames.append(frame)
            at += length
        else:
            self._need = PRELUDE_BYTES
        self._parts = [buffer[at:]] if at < size else []
        self.size = size - at
        return frames

    def _length(self, buffer: bytes, at: int) -> int:
        """The length that the prelude at ``at`` tells, once it is known to be one."""
        length, header_bytes, crc = _prelude(buffer, at)
        if crc32(buffer[at : at + 8]) != crc:
            raise UpstreamInvalid("The provider's event stream is damaged: a frame's prelude has a wrong checksum.")
        if header_bytes > MAX_HEADER_BYTES or header_bytes + _OVERHEAD_BYTES > length:
            raise UpstreamInvalid("The provider's event stream holds a frame whose lengths contradict each other.")
        if length > self._max_frame_bytes:
            raise UpstreamInvalid(f"The provider's event stream holds a frame of over {self._max_frame_bytes} bytes.")
        return int(length)


class Decoder:
    """Bytes to frames, whatever the chunking: a transducer. A stream's few different header blocks are read once."""

    __slots__ = ("_known", "_splitter")

    def __init__(self, *, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._splitter = Splitter(max_frame_bytes=max_frame_bytes)
        self._known: dict[bytes, Mapping[str, HeaderValue]] = {}

    @property
    def is_between_frames(self) -> bool:
        """Whether nothing of a further frame has come."""
        return not self._splitter.size

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that these bytes complete. Raises ``UpstreamInvalid`` for what is no frame."""
        return [self.read(raw) for raw in self._splitter.feed(data)]

    def read(self, raw: bytes) -> Frame:
        """One whole raw frame of a ``Splitter``."""
        block, payload = split(raw)
        headers = self._known.get(block)
        if headers is None:
            headers = read_headers(block)
            if len(self._known) < _KNOWN_BLOCKS:
                self._known[block] = headers
        return Frame(headers, payload)


def split(raw: bytes) -> tuple[bytes, bytes]:
    """Header block and payload of a whole frame."""
    end = PRELUDE_BYTES + int.from_bytes(raw[4:8], "big")
    return raw[PRELUDE_BYTES:end], raw[end:-CRC_BYTES]


def read_headers(block: bytes) -> dict[str, HeaderValue]:
    """The headers of a block. Raises ``UpstreamInvalid`` for a type that does not exist, a cut, or a name twice."""
    headers: dict[str, HeaderValue] = {}
    at = 0
    try:
        while at < len(block):
            start = at + 1
            end = start + block[at]
            name = block[start:end].decode()
            value, at = _read_value(block, block[end], end + 1)
            if name in headers or not name:
                raise UpstreamInvalid("The provider's event stream holds a frame with a header twice, or nameless.")
            headers[name] = value
    except (IndexError, struct.error, UnicodeDecodeError):
        raise UpstreamInvalid("The provider's event stream holds a frame whose headers cannot be read.") from None
    return headers


def encode(headers: Mapping[str, HeaderValue], payload: bytes) -> bytes:
    """One frame. Integers are written as 64 bits. Raises ``ValueError`` for headers that no frame can hold."""
    return wrap(write_headers(headers), payload)


def write_headers(headers: Mapping[str, HeaderValue]) -> bytes:
    """The header block. Raises ``ValueError`` for a name over 255 bytes, a value over 32,767, or a block too large."""
    block = b"".join([_write_name(name) + _write_value(value) for name, value in headers.items()])
    if len(block) > MAX_HEADER_BYTES:
        msg = f"a header block of {len(block)} bytes"
        raise ValueError(msg)
    return block


def wrap(block: bytes, payload: bytes) -> bytes:
    """One frame around a written header block."""
    prelude = _lengths(_OVERHEAD_BYTES + len(block) + len(payload), len(block))
    raw = b"".join((prelude, _crc.pack(crc32(prelude)), block, payload))
    return raw + _crc.pack(crc32(raw))


def _check(frame: bytes) -> None:
    if crc32(memoryview(frame)[:-CRC_BYTES]) != int.from_bytes(frame[-CRC_BYTES:], "big"):
        raise UpstreamInvalid("The provider's event stream is damaged: a frame has a wrong checksum.")


def _read_value(block: bytes, kind: int, at: int) -> tuple[HeaderValue, int]:
    """A header's value, and where it ends."""
    if kind in {0, 1}:
        return kind == 0, at
    if kind in {6, _STRING}:
        start = at + _LENGTH.size
        end = start + _LENGTH.unpack_from(block, at)[0]
        value = _slice(block, start, end)
        return value if kind == 6 else value.decode(), end
    if kind == 9:
        return _slice(block, at, at + 16), at + 16
    fixed = _FIXED.get(kind)
    if fixed is None:
        raise UpstreamInvalid(f"The provider's event stream holds a frame with a header of unknown type {kind}.")
    number: int = fixed.unpack_from(block, at)[0]
    return number, at + fixed.size


def _slice(block: bytes, start: int, end: int) -> bytes:
    if end > len(block):
        raise IndexError(end)
    return block[start:end]


def _write_name(name: str) -> bytes:
    encoded = name.encode()
    if not 0 < len(encoded) <= 255:
        msg = f"a header name of {len(encoded)} bytes"
        raise ValueError(msg)
    return bytes((len(encoded),)) + encoded


def _write_value(value: HeaderValue) -> bytes:
    if isinstance(value, bool):
        return b"\x00" if value else b"\x01"
    if isinstance(value, int):
        return b"\x05" + value.to_bytes(8, "big", signed=True)
    kind, data = (b"\x07", value.encode()) if isinstance(value, str) else (b"\x06", value)
    if len(data) > 32_767:
        msg = f"a header value of {len(data)} bytes"
        raise ValueError(msg)
    return kind + _LENGTH.pack(len(data)) + data
