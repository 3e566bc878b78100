"""The entries of all scopes, in memory that is bounded over all of them."""

from __future__ import annotations

from collections import OrderedDict

from stellwerk.compute.index.rows import Whole
from stellwerk.compute.index.scope import Scope
from stellwerk.core.recollection import Candidate

MOST_BYTES = 75_497_472
"""Room for a hundred thousand entries of 384 dimensions and texts of a hundred letters."""


class Store:
    """Scopes by name. When there are too many bytes, the one that was used longest ago loses its oldest entries.

    A scope whose vectors come from another embedder than before begins anew.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._scopes: OrderedDict[bytes, Scope] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return sum(map(len, self._scopes.values()))

    @property
    def size(self) -> int:
        """About how many bytes all of it takes."""
        return self._size

    def recall(self, name: bytes, maker: bytes, vector: Whole, most: int, now_ms: int) -> tuple[Candidate, ...]:
        """The entries of a scope that are closest to a vector."""
        held = self._scopes.get(name)
        if held is None or not held.takes(maker, vector):
            return ()
        self._scopes.move_to_end(name)
        before = held.size
        found = held.search(vector, most, now_ms)
        self._settle(name, held, before)
        return found

    def remember(self, name: bytes, maker: bytes, vector: Whole, key: bytes, text: str, expires_ms: int) -> None:
        """Adds an entry to a scope, or puts it in the place of that with the same key."""
        held = self._scopes.get(name)
        if held is not None and not held.takes(maker, vector):
            self.forget_scope(name)
            held = None
        before = held.size if held is not None else 0
        if held is None:
            held = self._scopes[name] = Scope(maker, len(vector))
        self._scopes.move_to_end(name)
        held.add(key, vector, text, expires_ms)
        self._settle(name, held, before)
        while self._size > self._most_bytes:
            self._make_room()

    def forget(self, name: bytes, key: bytes) -> bool:
        """Removes an entry of a scope; whether it was there."""
        held = self._scopes.get(name)
        if held is None or key not in held:
            return False
        before = held.size
        held.remove(key)
        self._settle(name, held, before)
        return True

    def forget_everywhere(self, key: bytes) -> int:
        """Removes an entry from all scopes; gives in how many it was."""
        return sum(self.forget(name, key) for name in [name for name, held in self._scopes.items() if key in held])

    def forget_scope(self, name: bytes) -> int:
        """Removes a scope; gives how many entries it had."""
        held = self._scopes.pop(name, None)
        if held is None:
            return 0
        self._size -= held.size
        return len(held)

    def forget_all(self) -> int:
        """Removes everything; gives how many entries there were."""
        return sum(map(self.forget_scope, list(self._scopes)))

    def _make_room(self) -> None:
        name, held = next(iter(self._scopes.items()))
        before = held.size
        held.remove_oldest(max(1, len(held) // 256))
        self._settle(name, held, before)

    def _settle(self, name: bytes, held: Scope, before: int) -> None:
        """Counts what has become of a scope; an empty one goes."""
        self._size += held.size - before
        if not held:
            self.forget_scope(name)
