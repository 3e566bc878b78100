"""The directory of keys and scopes as files: a base, and deltas after it, written by one process, read by workers.

``base.msgpack`` and ``deltas.msgpack`` hold frames: four bytes of length (big endian), four of CRC-32, then a
``DirectoryDelta`` as msgpack; the base is one frame. A delta that a crash has cut short is overwritten by the next one.
Deltas up to the base's version say nothing new. ``pepper`` is the installation's: digests of keys are made with it.
"""

from __future__ import annotations

import os
import secrets
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from stellwerk.core.scope import DirectoryDelta, KeyRecord, ScopeRecord

BASE = "base.msgpack"
DELTAS = "deltas.msgpack"
PEPPER_BYTES = 32

_HEAD = struct.Struct(">II")


def write_base(path: Path, version: int, keys: Iterable[KeyRecord], scopes: Iterable[ScopeRecord]) -> None:
    """Replaces the base in one step, then begins the deltas anew. Raises ``OSError``."""
    base = DirectoryDelta(version, keys=tuple(keys), scopes=tuple(scopes))
    _put(path / BASE, _frame(base))
    _put(path / DELTAS, b"")


def append_delta(path: Path, delta: DirectoryDelta) -> None:
    """Adds a version behind the last whole one, and waits for the disk. Raises ``OSError``."""
    descriptor = os.open(path / DELTAS, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        end = _end(descriptor)
        os.ftruncate(descriptor, end)
        frame = memoryview(_frame(delta))
        while frame:
            written = os.pwrite(descriptor, frame, end)
            frame, end = frame[written:], end + written
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def pepper(path: Path) -> bytes:
    """The installation's secret, made when it is missing; its owner alone may read it. Raises ``OSError``."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        found = path.read_bytes()
        if len(found) != PEPPER_BYTES:
            raise OSError(f"{path} holds no pepper of {PEPPER_BYTES} bytes") from None
        return found
    made = secrets.token_bytes(PEPPER_BYTES)
    with open(descriptor, "wb") as file:  # noqa: PTH123  # an open descriptor, not a path
        file.write(made)
        file.flush()
        os.fsync(descriptor)
    return made


def frames(content: bytes) -> tuple[list[DirectoryDelta], int]:
    """The whole frames at the beginning of a file's content, and where they end."""
    found, end = [], 0
    while (body := _body(content, end)) is not None:
        found.append(msgspec.msgpack.decode(body, type=DirectoryDelta))
        end += _HEAD.size + len(body)
    return found, end


def _frame(delta: DirectoryDelta) -> bytes:
    body = msgspec.msgpack.encode(delta)
    return _HEAD.pack(len(body), zlib.crc32(body)) + body


def _body(content: bytes, start: int) -> bytes | None:
    if len(content) < start + _HEAD.size:
        return None
    length, checksum = _HEAD.unpack_from(content, start)
    body = content[start + _HEAD.size : start + _HEAD.size + length]
    return body if len(body) == length and zlib.crc32(body) == checksum else None


def _end(descriptor: int) -> int:
    with open(os.dup(descriptor), "rb") as file:  # noqa: PTH123  # an open descriptor, not a path
        content = file.read()
    end = 0
    while (body := _body(content, end)) is not None:
        end += _HEAD.size + len(body)
    return end


def _put(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:  # noqa: PTH123  # an open descriptor, not a path
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    draft.replace(path)
