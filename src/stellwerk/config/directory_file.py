"""The directory of keys and scopes as files: an immutable base, and deltas after it, written by one process.

``base.directory`` is searched by its readers where it lies (see ``directory_index.py``): a head, each key and scope
as msgpack, then indexes by a key's digest, a key's id and a scope's id. ``deltas.msgpack`` begins with the mark of the
base that its deltas are for; each is four bytes of length and four of CRC-32 (big endian) and a ``DirectoryDelta`` as
msgpack. Deltas for another base are void, so that replacing the base is one step. A delta that a crash has cut short is
passed over by readers and overwritten by the next one.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from stellwerk.config.directory_index import DIGEST_BYTES, write_index
from stellwerk.config.pepper import pepper
from stellwerk.core.scope import DirectoryDelta, KeyRecord, ScopeRecord

__all__ = ["BaseDraft", "append_delta", "draft_base", "frames", "pepper", "write_base"]

BASE = "base.directory"
DELTAS = "deltas.msgpack"
MARK_BYTES = 8
NO_BASE = bytes(MARK_BYTES)
"""The mark of deltas that follow no base."""

BASE_HEAD = struct.Struct("<8s8sQQQQQ")
"""What it is, its mark, its version, where the three indexes begin, and its length."""
BASE_MAGIC = b"swkeys\x00\x01"
DELTAS_MAGIC = b"swdelta\x01"
DELTAS_HEAD_BYTES = len(DELTAS_MAGIC) + MARK_BYTES
_FRAME_HEAD = struct.Struct(">II")

Place = tuple[bytes, int, int]


class StoredKey(KeyRecord, frozen=True, array_like=True):
    """A key as it lies in the base: without the names of its fields."""


class BaseDraft:
    """A base that lies ready and is not yet read. Both raise ``OSError``."""

    def __init__(self, path: Path, draft: Path, mark: bytes) -> None:
        self._path = path
        self._draft = draft
        self._mark = mark

    def commit(self, deltas: Sequence[DirectoryDelta] = ()) -> None:
        """Replaces the base, with these deltas behind it; those until now are void.

        Readers see one step: deltas that are not for their base change nothing for them. A writer that dies between
        the two leaves deltas behind that are not for the base, and has to begin with a new one.
        """
        if deltas:
            _write_deltas(self._path, self._mark, deltas)
        self._draft.replace(self._path / BASE)
        _sync_folder(self._path)

    def discard(self) -> None:
        """It is not wanted."""
        self._draft.unlink(missing_ok=True)


def write_base(path: Path, version: int, keys: Iterable[KeyRecord], scopes: Iterable[ScopeRecord]) -> None:
    """Replaces the base in the folder ``path`` in one step; deltas until now are void. Raises ``OSError``."""
    draft_base(path, version, keys, scopes).commit()


def draft_base(path: Path, version: int, keys: Iterable[KeyRecord], scopes: Iterable[ScopeRecord]) -> BaseDraft:
    """Writes a base that nobody reads before it is committed. Raises ``OSError``."""
    encode = msgspec.msgpack.Encoder().encode
    draft, mark = _draft(path / BASE), secrets.token_bytes(MARK_BYTES)
    with _create(draft) as file:
        file.write(bytes(BASE_HEAD.size))
        at = BASE_HEAD.size
        by_digest: list[Place] = []
        by_id: list[Place] = []
        by_scope: list[Place] = []
        for key in keys:
            record = encode(StoredKey(*msgspec.structs.astuple(key)))
            by_digest.append((key.digest, at, len(record)))
            by_id.append((id_digest(key.id), at, len(record)))
            at += file.write(record)
        for scope in scopes:
            record = encode(scope)
            by_scope.append((id_digest(scope.id), at, len(record)))
            at += file.write(record)
        starts = []
        for places in (by_digest, by_id, by_scope):
            starts.append(file.tell())
            write_index(file, places)
        length = file.tell()
        file.seek(0)
        file.write(BASE_HEAD.pack(BASE_MAGIC, mark, version, *starts, length))
        _settle(file)
    return BaseDraft(path, draft, mark)


def append_delta(path: Path, delta: DirectoryDelta) -> None:
    """Adds a version behind the last whole one, and waits for the disk. Raises ``OSError``."""
    mark = _mark_of_base(path / BASE)
    try:
        content = (path / DELTAS).read_bytes()
    except FileNotFoundError:
        content = b""
    if mark_of_deltas(content) != mark:
        _write_deltas(path, mark, (delta,))
        return
    end = DELTAS_HEAD_BYTES
    for body in bodies(content, end):
        end += _FRAME_HEAD.size + len(body)
    with (path / DELTAS).open("r+b") as file:
        file.truncate(end)
        file.seek(end)
        file.write(_frame(delta))
        _settle(file)


def frames(content: bytes) -> tuple[list[DirectoryDelta], int]:
    """The whole deltas in the content of a file of them, and where they end."""
    found, end = [], DELTAS_HEAD_BYTES
    for body in bodies(content, end):
        found.append(msgspec.msgpack.decode(body, type=DirectoryDelta))
        end += _FRAME_HEAD.size + len(body)
    return found, end


def bodies(content: bytes, start: int) -> Iterator[bytes]:
    """The whole deltas from ``start`` on, encoded."""
    while len(content) >= start + _FRAME_HEAD.size:
        length, checksum = _FRAME_HEAD.unpack_from(content, start)
        start += _FRAME_HEAD.size
        body = content[start : start + length]
        if len(body) < length or zlib.crc32(body) != checksum:
            return
        start += length
        yield body


def frame_bytes(body: bytes) -> int:
    """How much of the file a delta takes."""
    return _FRAME_HEAD.size + len(body)


def mark_of_deltas(content: bytes) -> bytes | None:
    """The mark of the base that a file of deltas is for; ``None`` where it is no such file."""
    if len(content) < DELTAS_HEAD_BYTES or not content.startswith(DELTAS_MAGIC):
        return None
    return content[len(DELTAS_MAGIC) : DELTAS_HEAD_BYTES]


def id_digest(identity: str) -> bytes:
    """By which the indexes know a key's or a scope's id."""
    return hashlib.blake2b(identity.encode(), digest_size=DIGEST_BYTES).digest()


def _write_deltas(path: Path, mark: bytes, deltas: Iterable[DirectoryDelta]) -> None:
    draft = _draft(path / DELTAS)
    with _create(draft) as file:
        file.write(DELTAS_MAGIC + mark + b"".join(map(_frame, deltas)))
        _settle(file)
    draft.replace(path / DELTAS)
    _sync_folder(path)


def _mark_of_base(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            head = file.read(BASE_HEAD.size)
    except FileNotFoundError:
        return NO_BASE
    if len(head) < BASE_HEAD.size or not head.startswith(BASE_MAGIC):
        raise OSError(f"{path} is no base of a directory")
    return head[len(BASE_MAGIC) : len(BASE_MAGIC) + MARK_BYTES]


def _frame(delta: DirectoryDelta) -> bytes:
    body = msgspec.msgpack.encode(delta)
    return _FRAME_HEAD.pack(len(body), zlib.crc32(body)) + body


def _draft(path: Path) -> Path:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path.with_name(f".{path.name}.{os.getpid()}")


def _create(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb")


def _settle(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
