"""Sentences put together from parts: attacks, and harmless ones with the same verbs, so that no verb decides alone."""

from __future__ import annotations

import random
from itertools import product
from pathlib import Path

import msgspec

from scripts.guardrail_rows import MADE_UP, Row

PARTS = Path(__file__).parent.parent / "training/guardrails/phrases.json"
MOST = 80
"""Sentences of one family."""


class Family(msgspec.Struct, frozen=True):
    """Sentences that have a beginning, a middle and an end, each one of several."""

    name: str
    lang: str
    label: int
    parts: tuple[tuple[str, ...], ...]


def phrases(path: Path = PARTS) -> list[Row]:
    """Some sentences of every family, the same ones each time."""
    chance = random.Random(3)  # noqa: S311 - it chooses examples
    made = []
    for family in msgspec.json.decode(path.read_bytes(), type=list[Family]):
        gap = "" if any(first.endswith(" ") for first in family.parts[0]) else " "
        sentences = [f"{first}{gap}{''.join(rest)}" for first, *rest in product(*family.parts)]
        kind = "direct" if family.label else "hard_negative" if "harmless" in family.name else "ordinary"
        group = f"{MADE_UP} {family.name} {family.lang}"
        made += [
            Row(text=text, label=family.label, group=group, kind=kind, lang=family.lang, source=MADE_UP)
            for text in chance.sample(sentences, min(MOST, len(sentences)))
        ]
    return made
