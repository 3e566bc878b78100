"""What is known of models: names, windows, capabilities and prices, found by provider and name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from stellwerk.core.model_name import spellings, without_region
from stellwerk.core.price import Price

CAPABILITIES = (
    "vision",
    "audio_in",
    "audio_out",
    "image_out",
    "files",
    "tools",
    "parallel_tools",
    "json_schema",
    "reasoning",
    "streaming",
    "long_context",
)
"""What a model may be able to do, as cards and ``requires`` name it. Other words are unknown, not wrong."""

LONG_CONTEXT = 200_000
"""Tokens from which on a context window counts as long."""

SECTIONS = {"vertex": "gemini"}
"""Kinds of provider that share another one's section."""

OTHERS = {
    "azure": ("openai", "anthropic", "deepseek", "xai", "moonshotai"),
    "gemini": ("anthropic",),
}
"""Sections whose models a provider also serves, at the maker's standard price unless it has a card of its own."""


SHIPPED, OWN = "shipped", "own"
"""First words of a price's version: whose it is."""


class ModelCard(msgspec.Struct, frozen=True, omit_defaults=True):
    """One model of one provider. Windows are tokens, 0 where unknown.

    ``provider`` is the section of the catalogue: a kind of provider, or the name of a compatible host. ``has`` and
    ``lacks`` name capabilities that are stated; of the others nothing is known. ``price_version`` says whose the price
    is and of which day: ``shipped 2026-11-25``, or ``own 2026-11-25`` for one that the user has set; on a compiled card
    the price's fingerprint follows.
    """

    provider: str
    id: str
    aliases: tuple[str, ...] = ()
    context_window: int = 0
    max_output: int = 0
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    price: Price | None = None
    is_deprecated: bool = False
    source: str = ""
    price_version: str = ""

    @property
    def has_own_price(self) -> bool:
        """Whether the user has set the price."""
        return self.price_version.startswith(OWN)

    def missing(self, capabilities: Iterable[str]) -> tuple[str, ...]:
        """Those of the capabilities that this model is known to lack; what nobody knows, it is trusted to have."""
        return tuple(wanted for wanted in capabilities if self._is_lacking(wanted))

    def _is_lacking(self, capability: str) -> bool:
        if capability == "long_context":
            return 0 < self.context_window < LONG_CONTEXT
        return capability in self.lacks or (capability == "parallel_tools" and "tools" in self.lacks)


class Catalog:
    """Cards by provider and name. Of two cards with one name in a section, the later one counts."""

    __slots__ = ("_sections",)

    def __init__(self, cards: Iterable[ModelCard]) -> None:
        self._sections: dict[str, dict[str, ModelCard]] = {}
        named: list[ModelCard] = []
        for card in cards:
            section = self._sections.setdefault(card.provider, {})
            for alias in card.aliases:
                section[alias.lower()] = card
            named.append(card)
        # A name of its own beats another card's alias.
        for card in named:
            self._sections[card.provider][card.id.lower()] = card

    def __iter__(self) -> Iterator[ModelCard]:
        """Every card once, by provider and id."""
        for provider in sorted(self._sections):
            section = self._sections[provider]
            yield from (section[name] for name in sorted(section) if section[name].id.lower() == name)

    def find(self, provider: str, model: str) -> ModelCard | None:
        """The card of a provider's model, by its exact name, an alias, or a dated, regional or versioned form of one.

        ``None`` means that nothing is known: such a model is unpriced, and trusted to be able to do everything. A model
        in a region that no price is known for has its card without a price.
        """
        own = SECTIONS.get(provider, provider)
        if found := self._in(own, model):
            return found
        for other in OTHERS.get(own, ()):
            if found := self._in(other, model):
                return _elsewhere(found)
        bare = without_region(model) if own == "bedrock" else None
        if bare and (found := self._in(own, bare)):
            return msgspec.structs.replace(found, price=None)
        return None

    def _in(self, provider: str, model: str) -> ModelCard | None:
        section = self._sections.get(provider)
        if section is None:
            return None
        for name in spellings(provider, model):
            if found := section.get(name):
                return found
        return None


def _elsewhere(card: ModelCard) -> ModelCard:
    """A maker's card as another provider may use it: only the maker itself sells its own service tiers."""
    if card.price is None:
        return card
    rows = tuple(row for row in card.price.rows if not row.service)
    return msgspec.structs.replace(card, price=Price(rows))
