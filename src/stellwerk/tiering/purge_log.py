"""Purges in a file that the processes of one host share: for caches that have nothing else in common.

Each is a head of eight bytes (length and CRC-32, big endian) and the purge. Whoever adds one takes a lock for that, and
begins anew with another file where it has become long. Whoever follows and finds another file than before cannot know
what it has missed.
"""

from __future__ import annotations

import fcntl
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stellwerk.core.cached import Purge
from stellwerk.core.purges import read, written

FILE = "cache.purges"
LONG_BYTES = 65_536
_HEAD = struct.Struct(">II")


class PurgeLog:
    """One process's view of the file. All of it raises ``OSError``."""

    def __init__(self, directory: Path) -> None:
        """What is in the file by now is of no concern."""
        self._path = directory / FILE
        self._inode = 0
        self._at = 0
        with suppress(FileNotFoundError):
            status = self._path.stat()
            self._inode, self._at = status.st_ino, status.st_size

    def follow(self) -> list[Purge]:
        """What others have added since the last time; a purge of everything where that cannot be known."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            was_there, self._inode, self._at = self._inode, 0, 0
            return [Purge()] if was_there else []
        if (status.st_ino, status.st_size) == (self._inode, self._at):
            return []
        with self._path.open("rb") as file:
            return self._follow(file.fileno())

    def add(self, purge: Purge) -> list[Purge]:
        """Adds a purge; what others had added before it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._locked() as descriptor:
            found = self._follow(descriptor)
            body = written(purge)
            os.lseek(descriptor, 0, os.SEEK_END)
            os.write(descriptor, _HEAD.pack(len(body), zlib.crc32(body)) + body)
            self._at = os.fstat(descriptor).st_size
            return found

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """The file that is in place, which nobody else writes to meanwhile; a new one instead of one that is long."""
        while True:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                status = os.fstat(descriptor)
                is_in_place = self._path.exists() and self._path.stat().st_ino == status.st_ino
                if is_in_place and status.st_size <= LONG_BYTES:
                    yield descriptor
                    return
                if is_in_place:
                    self._path.unlink()
            finally:
                os.close(descriptor)

    def _follow(self, descriptor: int) -> list[Purge]:
        status = os.fstat(descriptor)
        found: list[Purge] = []
        if status.st_ino != self._inode or status.st_size < self._at:
            found += [Purge()] if self._inode else []
            self._inode, self._at = status.st_ino, 0
        content = os.pread(descriptor, 2 * LONG_BYTES, self._at)
        at = 0
        while at + _HEAD.size <= len(content):
            length, checksum = _HEAD.unpack_from(content, at)
            body = content[at + _HEAD.size : at + _HEAD.size + length]
            found.append(read(body) if zlib.crc32(body) == checksum else Purge())
            at += _HEAD.size + length
        if at != len(content):  # somebody died while writing: where the next one begins is unknown
            found.append(Purge())
        self._at += len(content)
        return found
