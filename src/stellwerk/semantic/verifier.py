"""How likely one answer serves both turns: small boosted trees over what rules, words and neighbours say.

The trees are made by ``scripts/train_verifier.py`` and lie in the package as plain numbers; a score takes 30 µs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import msgspec

DEPTH = 3
HIGHEST = 6.0
"""Scores are cut off here: more certainty than 1 in 400 was never seen in training."""


class Tree(msgspec.Struct, frozen=True, array_like=True):
    """A whole tree of three levels: seven questions, eight answers. A value above the threshold goes right."""

    features: tuple[int, ...]
    thresholds: tuple[float, ...]
    leaves: tuple[float, ...]


class Verifier(msgspec.Struct, frozen=True):
    """The trees, and the names of the features that they ask about in the order of their numbers."""

    names: tuple[str, ...]
    start: float
    trees: tuple[Tree, ...]

    def score(self, values: Sequence[float]) -> float:
        """Log-odds, between -6 and 6, that one answer serves both."""
        total = self.start
        for tree in self.trees:
            asked, thresholds = tree.features, tree.thresholds
            place = 0
            for _ in range(DEPTH):
                place = 2 * place + 1 + (values[asked[place]] > thresholds[place])
            total += tree.leaves[place - len(asked)]
        return min(max(total, -HIGHEST), HIGHEST)


def chance(score: float) -> float:
    """The probability of log-odds."""
    return 1.0 / (1.0 + math.exp(-score)) if score > -30.0 else 0.0


@cache
def packaged() -> Verifier:
    """The verifier that the package brings. Raises ``ValueError`` when it asks for other features than there are."""
    from stellwerk.semantic.evidence import NAMES

    raw = files("stellwerk.semantic").joinpath("data", "verifier.json").read_bytes()
    verifier = msgspec.json.decode(raw, type=Verifier)
    if verifier.names != NAMES:
        raise ValueError("the verifier of the package was trained on other features: run scripts/train_verifier.py")
    return verifier
