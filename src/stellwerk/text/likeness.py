"""How like a sentence is to examples, by the words that they share: a hint where terms alone cannot tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import sqrt

from stellwerk.text.words import WORD, fold, inflections, spellings, stem

MOST_WORDS = 40
"""Of a sentence, the first ones that are looked at."""

_LITTLE_WORDS = frozenset(
    fold(
        "a an the this that these those it its is are was were be been am do does did have has had i you he she we "
        "they me my your our their his her us them of to in on at for from by with as and or if then so not no can "
        "will would there here please just about what how der die das den dem des ein eine einen einem einer eines "
        "ist sind war waren sein bin hat habe haben hatte ich du er sie es wir ihr mich mir dich dir uns euch mein "
        "meine dein unser und oder aber wenn dann so nicht kein keine kann wird werden zu zum zur im in am an auf "
        "aus bei mit nach von vom für um über unter bitte mal doch auch noch nur was wie "
    ).split()
)
LITTLE = frozenset(map(stem, _LITTLE_WORDS))
"""Words that say little of what a sentence is about."""
_LITTLE_WEIGHT = 0.15


class Examples:
    """Sentences under the names of what they stand for; those without a name are no examples of anything."""

    __slots__ = ("_lengths", "_names", "_places", "_stems")

    def __init__(self, examples: Mapping[str, Iterable[str]]) -> None:
        self._names: list[str] = []
        self._lengths: list[float] = []
        self._places: dict[str, list[int]] = {}
        self._stems: dict[str, str] = {}
        for name, listed in examples.items():
            for example in sorted({spelling for sentence in listed for spelling in spellings(sentence)}):
                self._add(name, WORD.findall(example)[:MOST_WORDS])

    def closest(self, sentence: str) -> tuple[str, float] | None:
        """The name of the closest example and how close it is; nothing where no word that says something is shared."""
        words = {*WORD.findall(fold(sentence))[:MOST_WORDS]}
        known = {self._stems[word] for word in words & self._stems.keys()}
        if known <= LITTLE:
            return None
        unknown = words - self._stems.keys()
        little = len(unknown & _LITTLE_WORDS)
        length = _length(known) + len(unknown) - little + little * _LITTLE_WEIGHT
        return self._closest(known, length)

    def _add(self, name: str, words: list[str]) -> None:
        for word in words:
            self._stems.update(dict.fromkeys(inflections(word), stem(word)))
        roots = {*map(stem, words)}
        for root in roots:
            self._places.setdefault(root, []).append(len(self._names))
        self._names.append(name)
        self._lengths.append(_length(roots))

    def _closest(self, known: set[str], length: float) -> tuple[str, float]:
        shared: dict[int, float] = {}
        for root in known - LITTLE:
            for place in self._places[root]:
                shared[place] = shared.get(place, 0.0) + 1.0
        for root in known & LITTLE:
            for place in self._places[root]:
                if place in shared:
                    shared[place] += _LITTLE_WEIGHT
        likeness = {place: weight / sqrt(length * self._lengths[place]) for place, weight in shared.items()}
        best = max(likeness, key=lambda place: (likeness[place], -place))
        return self._names[best], likeness[best]


def _length(roots: set[str]) -> float:
    little = len(roots & LITTLE)
    return len(roots) - little + little * _LITTLE_WEIGHT
