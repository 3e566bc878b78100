"""The responses that a provider keeps, and their items; bounded, the oldest go first."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import msgspec

MOST_RESPONSES = 10_000


class Kept(msgspec.Struct, frozen=True):
    """A response, and the conversation up to it."""

    response: dict[str, Any]
    input: list[dict[str, Any]]
    """The items of its own request."""
    context: list[dict[str, Any]]
    """Everything that a next response continues: what came before it, its input and its output."""


class Store:
    """Keeps responses by their ids."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._items: dict[str, dict[str, Any]] = {}

    def find(self, response_id: str) -> Kept | None:
        """A response, if it is still there."""
        return self._kept.get(response_id)

    def item(self, item_id: str) -> dict[str, Any] | None:
        """An item of any response."""
        return self._items.get(item_id)

    def keep(self, kept: Kept) -> None:
        """Keeps a response."""
        self._kept[kept.response["id"]] = kept
        for item in _own_items(kept):
            self._items[item["id"]] = item
        if len(self._kept) > MOST_RESPONSES:
            self.forget(next(iter(self._kept)))

    def forget(self, response_id: str) -> bool:
        """Forgets a response; false if it was not there."""
        kept = self._kept.pop(response_id, None)
        if kept is None:
            return False
        for item in _own_items(kept):
            self._items.pop(item["id"], None)
        return True


def _own_items(kept: Kept) -> list[dict[str, Any]]:
    return [item for item in [*kept.input, *kept.response["output"]] if isinstance(item.get("id"), str)]
