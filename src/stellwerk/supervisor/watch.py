"""Notices that a file has changed: written in place, replaced, removed or made."""

from __future__ import annotations

import os
from pathlib import Path

POLL_S = 0.4

_Signature = tuple[int, int, int] | None


class Watch:
    """Looks at a file when asked. A change counts once the file looks the same twice: editors write in pieces."""

    __slots__ = ("_known", "_path", "_seen")

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = self._seen = _signature(path)

    def has_changed(self) -> bool:
        """Whether it has come to rest in another state than the one it was last known in."""
        found = _signature(self._path)
        is_at_rest, self._seen = found == self._seen, found
        if not is_at_rest or found == self._known:
            return False
        self._known = found
        return found is not None


def _signature(path: Path) -> _Signature:
    try:
        status = os.stat(path)  # noqa: PTH116  # a link is followed: mounted configurations are swapped by links
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size
