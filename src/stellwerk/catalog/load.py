"""Reads the catalogue: what ships, and over it the file ``models.json`` of the state directory, where there is one.

Without that file what ships holds alone; a file that cannot be used is an error, never half a price list.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from stellwerk.catalog.document import Document, card_of, parse
from stellwerk.core.catalog import OWN, SHIPPED, Catalog, ModelCard
from stellwerk.errors import ConfigurationError

VENDORED = Path(__file__).with_name("models.json")
OVERLAY = "models.json"
"""Name of the user's file in the state directory."""


def vendored() -> Document:
    """The document that ships."""
    return parse(VENDORED.read_bytes())


def overlay(path: Path) -> Document | None:
    """The user's document, ``None`` when there is no such file. Raises ``ConfigurationError``."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise ConfigurationError((f"{path}: the models cannot be read: {reason}",)) from error
    except ValueError as error:  # a path that no system can have
        raise ConfigurationError((f"{str(path)!r}: {error}",)) from error
    try:
        return parse(content)
    except ValueError as error:
        raise ConfigurationError((f"{path}: {error}",)) from error


def load(state: Path | None = None) -> Catalog:
    """The catalogue as it holds with a state directory, or as it ships. Raises ``ConfigurationError``."""
    path = state / OVERLAY if state is not None else None
    above = overlay(path) if path is not None else None
    if above is None:
        return _as_it_ships()
    cards = _shipped_cards()
    try:
        return Catalog([*cards, *lay_over(cards, above)])
    except ValueError as error:
        raise ConfigurationError((f"{path}: {error}",)) from error


def lay_over(cards: Sequence[ModelCard], document: Document) -> list[ModelCard]:
    """The document's cards, each over the one of the same provider and id. Raises ``ValueError``."""
    known = {(card.provider, card.id.lower()): card for card in cards}
    version = f"{OWN} {document.date}"
    return [
        card_of(entry, OVERLAY, known.get((entry.provider, entry.id.lower())), version) for entry in document.models
    ]


@cache
def _shipped_cards() -> tuple[ModelCard, ...]:
    """What ships never changes, and takes 20 ms to read."""
    shipped = vendored()
    origin, version = f"shipped, {shipped.date}", f"{SHIPPED} {shipped.date}"
    return tuple(card_of(entry, origin, price_version=version) for entry in shipped.models)


@cache
def _as_it_ships() -> Catalog:
    return Catalog(_shipped_cards())
