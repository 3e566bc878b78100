"""Appending: under the lock, the last entry is read, the next one is sealed to it, and the disk is waited for.

When the disk is full or the folder cannot be written, ``StoreUnavailable`` says so, and nothing was appended. A line
that a crash has cut short was never confirmed: the next append removes it. Any other damage at the end stops appending,
so that it is not buried.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stellwerk.audit import files
from stellwerk.audit.chain import START, Damaged, opened, seal
from stellwerk.audit.files import Head
from stellwerk.errors import StoreUnavailable

SEGMENT_BYTES = 8 * 1024 * 1024


class ChainedLog:
    """The log in one directory, which is made when it is missing. Several processes may append to it."""

    __slots__ = ("_directory", "_segment_bytes")

    def __init__(self, directory: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        """A segment that has reached ``segment_bytes`` is followed by another one."""
        self._directory = directory
        self._segment_bytes = segment_bytes

    def record(
        self,
        *,
        time_s: float,
        who: str,
        what: str,
        target: str,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> int:
        """Appends one entry and gives its number. Raises ``StoreUnavailable``."""
        fields = {"time": time_s, "who": who, "what": what, "target": target, "before": before, "after": after}
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            with files.locked(self._directory):
                return self._append(fields)
        except OSError as error:
            raise StoreUnavailable(f"the audit log cannot be written: {error.strerror}") from error
        except Damaged as error:
            raise StoreUnavailable(
                f"the audit log is damaged at its end: {error}; see `stellwerk audit verify`"
            ) from None

    def _append(self, fields: Mapping[str, Any]) -> int:
        found = files.segments(self._directory)
        path = found[-1] if found else files.segment(self._directory, 1)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            last, end = self._end_of(descriptor, is_first=len(found) <= 1)
            if end >= self._segment_bytes:
                os.close(descriptor)
                path, end = files.segment(self._directory, int(path.stem) + 1), 0
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            line = seal(fields, number=last.number + 1, previous=last.hash)
            _write(descriptor, line, end)
        finally:
            os.close(descriptor)
        if end == 0:
            files.sync_folder(self._directory)
        head = Head(last.number + 1, opened(line[:-1])["hash"])
        files.write_head(self._directory, head)
        return head.number

    def _end_of(self, descriptor: int, *, is_first: bool) -> tuple[Head, int]:
        """The last entry and where the next one goes; what a crash has left behind it is cut off."""
        line, end = files.last_line(descriptor)
        if not line and not is_first:  # a crash came between a new segment and its first entry
            with (files.segments(self._directory)[-2]).open("rb") as before:
                line, _ = files.last_line(before.fileno())
        last, before_last = Head(0, START), Head(0, START)
        if line:
            entry = opened(line)
            last, before_last = Head(entry["number"], entry["hash"]), Head(entry["number"] - 1, entry["previous"])
        try:
            head = files.read_head(self._directory) or Head(0, START)
        except ValueError as error:
            raise Damaged(str(error)) from None
        if head not in {last, before_last}:  # a crash may come between an entry and the head
            raise Damaged(f"the head knows {head.number} entries, the last one that is there is number {last.number}")
        if os.fstat(descriptor).st_size > end:
            os.ftruncate(descriptor, end)
        return last, end


def _write(descriptor: int, line: bytes, offset: int) -> None:
    """All of it or nothing, on the disk."""
    try:
        written = 0
        while written < len(line):
            written += os.pwrite(descriptor, line[written:], offset + written)
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, offset)
        raise
