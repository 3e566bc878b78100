"""What optimizers come to on texts at hand: tokens, time, and what of the texts is still there."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from stellwerk.core.optimization import Outcome
from stellwerk.optimizing.notations import decoded
from stellwerk.text.json_values import spans

LOSSY = frozenset({"tool_schema", "html_text", "rag_pruning", "history"})
"""Steps behind which JSON is not expected to have the same values."""
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_NAME = re.compile(r"\b[A-ZÄÖÜ][a-zA-Zäöüß]{2,}\b")


class Figures(msgspec.Struct):
    """Sums over texts of one kind. Numbers and names are counted once for each text that has them."""

    texts: int = 0
    before: int = 0
    after: int = 0
    steps: Counter[str] = msgspec.field(default_factory=Counter)
    """Tokens by step, as they were estimated."""
    values: int = 0
    """JSON values that were looked at, where no step may have left any out."""
    values_kept: int = 0
    """Those that are the same once tables are written out."""
    numbers: int = 0
    numbers_kept: int = 0
    names: int = 0
    names_kept: int = 0
    answered: int = 0
    """Texts that hold one of the answers that belong to them."""
    answered_after: int = 0
    micros: list[int] = msgspec.field(default_factory=list)

    @property
    def saved(self) -> float:
        """The share of the tokens that was saved."""
        return 1 - self.after / self.before if self.before else 0.0

    def within(self, share: float) -> int:
        """Microseconds within which this share of the texts was written anew."""
        return sorted(self.micros)[int(share * (len(self.micros) - 1))] if self.micros else 0

    def add(
        self, text: str, outcome: Outcome, count: Callable[[str], int], micros: int, answers: Sequence[str] = ()
    ) -> None:
        """Takes in what became of a text; ``answers`` are those of which one should still be in it."""
        self.texts += 1
        self.before += count(text)
        self.after += count(outcome.text)
        self.steps.update(dict(outcome.saved))
        self.micros.append(micros)
        plain = decoded(outcome.text)
        self._add_values(text, plain, outcome)
        numbers, names = set(_NUMBER.findall(text)), set(_NAME.findall(text))
        self.numbers += len(numbers)
        self.numbers_kept += len(numbers.intersection(_NUMBER.findall(plain)))
        self.names += len(names)
        self.names_kept += len(names.intersection(_NAME.findall(plain)))
        if any(answer in text for answer in answers):
            self.answered += 1
            self.answered_after += any(answer in outcome.text for answer in answers)

    def _add_values(self, text: str, plain: str, outcome: Outcome) -> None:
        if LOSSY.intersection(dict(outcome.saved)):
            return
        before, after = _values(text), _values(plain)
        self.values += len(before)
        kept = [one for one, other in zip(before, after, strict=False) if one == other]
        self.values_kept += len(kept) if len(before) == len(after) else 0


def _values(text: str) -> list[Any]:
    """The whole JSON values of a text, in a writing that tells their members' order."""
    found = []
    for start, end in spans(text):
        try:
            found.append(json.dumps(json.loads(text[start:end])))
        except ValueError:  # it breaks off
            continue
    return found
