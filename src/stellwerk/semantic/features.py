"""What the verifier looks at in a pair of turns, beyond the rules that forbid."""

from __future__ import annotations

import math
from collections.abc import Sequence

from stellwerk.semantic.alignment import Alignment
from stellwerk.semantic.mismatch.mismatch import LIKE, Mismatch
from stellwerk.semantic.reading import Word

SOFT = ("number", "date", "negation", "direction", "question", "person", "scope", "name")
"""Mismatches that, where they do not forbid, weigh."""

NAMES = (
    "cosine", "cosine_high", "share", "left_over", "nouns_left", "nouns_replaced", "verbs_replaced", "added_noun",
    "added_other", "siblings", "alike", "nothing_left", "words_shared", "length_ratio", "length", "replaced_alike",
    *SOFT,
)  # fmt: skip


def features(cosine: float, pair: Alignment, found: Sequence[Mismatch]) -> list[float]:
    """One number for each of ``NAMES``, most between 0 and 1."""
    lexicon = pair.one.grammar.lexicon
    one, two = pair.only_one, pair.only_two
    nouns_one, nouns_two = _nouns(one, pair), _nouns(two, pair)
    share = pair.share
    is_like = share >= LIKE
    siblings = lexicon is not None and any(lexicon.are_siblings(a.base, b.base) for a in one[:4] for b in two[:4])
    first, second = set(pair.one.all_words), set(pair.two.all_words)
    words = len(first | second) or 1
    longer = max(len(pair.one.all_words), len(pair.two.all_words)) or 1
    shorter = min(len(pair.one.all_words), len(pair.two.all_words))
    soft = {mismatch.kind for mismatch in found if not mismatch.is_hard}
    replaced = bool(one and two)
    return [
        cosine,
        max(0.0, cosine - 0.85) * 5,
        share,
        min(len(one) + len(two), 6) / 6,
        min(nouns_one + nouns_two, 4) / 4,
        float(bool(nouns_one and nouns_two)),
        float(replaced and not (nouns_one and nouns_two)),
        float(not replaced and bool(nouns_one or nouns_two)),
        float(not replaced and bool(one or two) and not (nouns_one or nouns_two)),
        float(siblings),
        min(pair.alike, 3) / 3,
        float(not one and not two),
        len(first & second) / words,
        shorter / longer,
        min(math.log1p(longer), 4.0) / 4,
        float(replaced and is_like),
        *(float(kind in soft) for kind in SOFT),
    ]


def _nouns(words: Sequence[Word], pair: Alignment) -> int:
    lexicon = pair.one.grammar.lexicon
    if lexicon is None:
        return len(words)
    return sum(lexicon.is_noun(word.base) and not lexicon.is_verb(word.base) for word in words)
