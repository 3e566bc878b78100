"""The English lexicon: base forms, what means the same, what means the opposite, and which words are known at all.

It is read from the package on first use (about 0.1 s and 8 MB) and lives where decisions are made, not in a worker.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

_DETACHED = (
    ("ies", "y"), ("ves", "f"), ("ves", "fe"), ("sses", "ss"), ("shes", "sh"), ("ches", "ch"), ("xes", "x"),
    ("ses", "se"), ("es", "e"), ("es", ""), ("s", ""), ("ied", "y"), ("ed", "e"), ("ed", ""), ("ing", "e"), ("ing", ""),
    ("est", ""), ("est", "e"), ("iest", "y"), ("er", ""), ("er", "e"), ("ier", "y"),
)  # fmt: skip
"""Endings of inflection and what stands in their place in the base form."""
_SHORTEST = 3
_LINE = re.compile(r"^[^#\n].*", re.MULTILINE)


class Lexicon:
    """Words by their senses. Every question about an unknown word is answered with no."""

    __slots__ = ("_contraries", "_forms", "_heads", "_kinds", "_nouns", "_opposites", "_places", "_senses", "_verbs")

    def __init__(self, lines: Iterable[str]) -> None:
        numbers: dict[str, int] = {}
        self._senses: dict[str, tuple[int, ...]] = {}  # a set takes four times as much
        self._contraries: dict[str, frozenset[int]] = {}
        self._forms: dict[str, str] = {}
        self._heads: dict[int, int] = {}
        self._kinds: dict[int, int] = {}
        self._opposites: dict[int, set[int]] = {}
        self._nouns: set[str] = set()
        self._verbs: set[str] = set()
        self._places: set[str] = set()

        def number(name: str) -> int:
            return numbers.setdefault(name, len(numbers))

        for line in lines:
            kind, *fields = line.split()
            if kind == "w":
                self._senses[fields[0]] = tuple(map(number, fields[1:]))
                if fields[1][0] == "n" or (len(fields) > 2 and any(name[0] == "n" for name in fields[1:])):
                    self._nouns.add(fields[0])
                if any(name[0] == "v" for name in fields[1:]):
                    self._verbs.add(fields[0])
            elif kind == "n":
                self._places.add(fields[0])
            elif kind == "x":
                self._forms[fields[0]] = fields[1]
            elif kind == "h":
                self._heads[number(fields[0])] = number(fields[1])
            elif kind == "k":
                self._kinds[number(fields[0])] = number(fields[1])
            elif kind == "o":
                one, two = map(number, fields)
                self._opposites.setdefault(one, set()).add(two)
                self._opposites.setdefault(two, set()).add(one)

    def is_known(self, word: str) -> bool:
        """Whether a folded word is in the lexicon, in any regular form."""
        return word in self._senses or word in self._forms or word in self._places or self.base(word) in self._senses

    def is_place(self, word: str) -> bool:
        """Whether a folded word is the name of a place."""
        return word in self._places

    def is_noun(self, word: str) -> bool:
        """Whether a base form can be a noun; a word that nobody knows most likely is one."""
        return word in self._nouns or word not in self._senses

    def is_verb(self, word: str) -> bool:
        """Whether a base form can be a verb."""
        return word in self._verbs

    def base(self, word: str) -> str:
        """The base form of a folded word; the word itself where none is known."""
        found = self._forms.get(word)
        if found is not None:
            return found
        senses = self._senses
        if word in senses and word[-1:] not in "sdg":
            return word
        for ending, instead in _DETACHED:
            if word.endswith(ending):
                root = word[: len(word) - len(ending)]
                if len(root) < _SHORTEST - 1:
                    continue
                if root + instead in senses:
                    return root + instead
                if len(root) > _SHORTEST and root[-1] == root[-2] and root[:-1] in senses and ending[0] in "ei":
                    return root[:-1]
        return word

    def are_synonyms(self, one: str, two: str) -> bool:
        """Whether two base forms share a frequent sense."""
        return not set(self._senses.get(one, ())).isdisjoint(self._senses.get(two, ()))

    def are_opposites(self, one: str, two: str) -> bool:
        """Whether a sense of one base form is the opposite of a sense of the other, or of one that is close to it."""
        return not self._against(one).isdisjoint(self._close(two))

    def are_siblings(self, one: str, two: str) -> bool:
        """Whether two base forms are different kinds of one thing, as beef and chicken are."""
        kinds = self._kinds
        first = {kinds[sense] for sense in self._senses.get(one, ()) if sense in kinds}
        return any(kinds.get(sense) in first for sense in self._senses.get(two, ()) if sense in kinds)

    def _close(self, word: str) -> frozenset[int]:
        """The senses of a word, and those that satellites among them lean on."""
        senses = self._senses.get(word, ())
        return frozenset(senses).union(self._heads[each] for each in senses if each in self._heads)

    def _against(self, word: str) -> frozenset[int]:
        """The opposites of its senses, remembered for the words of the lexicon: there are so many and no more."""
        found = self._contraries.get(word)
        if found is None:
            found = frozenset(other for sense in self._close(word) for other in self._opposites.get(sense, ()))
            if word in self._senses:
                self._contraries[word] = found
        return found


@cache
def english() -> Lexicon:
    """The lexicon that the package brings."""
    packed = files("stellwerk.semantic").joinpath("data", "english.txt.gz").read_bytes()
    text = gzip.decompress(packed).decode()
    return Lexicon(found.group() for found in _LINE.finditer(text))  # one by one: all of them would take 4 MB
