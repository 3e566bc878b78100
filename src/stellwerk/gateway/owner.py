"""Who holds what of a counter: a process, told from those of other hosts and from others that had its number before."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from pathlib import Path

LOST_S = 30.0
"""Whoever has said nothing for so long, and whom nobody here can see, is gone. It says so every second."""
_PROC = Path("/proc")
_STARTED = 19
"""Where a process's start stands behind its name, in the kernel's clock ticks."""


def own_id() -> str:
    """This process: host, number, start."""
    return f"{_host()}/{os.getpid()}/{_started(os.getpid())}"


def is_alive(owner: str, silent_s: float) -> bool:
    """Whether that process may still run, which has said nothing for so long.

    Of this host's the kernel knows. A process elsewhere that is only cut off, and comes back later, has its money
    counted as spent: what it spends of it meanwhile is covered.
    """
    host, number, started = owner.split("/") if owner.count("/") == 2 else ("", "", "")
    if not number.isdigit():
        return False
    if host != _host():
        return silent_s < LOST_S
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return _started(int(number)) == started


@cache
def _host() -> str:
    """The host's name, and what tells it from others of that name: the machine's boot, the container's processes."""
    marks = blake2b(digest_size=6)
    for mark in (_PROC / "sys/kernel/random/boot_id", _PROC / "self/ns/pid"):
        with suppress(OSError):  # not Linux: the name has to do
            marks.update((str(mark.readlink()) if mark.is_symlink() else mark.read_text()).encode())
    return f"{socket.gethostname()}.{marks.hexdigest()}"


def _started(pid: int) -> str:
    """When it was started; the same word for all where the kernel does not tell."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[_STARTED]
    except (OSError, IndexError):
        return "0"
