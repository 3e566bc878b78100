"""What became of texts, kept so that later turns of a conversation need not find it out again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from stellwerk.core.optimization import Outcome

MOST_BYTES = 33_554_432
_ENTRY_BYTES = 400


class Memo:
    """Outcomes by all that decides them, those that were not used for longest forgotten first. For several threads."""

    __slots__ = ("_bytes", "_known", "_lock", "_most_bytes")

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._known: OrderedDict[tuple[object, ...], Outcome] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        return self._bytes

    def find(self, key: tuple[object, ...], make: Callable[[], Outcome]) -> Outcome:
        """What is remembered under a key, which ``make`` gives where nothing is."""
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self._known.move_to_end(key)
                return known
        outcome = make()
        with self._lock:
            if key not in self._known:
                self._known[key] = outcome
                self._bytes += _size(key, outcome)
            while self._bytes > self._most_bytes:
                self._bytes -= _size(*self._known.popitem(last=False))
        return outcome


def _size(key: tuple[object, ...], outcome: Outcome) -> int:
    texts = [part for part in (*key, outcome.text) if isinstance(part, str)]
    return _ENTRY_BYTES + 2 * sum(map(len, texts))
