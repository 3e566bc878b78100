"""Puts a user's catalogue in place over the one that ships, and says what that changes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from stellwerk.catalog.document import parse
from stellwerk.catalog.load import OVERLAY, lay_over, load
from stellwerk.core.catalog import ModelCard
from stellwerk.errors import ConfigurationError


class Changes(msgspec.Struct, frozen=True):
    """What a document changes in the catalogue as it held before, by ``provider/id``."""

    path: str
    date: str
    added: tuple[str, ...]
    repriced: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: int

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        return msgspec.structs.asdict(self)


def adopt(content: bytes, state: Path, origin: str) -> Changes:
    """Makes ``content`` the overlay of a state directory, whole and in one step, whichever way its bytes came here.

    Nothing is written unless all of it can be used. Raises ``ConfigurationError``, with ``origin`` as the place.
    """
    try:
        document = parse(content)
        before = list(load())
        after = lay_over(before, document)
    except ValueError as error:
        raise ConfigurationError((f"{origin}: {error}",)) from error
    path = state / OVERLAY
    changes = _changes(before, after, path, str(document.date))
    try:
        _write(path, content)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise ConfigurationError((f"{path}: the models cannot be written: {reason}",)) from error
    return changes


def _changes(before: list[ModelCard], after: list[ModelCard], path: Path, date: str) -> Changes:
    known = {(card.provider, card.id): card for card in before}
    added, repriced, changed = [], [], []
    for card in after:
        name = f"{card.provider}/{card.id}"
        old = known.get((card.provider, card.id))
        if old is None:
            added.append(name)
        elif old.price != card.price:
            repriced.append(name)
        elif msgspec.structs.replace(old, source="") != msgspec.structs.replace(card, source=""):
            changed.append(name)
    unchanged = len(after) - len(added) - len(repriced) - len(changed)
    return Changes(str(path), date, tuple(added), tuple(repriced), tuple(changed), unchanged)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
