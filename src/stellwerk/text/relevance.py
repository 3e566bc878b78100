"""The question that a text asks, and how much others have to do with it: BM25 over stems, German and English."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from math import log

from stellwerk.text.likeness import LITTLE
from stellwerk.text.words import WORD, fold, stem

MOST_WORDS = 20_000
"""Of a text, the first ones that are looked at."""
_K, _B = 1.2, 0.4
_PAIR_WEIGHT = 0.5
_TELLING = 0.3
_ASKING_WORDS = """
who whom whose which when where why many much name give tell say said wer wen wem wessen welche welcher welches wann wo
warum wieso wieviel viele nenne sag gib
"""
_ASKING = frozenset(map(stem, _ASKING_WORDS.split()))
_EVERY = re.compile(
    r"\b(?:summar\w+|overview|compare|comparison|differences?|contradict\w*|each|every|all of|all the|translate|"
    r"zusammenfass\w*|fasse\b|überblick|vergleich\w*|unterschied\w*|jede[nrs]?|alle[nr]?|sämtliche\w*)\b",
    re.IGNORECASE,
)
"""Questions that need all documents."""
_NAMED = re.compile(r'"[^"\n]{2,80}"|“[^”\n]{2,80}”|„[^“\n]{2,80}“|«[^»\n]{2,80}»|\d[\d.,:/-]*\d')
"""Numbers and quotes: what holds one of those in a question is never left out."""
_QUESTION = re.compile(
    r"^(?:#{1,6} |\*\*)?(?:(?:user |my |the |current )?(?:question|query|request)|frage|anfrage|q)\b"
    r"[^\n:]{0,20}:(?:\*\*)?[ \t]*\n?(.+)",
    re.IGNORECASE | re.MULTILINE,
)
_BLANK_LINE = re.compile(r"\n[ \t]*+\n")


def outside(text: str, parts: tuple[tuple[int, int], ...]) -> str:
    """The text without these parts."""
    at, kept = 0, []
    for start, end in parts:
        kept.append(text[at:start])
        at = end
    kept.append(text[at:])
    return "".join(kept)


def asked(text: str, parts: tuple[tuple[int, int], ...]) -> str:
    """The question that a text with documents asks: where it says so, else its last words outside of them."""
    around = outside(text, parts)
    asking: str | None = None
    for found in _QUESTION.finditer(around):
        asking = found[1]
    if asking is not None:
        return asking
    paragraphs = [part for part in _BLANK_LINE.split(around) if part.strip()]
    return paragraphs[-1] if paragraphs else ""


class Relevance:
    """A question asked of several texts."""

    __slots__ = ("is_telling", "named", "scores")

    def __init__(self, texts: Sequence[str], question: str) -> None:
        asked = _stems(question)
        wanted = {word for word in asked if word not in LITTLE and word not in _ASKING}
        pairs = {pair for pair in pairwise(asked) if pair[0] in wanted or pair[1] in wanted}
        words = [_stems(text) for text in texts]
        bags = [Counter(word for word in each if word in wanted) for each in words]
        paired = [pairs.intersection(pairwise(each)) for each in words]
        mean = sum(map(len, words)) / (len(words) or 1) or 1.0
        spread = {word: sum(word in bag for bag in bags) for word in wanted}
        weights = {word: _rarity(len(texts), count) for word, count in spread.items()}
        pair_weights = {pair: _rarity(len(texts), sum(pair in each for each in paired)) for pair in pairs}
        self.scores = [
            sum(weights[word] * _saturated(count, len(each) / mean) for word, count in bag.items())
            + _PAIR_WEIGHT * sum(pair_weights[pair] for pair in held)
            for bag, held, each in zip(bags, paired, words, strict=True)
        ]
        """A number for each text, 0 where no word is shared; what is rare among the texts counts for more."""
        telling = {word for word, count in spread.items() if count < len(texts)}
        best = max((len(telling & bag.keys()) for bag in bags), default=0)
        self.is_telling = best >= max(1, _TELLING * len(telling)) and _EVERY.search(question) is None
        """Whether a text has enough of the question's words that the order says something."""
        self.named = tuple(dict.fromkeys(found.strip('"“”„«»') for found in _NAMED.findall(question)))
        """The numbers and quoted words of the question."""


def _saturated(count: int, length: float) -> float:
    return count * (_K + 1) / (count + _K * (1 - _B + _B * length))


def _rarity(texts: int, holding: int) -> float:
    return log(1 + (texts - holding + 0.5) / (holding + 0.5))


def _stems(text: str) -> list[str]:
    return [_stem(word) for word in WORD.findall(fold(text))[:MOST_WORDS]]


_stem = lru_cache(16_384)(stem)
