"""A process under measurement, with all its descendants: their CPU time in nanoseconds and their memory.

It needs Linux: per-process CPU clocks and /proc.
"""

import os
import resource
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

STOP_TIMEOUT_S = 10.0
CPUCLOCK_SCHED = 2


@dataclass(frozen=True)
class CpuTimes:
    """User and system time of each process of a tree, in nanoseconds, at one moment."""

    by_process: Mapping[int, int]

    def since(self, earlier: "CpuTimes") -> int:
        """Nanoseconds spent since, by the processes that are still there: what one that ended had spent is lost."""
        return sum(spent - earlier.by_process.get(pid, 0) for pid, spent in self.by_process.items())


@dataclass(frozen=True)
class Memory:
    """Memory of a tree of processes: proportional set size (pages shared by n processes count 1/n in each)."""

    pss_mb: float
    largest_mb: float
    """Of the largest process: with one worker, the worker."""
    processes: int


class Process:
    """A child process that is ended, with all its descendants, when the `with` block is left."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> None:
        """Start the command in a session of its own; its output goes to the log."""
        self.log = log
        with log.open("wb") as output:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                cwd=directory,
                start_new_session=True,
            )
        self.pid = self._child.pid

    def __enter__(self) -> Self:
        """Give the process itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self.stop()

    @property
    def exit_status(self) -> int | None:
        """The exit status, or None while it runs."""
        return self._child.poll()

    def cpu_times(self) -> CpuTimes:
        """CPU times of the whole tree now."""
        return CpuTimes({pid: spent for pid in _tree(self.pid) if (spent := _cpu_ns(pid)) is not None})

    def settled_cpu_times(self, *, quiet_ns: int = 2_000_000, step_s: float = 0.1, timeout_s: float = 1.5) -> CpuTimes:
        """CPU times once the tree rests, so that work put off (logs, events) counts for the requests that caused it."""
        deadline = time.monotonic() + timeout_s
        last = self.cpu_times()
        while time.monotonic() < deadline:
            time.sleep(step_s)
            now = self.cpu_times()
            if now.since(last) < quiet_ns:
                return now
            last = now
        return last

    def memory(self) -> Memory:
        """Memory of the whole tree now."""
        sizes_mb = [_pss_kb(pid) / 1024 for pid in _tree(self.pid)]
        return Memory(pss_mb=sum(sizes_mb), largest_mb=max(sizes_mb), processes=len(sizes_mb))

    def tail_of_log(self, lines: int = 15) -> str:
        """The last lines it wrote."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self) -> None:
        """Ask it to end, then make it end."""
        pids = _tree(self.pid)
        self._signal_group(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(STOP_TIMEOUT_S)
        self._signal_group(signal.SIGKILL)
        for pid in pids[1:]:  # those that left the group
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(STOP_TIMEOUT_S)

    def _signal_group(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


def memory_by_module(root: int) -> dict[str, float]:
    """Megabytes (proportional set size) of the processes below this one that run a module, ``python -m MODULE``."""
    found: dict[str, float] = {}
    for pid in _tree(root)[1:]:
        with suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
            if "-m" in words[:-1]:
                module = words[words.index("-m") + 1]
                found[module] = found.get(module, 0.0) + _pss_kb(pid) / 1024
    return found


def raise_descriptor_limit() -> int:
    """Let this process and its children open as many files as the system allows; returns how many."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def end_on_sigterm() -> None:
    """Leave the `with` blocks, and so end the children, when this process is asked to end."""

    def leave(_number: int, _frame: object) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    signal.signal(signal.SIGTERM, leave)


def _tree(root: int) -> list[int]:
    found: list[int] = []
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            with suppress(OSError):  # the thread ended between the look and the reading
                waiting.extend(int(child) for child in children.read_text().split())
    return found


def _cpu_ns(pid: int) -> int | None:
    try:
        return time.clock_gettime_ns((~pid << 3) | CPUCLOCK_SCHED)
    except OSError:
        return None


def _pss_kb(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0
