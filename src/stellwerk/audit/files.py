"""The files of the log: segments in their order, the head, the lock."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stellwerk.audit.chain import MAX_ENTRY_BYTES

HEAD = "head"
LOCK = "lock"

_SEGMENT = re.compile(r"[0-9]{8}\.jsonl")
_HEAD = re.compile(r"([0-9]{20}) ([0-9a-f]{64})\n", re.ASCII)


@dataclass(frozen=True, slots=True)
class Head:
    """Number and hash of an entry."""

    number: int
    hash: str


def segments(directory: Path) -> list[Path]:
    """The segments there are, in their order."""
    try:
        return sorted(path for path in directory.iterdir() if _SEGMENT.fullmatch(path.name))
    except FileNotFoundError:
        return []


def segment(directory: Path, number: int) -> Path:
    """Where a segment lies; the first one is 1."""
    return directory / f"{number:08}.jsonl"


def read_head(directory: Path) -> Head | None:
    """What the head says; ``None`` when there is none. Raises ``ValueError`` when it cannot be understood."""
    try:
        text = (directory / HEAD).read_text(encoding="ascii")
    except FileNotFoundError:
        return None
    if not (found := _HEAD.fullmatch(text)):
        raise ValueError("the head is not written as a head is")
    return Head(int(found[1]), found[2])


def write_head(directory: Path, head: Head) -> None:
    """Writes the head in place, in one write shorter than a disk's block, and waits for the disk."""
    descriptor = os.open(directory / HEAD, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.pwrite(descriptor, f"{head.number:020} {head.hash}\n".encode(), 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Within, nobody else on this host appends. Raises ``OSError``."""
    descriptor = os.open(directory / LOCK, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def last_line(descriptor: int) -> tuple[bytes, int]:
    """The last whole line of a segment, without its newline, and where in the file the line after it begins."""
    size = os.fstat(descriptor).st_size
    start = max(0, size - 2 * MAX_ENTRY_BYTES)
    tail = os.pread(descriptor, size - start, start)
    end = tail.rfind(b"\n")
    return tail[tail.rfind(b"\n", 0, max(end, 0)) + 1 : max(end, 0)], start + end + 1


def sync_folder(directory: Path) -> None:
    """Makes sure that the names of new files survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
