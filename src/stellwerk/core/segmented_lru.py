"""Who makes room: each tenant's least recently used, those that were used once before those that were used again."""

from __future__ import annotations

from collections import OrderedDict
from heapq import heappop, heappush

import msgspec

PROTECTED_SHARE = 0.8
"""How much of what a tenant holds may be protected."""
SLOT_BYTES = 480
"""What a slot takes beside its blob: itself, its key, and its places in the orders and the index."""

ALIAS_BYTES = 120


class Slot(msgspec.Struct, eq=False, gc=False):
    """A place in memory. ``born`` is its keeper's; ``tick`` and ``is_protected`` are the order's."""

    key: bytes
    tenant: str
    blob: bytes
    stale_ms: int
    born: int = 0
    aliases: tuple[bytes, ...] = ()
    tick: int = 0
    is_protected: bool = False

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return len(self.blob) + SLOT_BYTES + ALIAS_BYTES * len(self.aliases)


class _Order:
    """The slots of one tenant."""

    __slots__ = ("probation", "protected", "protected_size", "size")

    def __init__(self) -> None:
        self.probation: OrderedDict[bytes, Slot] = OrderedDict()
        self.protected: OrderedDict[bytes, Slot] = OrderedDict()
        self.size = 0
        self.protected_size = 0

    @property
    def first(self) -> Slot:
        """Who goes next; there is one."""
        return next(iter((self.probation or self.protected).values()))


class SegmentedLru:
    """Slots in the order in which they go, within a number of bytes for all tenants and one for each.

    What is added is on probation; what is touched there is protected, and what has to leave the protected segment is
    on probation again. A tenant that holds too much makes room for itself; when all of them do, whoever has on
    probation what was used longest ago.
    """

    __slots__ = ("_heap", "_orders", "_ticks", "most_bytes", "size", "tenant_bytes")

    def __init__(self, most_bytes: int, tenant_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.tenant_bytes = tenant_bytes
        self.size = 0
        self._orders: dict[str, _Order] = {}
        self._heap: list[tuple[int, str]] = []
        """Tenants by when what goes first was used, or earlier: corrected where it is looked at."""
        self._ticks = 0

    def add(self, slot: Slot) -> list[Slot]:
        """Takes a slot that is not there; which others had to go for it. It must not be larger than either bound."""
        order = self._orders.get(slot.tenant)
        if order is None:
            order = self._orders[slot.tenant] = _Order()
            self._line_up(slot.tenant)
        slot.is_protected = False
        slot.tick = self._ticks = self._ticks + 1
        order.probation[slot.key] = slot
        order.size += slot.size
        self.size += slot.size
        return self._make_room(order, slot)

    def touch(self, slot: Slot) -> None:
        """It was used."""
        slot.tick = self._ticks = self._ticks + 1
        order = self._orders[slot.tenant]
        if slot.is_protected:
            order.protected.move_to_end(slot.key)
            return
        del order.probation[slot.key]
        order.protected[slot.key] = slot
        slot.is_protected = True
        order.protected_size += slot.size
        while order.protected_size > order.size * PROTECTED_SHARE:
            _, former = order.protected.popitem(last=False)
            former.is_protected = False
            former.tick = self._ticks = self._ticks + 1
            order.protected_size -= former.size
            order.probation[former.key] = former

    def remove(self, slot: Slot) -> None:
        """It is gone."""
        order = self._orders[slot.tenant]
        if slot.is_protected:
            del order.protected[slot.key]
            order.protected_size -= slot.size
        else:
            del order.probation[slot.key]
        order.size -= slot.size
        self.size -= slot.size
        if not order.size:
            del self._orders[slot.tenant]

    def replace(self, slot: Slot, blob: bytes) -> None:
        """The slot holds other bytes from now on, not more than before."""
        saved = len(slot.blob) - len(blob)
        slot.blob = blob
        order = self._orders[slot.tenant]
        order.size -= saved
        order.protected_size -= saved if slot.is_protected else 0
        self.size -= saved

    def _make_room(self, order: _Order, added: Slot) -> list[Slot]:
        gone = []
        while order.size > self.tenant_bytes:
            gone.append(self._drop(order, added))
        while self.size > self.most_bytes:
            gone.append(self._drop(self._longest_unused(), added))
        return gone

    def _drop(self, order: _Order, added: Slot) -> Slot:
        first = order.first
        if first is added:  # it is within the bounds by itself, and the others are protected: one of those goes
            first = next(iter(order.protected.values()))
        self.remove(first)
        return first

    def _longest_unused(self) -> _Order:
        while True:
            tick, tenant = heappop(self._heap)
            order = self._orders.get(tenant)
            if order is None:
                continue
            heappush(self._heap, (order.first.tick, tenant))
            if order.first.tick <= tick:
                return order

    def _line_up(self, tenant: str) -> None:
        if len(self._heap) > 2 * len(self._orders) + 64:  # most of it are tenants that have come and gone
            self._heap = sorted((0, one) for one in self._orders)
        else:
            heappush(self._heap, (self._ticks, tenant))
