"""What one worker fetched lately, bounded in bytes and in time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from stellwerk.core.media import Link
from stellwerk.core.part import InlineSource


class MediaCache:
    """Media by what asked for them, the one used longest ago making room. Size counts the characters of base64 text.

    It is shared by all callers: media are fetched without anything of a caller's, so everybody would get the same.
    """

    __slots__ = ("_clock", "_known", "most_bytes", "size", "ttl_s")

    def __init__(self, clock: Callable[[], float], *, most_bytes: int, ttl_s: float) -> None:
        self._clock = clock
        self._known: OrderedDict[Link, tuple[float, InlineSource]] = OrderedDict()
        self.most_bytes = most_bytes
        self.ttl_s = ttl_s
        self.size = 0

    def get(self, link: Link) -> InlineSource | None:
        """What is behind a link, if it was fetched lately."""
        known = self._known.get(link)
        if known is None:
            return None
        fetched, source = known
        if self._clock() - fetched >= self.ttl_s:
            self._drop(link)
            return None
        self._known.move_to_end(link)
        return source

    def put(self, link: Link, source: InlineSource) -> None:
        """Remembers what is behind a link; what would take all the room is not remembered."""
        if len(source.data) > self.most_bytes:
            return
        if link in self._known:
            self._drop(link)
        self._known[link] = (self._clock(), source)
        self.size += len(source.data)
        while self.size > self.most_bytes:
            self._drop(next(iter(self._known)))

    def clear(self) -> None:
        """Forgets everything."""
        self._known.clear()
        self.size = 0

    def _drop(self, link: Link) -> None:
        _, source = self._known.pop(link)
        self.size -= len(source.data)
