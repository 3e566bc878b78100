"""Who holds what of a counter: a process of a host, told from others that had its number before."""

from __future__ import annotations

import os
import socket
from pathlib import Path

_PROC = Path("/proc")
_STARTED = 19
"""Where a process's start stands behind its name, in the kernel's clock ticks."""


def own_id() -> str:
    """This process."""
    return f"{socket.gethostname()}/{os.getpid()}/{_started(os.getpid())}"


def is_alive(owner: str) -> bool:
    """Whether that process may still run; of another host's nobody can tell, so it may."""
    host, _, rest = owner.rpartition("/")[0].rpartition("/") if owner.count("/") >= 2 else ("", "", "")
    if not rest.isdigit():
        return False
    if host != socket.gethostname():
        return True
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return _started(int(rest)) == owner.rpartition("/")[2]


def _started(pid: int) -> str:
    """When it was started; the same word for all where the kernel does not tell."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[_STARTED]
    except (OSError, IndexError):
        return "0"
