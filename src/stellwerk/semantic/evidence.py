"""What speaks for and against giving a turn the answer of its neighbours: rules, words, and what the others say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from stellwerk.semantic.alignment import Alignment, align
from stellwerk.semantic.features import NAMES as PAIR_NAMES
from stellwerk.semantic.features import features
from stellwerk.semantic.mismatch.mismatch import Mismatch
from stellwerk.semantic.mismatch.rules import mismatches
from stellwerk.semantic.reading import Reading, read

FLOOR = 0.55
"""Cosine below which a neighbour says nothing."""
MOST = 8
"""Neighbours that are looked at."""
WIDTH = 0.08
"""Difference of cosines at which a neighbour counts a third."""
APART = 0.4
"""Cosine and margin that stand for the neighbour which is not there."""

NAMES = (*PAIR_NAMES, "margin", "support", "same", "second", "blocked", "blocked_share", "crowd")
_NOTHING_LEFT = PAIR_NAMES.index("nothing_left")

remembered = lru_cache(maxsize=4_096)(read)
"""Turns that were read: the texts of entries come again and again."""


class Candidate(msgspec.Struct, frozen=True):
    """A neighbour from the index. Entries with the same ``answer`` say the same, whatever they are called."""

    entry: str
    text: str
    answer: str
    cosine: float


class Judged(msgspec.Struct, frozen=True):
    """A neighbour, and in what it differs."""

    candidate: Candidate
    mismatches: tuple[Mismatch, ...]
    share: float
    values: tuple[float, ...]
    """Features of the pair; none where a rule forbids to serve."""

    @property
    def is_blocked(self) -> bool:
        """Whether a rule forbids to serve."""
        return any(mismatch.is_hard for mismatch in self.mismatches)


def judge(turn: Reading, candidate: Candidate) -> Judged:
    """Holds one neighbour against the turn."""
    pair: Alignment = align(turn, remembered(candidate.text))
    found = mismatches(pair)
    is_blocked = any(mismatch.is_hard for mismatch in found)
    values = () if is_blocked else tuple(features(candidate.cosine, pair, found))
    return Judged(candidate, found, pair.share, values)


def weigh(judged: Sequence[Judged]) -> tuple[Judged, tuple[float, ...]] | None:
    """The neighbour to take the answer from, with the features of ``NAMES``; nothing where rules forbid them all."""
    open_to = [each for each in judged if not each.is_blocked]
    if not open_to:
        return None
    best = max(open_to, key=lambda each: each.candidate.cosine + 0.05 * each.values[_NOTHING_LEFT])
    answer, cosine = best.candidate.answer, best.candidate.cosine
    same = [each for each in open_to if each.candidate.answer == answer]
    blocked = [each for each in judged if each.is_blocked and each.candidate.answer == answer]
    others = [each.candidate.cosine for each in judged if each.candidate.answer != answer]
    support = sum(_nearness(each) for each in same) / sum(map(_nearness, judged))
    nearest = sorted((each.candidate.cosine for each in same), reverse=True)
    return best, (
        *best.values,
        min(APART, cosine - max(others, default=APART)),
        support,
        len(same) / MOST,
        nearest[1] if len(nearest) > 1 else APART,
        max((each.candidate.cosine - cosine for each in blocked), default=-0.5),
        max((each.share for each in blocked), default=0.0),
        len(judged) / MOST,
    )


def _nearness(each: Judged) -> float:
    return math.exp((each.candidate.cosine - 1.0) / WIDTH)
