"""Verification: the whole chain from its first entry to its head, and every place where it does not hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stellwerk.audit import files
from stellwerk.audit.chain import MAX_ENTRY_BYTES, START, Damaged, opened
from stellwerk.audit.files import Head

MAX_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where the chain does not hold: a file's name, a line of it (0: all of it), and why."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many entries there are, the last one, and what is wrong (the first hundred findings)."""

    entries: int
    head: Head
    findings: tuple[Finding, ...]


def verify(directory: Path, *, expected: Head | None = None) -> Verdict:
    """Judges the log as it is at this moment. ``expected`` is an entry that was written down elsewhere.

    Raises ``OSError`` when it cannot be read.
    """
    return _Verification(directory, expected).verdict()


def entries(directory: Path, *, after: int = 0) -> Iterator[dict[str, Any]]:
    """The entries with a number above ``after``, in their order. Raises ``Damaged`` at the first one that is none."""
    for path, size in _extent(directory)[0]:
        for line in _lines(path, size):
            entry = opened(line.removesuffix(b"\n"))
            if entry["number"] > after:
                yield entry


class _Verification:
    """One walk along the chain."""

    def __init__(self, directory: Path, expected: Head | None) -> None:
        self._directory = directory
        self._expected = expected
        self._findings: list[Finding] = []
        self._last = Head(0, START)
        self._entries = 0
        self._before_last = Head(0, START)

    def verdict(self) -> Verdict:
        extent, head = _extent(self._directory)
        for number, (path, _) in enumerate(extent, 1):
            if path != files.segment(self._directory, number):
                self._find(path.name, 0, f"segment {number} was expected here")
                break
        for path, size in extent:
            self._walk(path, size)
        self._compare(head)
        if self._expected is not None and self._expected.number > 0:
            self._find(files.HEAD, 0, f"entry {self._expected.number} is not there")
        return Verdict(self._entries, self._last, tuple(self._findings))

    def _walk(self, path: Path, size: int) -> None:
        for number, line in enumerate(_lines(path, size), 1):
            if not line.endswith(b"\n"):
                self._find(path.name, number, "the line has no end: cut off, or a write that was never confirmed")
                continue
            try:
                entry = opened(line[:-1])
            except Damaged as error:
                self._find(path.name, number, str(error))
                continue
            self._entries += 1
            self._link(path.name, number, entry)

    def _link(self, file: str, line: int, entry: dict[str, Any]) -> None:
        if entry["number"] != self._last.number + 1 or entry["previous"] != self._last.hash:
            self._find(file, line, f"entry {entry['number']} does not follow entry {self._last.number}")
        self._before_last, self._last = self._last, Head(entry["number"], entry["hash"])
        if self._expected is not None and self._expected.number == entry["number"]:
            if self._expected != self._last:
                self._find(file, line, f"entry {entry['number']} has not the hash that was expected")
            self._expected = None

    def _compare(self, head: Head | str) -> None:
        """The head is the last entry, or the one before when a crash came between the two."""
        if isinstance(head, str):
            self._find(files.HEAD, 0, head)
        elif head not in {self._last, self._before_last}:
            reason = f"it knows {head.number} entries, the last one that is there is number {self._last.number}"
            self._find(files.HEAD, 0, reason if head.number != self._last.number else "it has another hash")

    def _find(self, file: str, line: int, reason: str) -> None:
        if len(self._findings) < MAX_PROBLEMS:
            self._findings.append(Finding(file, line, reason))


def _extent(directory: Path) -> tuple[list[tuple[Path, int]], Head | str]:
    """Segments with their sizes, and the head, at one moment; what is appended later is left out."""
    with ExitStack() as stack:
        if (directory / files.LOCK).exists():
            stack.enter_context(files.locked(directory))
        try:
            head: Head | str = files.read_head(directory) or Head(0, START)
        except ValueError as error:
            head = str(error)
        return [(path, path.stat().st_size) for path in files.segments(directory)], head


def _lines(path: Path, size: int) -> Iterator[bytes]:
    """The lines of a segment with their newlines; one without an end is given in pieces of bounded size."""
    with path.open("rb") as file:
        while size > 0 and (line := file.readline(min(size, MAX_ENTRY_BYTES))):
            size -= len(line)
            yield line
