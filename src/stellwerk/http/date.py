"""The Date field, rendered once a second (RFC 9110, section 6.6.1)."""

from __future__ import annotations

import time


class DateLine:
    """The line of this second."""

    __slots__ = ("_line", "_until")

    def __init__(self) -> None:
        self._until = -1.0
        self._line = b""

    def at(self, now: float) -> bytes:
        """The line for now; ``now`` is a monotonic clock that only says when a second has gone by."""
        if now >= self._until:
            self._until = now + 1.0
            self._line = time.strftime("date: %a, %d %b %Y %H:%M:%S GMT\r\n", time.gmtime()).encode()
        return self._line
