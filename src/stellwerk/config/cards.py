"""Finds the catalogue's cards of configured targets, so that workers never load the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from stellwerk.catalog.book import version_of
from stellwerk.config.pricing import PriceRow, price_from
from stellwerk.core.catalog import OWN, Catalog, ModelCard
from stellwerk.core.snapshot import ProviderSpec

COMPATIBLE = "compatible"
DEPLOYMENTS = "deployments"
"""Option of a provider under whose own names models are deployed: a table from such a name to the model's."""


class Cards:
    """Cards by a provider's name and its model, with the prices that hold from a moment on (Unix time in ms)."""

    __slots__ = ("_at_ms", "_catalog", "_providers")

    def __init__(self, catalog: Catalog, providers: Iterable[ProviderSpec], at_ms: int) -> None:
        self._catalog = catalog
        self._providers = {spec.name: spec for spec in providers}
        self._at_ms = at_ms

    def of(self, provider: str, model: str, rows: Sequence[PriceRow] | None = None) -> ModelCard | None:
        """The card of a target: without the names by which it was found, and without prices that are over.

        ``rows`` are the target's own price, where it has one; then it has a card though the catalogue has none.
        """
        spec = self._providers[provider]
        found = self._catalog.find(_section(spec), _deployed(spec, model))
        if rows is not None:
            found = found or ModelCard(_section(spec), model)
            found = msgspec.structs.replace(found, price=price_from(rows), price_version=OWN)
        if found is None:
            return None
        price = found.price.from_then_on(self._at_ms) if found.price is not None else None
        card = msgspec.structs.replace(found, aliases=(), price=price)
        return msgspec.structs.replace(card, price_version=version_of(card))


def _section(spec: ProviderSpec) -> str:
    """The catalogue's section: the kind of provider, or the host that is compatible with another one's dialect."""
    return str(spec.options.get("host", "")) if spec.kind == COMPATIBLE else spec.kind


def _deployed(spec: ProviderSpec, model: str) -> str:
    names = spec.options.get(DEPLOYMENTS)
    return str(names.get(model, model)) if isinstance(names, dict) else model
