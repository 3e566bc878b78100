"""Entries in memory: by key and alias, until their time is over, they are purged, or others need the room."""

from __future__ import annotations

from collections.abc import Iterator

from stellwerk.core.cached import CacheFigures, Entry, Purge
from stellwerk.core.segmented_lru import SegmentedLru, Slot
from stellwerk.core.stored_entry import restored

SWEPT_AT_ONCE = 8
"""How many slots are looked at beside whatever is done."""
PURGES_AT_ONCE = 16
"""Of so many that are not through yet, the sweep is made at once: each look-up has to ask all of them."""


class EntryTable:
    """Entries of one process. They lie here as bytes: as objects they would take half as much again.

    A purge takes the same time however much is held: from then on what it concerns is not found, and it is swept away
    a little at a time.
    """

    __slots__ = ("_index", "_lru", "_purged", "_purges", "_sweep", "entry_count", "evicted", "expired", "most_bytes")

    def __init__(self, *, max_bytes: int, tenant_share: float, max_entry_bytes: int) -> None:
        tenant_bytes = int(max_bytes * tenant_share)
        self._lru = SegmentedLru(max_bytes, tenant_bytes)
        self._index: dict[bytes, Slot] = {}
        self._purges: list[tuple[int, Purge]] = []
        self._purged = 0
        self._sweep: list[bytes] = []
        self.most_bytes = min(max_entry_bytes, tenant_bytes)
        """What takes more is not kept."""
        self.entry_count = 0
        self.evicted = 0
        self.expired = 0

    def get(self, key: bytes, now_ms: int) -> Entry | None:
        """The entry with that key or alias, which is used by that."""
        slot = self._index.get(key)
        if slot is None:
            return None
        if slot.stale_ms <= now_ms:
            self._expire(slot)
            return None
        entry = restored(slot.blob)
        if entry is None or self._is_purged(slot, entry):
            self._remove(slot)
            return None
        self._lru.touch(slot)
        return entry

    def put(self, entry: Entry, blob: bytes, now_ms: int) -> bool:
        """Keeps an entry, of which ``blob`` are the bytes, in the place of one with its key; whether it was kept."""
        self._clean(now_ms, SWEPT_AT_ONCE)
        former = self._index.get(entry.key)
        if former is not None and former.key == entry.key:
            self._remove(former)
        slot = Slot(entry.key, entry.tenant, blob, entry.stale_ms, self._purged, entry.aliases)
        if entry.stale_ms <= now_ms or slot.size > self.most_bytes:
            return False
        for gone in self._lru.add(slot):
            self._unlist(gone)
            self.evicted += 1
        self._index[entry.key] = slot
        self.entry_count += 1
        for alias in entry.aliases:
            other = self._index.get(alias)
            if other is None or other.key != alias:
                self._index[alias] = slot
        return True

    def replace(self, key: bytes, former: bytes, blob: bytes) -> None:
        """Holds the same entry as other bytes, if it is still the same."""
        slot = self._index.get(key)
        if slot is not None and slot.blob is former:
            self._lru.replace(slot, blob)

    def purge(self, purge: Purge) -> None:
        """From now on nothing is found that was put before and is to go."""
        if purge == Purge():
            self.clear()
        elif purge.key is not None:
            slot = self._index.get(purge.key)
            if slot is not None and ((entry := restored(slot.blob)) is None or purge.takes(entry)):
                self._remove(slot)
        else:
            self._purged += 1
            self._purges.append((self._purged, purge))
            self._sweep = list(self._index)
            if len(self._purges) > PURGES_AT_ONCE:
                self._clean(0, len(self._sweep))

    def clear(self) -> None:
        """Lets go of everything."""
        self._lru = SegmentedLru(self._lru.most_bytes, self._lru.tenant_bytes)
        self._index = {}
        self._purges.clear()
        self._sweep.clear()
        self.entry_count = 0

    def entries(self, now_ms: int) -> Iterator[Entry]:
        """What may be found by its meaning; whoever looks may stop in between, and others change what is held."""
        for key in list(self._index):
            slot = self._index.get(key)
            if slot is None or slot.key != key or slot.stale_ms <= now_ms:
                continue
            entry = restored(slot.blob)
            if entry is not None and entry.question and not self._is_purged(slot, entry):
                yield entry

    def figures(self, now_ms: int) -> CacheFigures:
        """What is held; what was purged is still counted where it was too much to be swept away by now."""
        self._clean(now_ms, 1_000)
        return CacheFigures(self.entry_count, self._lru.size, self.evicted, self.expired)

    def _is_purged(self, slot: Slot, entry: Entry) -> bool:
        return any(number > slot.born and purge.takes(entry) for number, purge in self._purges)

    def _clean(self, now_ms: int, most: int) -> None:
        """Looks at some slots, whether they are still wanted."""
        if not self._sweep:
            self._sweep = list(self._index)
        for _ in range(min(most, len(self._sweep))):
            key = self._sweep.pop()
            slot = self._index.get(key)
            if slot is None or slot.key != key:
                continue
            if slot.stale_ms <= now_ms:
                self._expire(slot)
            elif self._purges and ((entry := restored(slot.blob)) is None or self._is_purged(slot, entry)):
                self._remove(slot)
        if not self._sweep:
            self._purges.clear()

    def _expire(self, slot: Slot) -> None:
        self.expired += 1
        self._remove(slot)

    def _remove(self, slot: Slot) -> None:
        self._lru.remove(slot)
        self._unlist(slot)

    def _unlist(self, slot: Slot) -> None:
        self.entry_count -= 1
        del self._index[slot.key]
        for alias in slot.aliases:
            if self._index.get(alias) is slot:
                del self._index[alias]
