"""What a provider remembers of earlier requests: how often it has seen the same one."""

from __future__ import annotations

from collections import OrderedDict

MOST_ENTRIES = 10_000


class Repeats:
    """How often each content has come; bounded, those that did not come for longest go first."""

    def __init__(self) -> None:
        self._times: OrderedDict[bytes, int] = OrderedDict()

    def count(self, content: bytes) -> int:
        """How often ``content`` has come, this time included."""
        times = self._times.pop(content, 0) + 1
        self._times[content] = times
        if len(self._times) > MOST_ENTRIES:
            self._times.popitem(last=False)
        return times
