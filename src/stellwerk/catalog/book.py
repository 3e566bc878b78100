"""The book of prices: every price that calls were ever computed with, so that each bill can be computed again.

A file of JSON lines in the state directory, only ever added to. An event names its price by a version: whose it is, of
which day, and a fingerprint of its content. The book has the content. A line is some hundred bytes, and is written only
when a configuration brings a price that was not in use before.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from stellwerk.core.catalog import ModelCard
from stellwerk.core.price import Price

BOOK = "prices.jsonl"
"""Name of the file in the state directory."""

_FINGERPRINT = 12


class Entry(msgspec.Struct, frozen=True):
    """A price with the version that names it, and the model it was first used for."""

    version: str
    provider: str
    model: str
    price: Price


def version_of(card: ModelCard) -> str:
    """The version of a compiled card's price: its origin, and a fingerprint of what it says. Empty without a price."""
    if card.price is None:
        return ""
    digest = hashlib.sha256(msgspec.json.encode(card.price)).hexdigest()
    return f"{card.price_version} {digest[:_FINGERPRINT]}".lstrip()


def enter(state: Path, cards: Iterable[ModelCard]) -> int:
    """Writes down the prices of compiled cards that the book does not have; gives their number. Raises ``OSError``."""
    priced = {card.price_version: card for card in cards if card.price is not None}
    missing = priced.keys() - entries(state).keys()
    lines = [
        msgspec.json.encode(Entry(version, card.provider, card.id, card.price))
        for version, card in sorted(priced.items())
        if version in missing and card.price is not None
    ]
    if lines:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        # In one piece, so that two who write at once do not mix, and behind a line end, should the last have none.
        with os.fdopen(os.open(state / BOOK, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab", 0) as book:
            book.write(b"\n" * (book.tell() > 0) + b"\n".join(lines))
            os.fsync(book.fileno())
    return len(lines)


def entries(state: Path) -> dict[str, Entry]:
    """The book by version; a line that cannot be read is left out. Raises ``OSError``."""
    try:
        lines = (state / BOOK).read_bytes().splitlines()
    except FileNotFoundError:
        return {}
    found = {}
    for line in filter(None, lines):
        try:
            entry = msgspec.json.decode(line, type=Entry)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
        found[entry.version] = entry
    return found
