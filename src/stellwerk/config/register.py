"""Reads the directory's files and follows them: every key and scope there is, as of a version.

The base is not loaded but read where it is asked: it lies in the page cache, of which workers take no part each, and a
new one is taken at once however many keys it holds. What deltas have changed lies in dictionaries before it. When the
files cannot be read, what was read last goes on holding, and ``problem`` says why.
"""

from __future__ import annotations

import os
import threading
import weakref
from functools import partial
from pathlib import Path

import msgspec

from stellwerk.config.directory_file import (
    BASE,
    BASE_HEAD,
    BASE_MAGIC,
    DELTAS,
    DELTAS_HEAD_BYTES,
    NO_BASE,
    StoredKey,
    bodies,
    frame_bytes,
    id_digest,
    mark_of_deltas,
)
from stellwerk.config.directory_index import Index
from stellwerk.config.pepper import FILE, pepper
from stellwerk.core.scope import DirectoryDelta, KeyRecord, ScopeRecord

SLICE_BYTES = 32_768
"""How much of the deltas is taken at once, whole deltas at least: about a millisecond's work."""

_key = msgspec.msgpack.Decoder(StoredKey).decode
_scope = msgspec.msgpack.Decoder(ScopeRecord).decode
_delta = msgspec.msgpack.Decoder(DirectoryDelta).decode
_Stamp = tuple[int, int, int]


FOLDER = "directory"
"""Its name in the state directory."""


class Register:
    """What the directory in a state directory says. Begins empty: call ``follow`` until it is no longer behind.

    ``pepper`` makes the digests of its keys. Raises ``OSError`` when that can neither be read nor made.
    """

    def __init__(self, state: Path) -> None:
        self.pepper = pepper(state / FILE)
        self._path = state / FOLDER
        self._now = _Edition(-1, NO_BASE, 0)
        self._next: _Edition | None = None
        self._base_stamp: _Stamp | None = None
        self._deltas_stamp: _Stamp | None = None
        self.is_behind = False
        """Whether there is more to follow at once."""
        self.problem = ""

    @property
    def version(self) -> int:
        """The version that is told."""
        return self._now.version

    def key(self, digest: bytes) -> KeyRecord | None:
        """The key with a digest."""
        return self._now.key(digest)

    def scope(self, identity: str) -> ScopeRecord | None:
        """The scope with an id such as ``team:shop``."""
        return self._now.scope(identity)

    def follow(self) -> bool:
        """Takes a slice of what is new; whether anything is told differently now. Two ``stat`` where nothing is new."""
        try:
            changed = self._follow()
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            self.problem = str(error)
            self.is_behind = False
            return False
        self.problem = ""
        return changed

    def _follow(self) -> bool:
        stamp = _stamp(self._path / BASE)
        if stamp is not None and stamp != self._base_stamp:
            self._next = _open(self._path / BASE)
            self._base_stamp = stamp
            self._deltas_stamp = None
        deltas_stamp = _stamp(self._path / DELTAS)
        if deltas_stamp == self._deltas_stamp and not self.is_behind and self._next is None:
            return False
        edition = self._next or self._now
        is_changed, self.is_behind = edition.take(self._path / DELTAS)
        self._deltas_stamp = deltas_stamp
        if self.is_behind or self._next is None:
            return is_changed and self._next is None
        former, self._now, self._next = self._now, self._next, None
        # The last to close a large file that has been replaced waits until it is gone from the disk.
        threading.Thread(target=former.close, name="former-directory").start()
        return True


class _Edition:
    """A base and what has changed since."""

    def __init__(self, descriptor: int, mark: bytes, version: int, starts: tuple[int, ...] = ()) -> None:
        """``descriptor`` is the base's, which is closed with it; -1 where there is none."""
        self.close = weakref.finalize(self, os.close, descriptor) if starts else _nothing
        self._mark = mark
        self.version = version
        self._indexes = tuple(Index(partial(_read, descriptor), start) for start in starts)
        self._keys: dict[bytes, KeyRecord | None] = {}
        self._digests: dict[str, bytes] = {}
        """Of the keys that deltas have brought, by id."""
        self._scopes: dict[str, ScopeRecord | None] = {}
        self._inode = 0
        self._end = DELTAS_HEAD_BYTES

    def key(self, digest: bytes) -> KeyRecord | None:
        if digest in self._keys:
            return self._keys[digest]
        record = self._indexes[0].find(digest) if self._indexes else None
        return KeyRecord(*msgspec.structs.astuple(_key(record))) if record is not None else None

    def scope(self, identity: str) -> ScopeRecord | None:
        if identity in self._scopes:
            return self._scopes[identity]
        record = self._indexes[2].find(id_digest(identity)) if self._indexes else None
        return _scope(record) if record is not None else None

    def take(self, path: Path) -> tuple[bool, bool]:
        """Takes a slice of the deltas in a file: whether it changed anything, and whether more is left."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False, False
        try:
            status = os.fstat(descriptor)
            if mark_of_deltas(os.pread(descriptor, DELTAS_HEAD_BYTES, 0)) != self._mark:
                return False, False
            if status.st_ino != self._inode:
                self._inode, self._end = status.st_ino, DELTAS_HEAD_BYTES
            wanted = SLICE_BYTES
            taken: list[bytes] = []
            while not taken:
                content = os.pread(descriptor, wanted, self._end)
                taken = list(bodies(content, 0))
                if len(content) < wanted:
                    break
                wanted *= 2  # a delta larger than the slice
        finally:
            os.close(descriptor)
        before = self.version
        for body in taken:
            delta = _delta(body)
            if delta.version > self.version:  # one that was written twice says nothing new
                self._apply(delta)
            self._end += frame_bytes(body)
        return self.version != before, bool(taken) and self._end < status.st_size

    def _apply(self, delta: DirectoryDelta) -> None:
        for identity in delta.removed_keys:
            self._drop(identity)
        for key in delta.keys:
            self._drop(key.id)
            self._keys[key.digest] = key
            self._digests[key.id] = key.digest
        self._scopes.update(dict.fromkeys(delta.removed_scopes))
        self._scopes.update({scope.id: scope for scope in delta.scopes})
        self.version = delta.version

    def _drop(self, identity: str) -> None:
        """Lets a key be unknown by the digest it had."""
        digest = self._digests.pop(identity, None)
        if digest is not None:
            self._keys[digest] = None
        record = self._indexes[1].find(id_digest(identity)) if self._indexes else None
        if record is not None:
            self._keys.setdefault(_key(record).digest, None)


def _open(path: Path) -> _Edition:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    head = os.pread(descriptor, BASE_HEAD.size, 0)
    if len(head) == BASE_HEAD.size:
        magic, mark, version, *starts, length = BASE_HEAD.unpack(head)
        if magic == BASE_MAGIC and length == os.fstat(descriptor).st_size:
            return _Edition(descriptor, mark, version, tuple(starts))
    os.close(descriptor)
    raise ValueError(f"{path} is no base of a directory, or not whole")


def _read(descriptor: int, count: int, at: int) -> bytes:
    return os.pread(descriptor, count, at)


def _nothing() -> None:
    pass


def _stamp(path: Path) -> _Stamp | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
