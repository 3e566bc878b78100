"""Who calls: a principal, and what it may use."""

from __future__ import annotations

import msgspec


class Principal(msgspec.Struct, frozen=True, gc=False):
    """The owner of a key, as found by the key's digest."""

    key_name: str
    team: str
    models: frozenset[str] | None
    """Names this key may ask for; ``None`` means every configured model."""
    scopes: tuple[str, ...] = ()
    """Ids of the scopes with limits or budgets that its requests fall under."""

    def may_use(self, model: str) -> bool:
        """Whether this key may ask for the model of that name."""
        return self.models is None or model in self.models
