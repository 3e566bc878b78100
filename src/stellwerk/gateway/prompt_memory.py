"""The memory of prompts that the workers of a host share: a conversation goes on at whichever of them has its caller.

It lies in ``prompts.map`` of the state directory, digests alone, and ends with the machine: times in it are those of
its clock. Another version makes another file, and leaves those who still use the old one theirs. Where there can be no
such file, each worker remembers by itself.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from stellwerk.core.prompt_memory import MOST_BEGINNINGS, MOST_CLASSES, Beginning, OwnMemory, PromptMemory, Tally
from stellwerk.gateway.shared_table import WAYS, SharedTable

FILE = "prompts.map"
BOOT = Path("/proc/sys/kernel/random/boot_id")
HEAD_BYTES = 64
_VERSION = b"stellwerk prompts 2 "
_BEGINNING = "ddddd" + "b?" + "8sd"
"""How often of late, its tally, its stage, whether that is counted, where it is warm and until when."""
_TALLY = "dddd"
_CREDIT = "q"
_LEAST, _MOST = -(2**63), 2**63 - 1


class SharedMemory:
    """A ``PromptMemory`` over such a file."""

    __slots__ = ("_beginnings", "_clock", "_credits", "_tallies")

    def __init__(self, memory: mmap.mmap, clock: Callable[[], float]) -> None:
        """``clock`` is monotonic, and the same for all processes."""
        self._clock = clock
        tables, start = [], HEAD_BYTES
        for fields, records in _TABLES:
            tables.append(SharedTable(memory, start, fields, records // WAYS))
            start += SharedTable.bytes_of(fields, records // WAYS)
        self._beginnings, self._tallies, self._credits = tables

    def beginning(self, digest: bytes) -> Beginning | None:
        """The beginning with that digest."""
        record = self._beginnings.find(digest)
        if record is None:
            return None
        found = Beginning(record[0])
        _, found.recent, trials, *within, found.stage, found.is_counted, found.warm_at, found.warm_until = record
        found.tally = Tally(trials, (within[0], within[1], within[2]))
        return found

    def remember(self, digest: bytes, beginning: Beginning) -> None:
        """How a beginning stands now."""
        one, tally = beginning, beginning.tally
        stands = (one.stage, one.is_counted, one.warm_at, one.warm_until)
        self._beginnings.put(digest, one.at, one.recent, tally.trials, *tally.within, *stands)

    def tally(self, name: bytes) -> Tally:
        """How cases of that kind went on."""
        record = self._tallies.find(name)
        return Tally(record[1], record[2:]) if record is not None else Tally()

    def count(self, name: bytes, tally: Tally) -> None:
        """How a tally stands now."""
        self._tallies.put(name, self._clock(), tally.trials, *tally.within)

    def credit(self, account: bytes) -> int:
        """What marks have saved."""
        record = self._credits.find(account)
        return record[1] if record is not None else 0

    def settle(self, account: bytes, nanos: int) -> None:
        """Adds to it."""
        self._credits.put(account, self._clock(), min(max(self.credit(account) + nanos, _LEAST), _MOST))


_TABLES = ((_BEGINNING, MOST_BEGINNINGS), (_TALLY, MOST_CLASSES), (_CREDIT, MOST_CLASSES))


def prompt_memory(directory: Path, clock: Callable[[], float]) -> PromptMemory:
    """What the host's workers share, or what this one has where they cannot."""
    try:
        return SharedMemory(_opened(directory / FILE, _VERSION + BOOT.read_bytes().strip()), clock)
    except (OSError, ValueError):
        return OwnMemory()


def _opened(path: Path, head: bytes) -> mmap.mmap:
    """The file, begun anew where it is another version's or another boot's. Raises ``OSError``, ``ValueError``."""
    size = HEAD_BYTES + sum(SharedTable.bytes_of(fields, records // WAYS) for fields, records in _TABLES)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with suppress(FileNotFoundError), path.open("r+b") as file:
            if file.read(HEAD_BYTES) == head.ljust(HEAD_BYTES, b"\0") and os.fstat(file.fileno()).st_size == size:
                return mmap.mmap(file.fileno(), size)
        return _begun(path, head.ljust(size, b"\0"))
    finally:
        os.close(lock)


def _begun(path: Path, content: bytes) -> mmap.mmap:
    """A new file in the place of whatever is there. Raises ``OSError``."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "r+b") as file:
            # Written out instead of left sparse: a full disk is an error here, later it would be a SIGBUS.
            file.write(content)
            file.flush()
            memory = mmap.mmap(file.fileno(), len(content))
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise
    return memory
