"""A language as the rules use it: which of its words mean what, English and German."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from types import ModuleType

import msgspec

from stellwerk.semantic.lexicon import Lexicon
from stellwerk.semantic.vocabulary import english, german
from stellwerk.text.words import fold, stem

Groups = Mapping[str, frozenset[int]]


class Language(msgspec.Struct, frozen=True):
    """What the rules know of one language. Words are folded as ``key`` folds them; ``base`` gives their base form."""

    name: str
    function: frozenset[str]
    negators: frozenset[str]
    soft_negators: frozenset[str]
    markers: Mapping[str, str]
    contrasts: frozenset[frozenset[str]]
    binders: frozenset[str]
    telling: frozenset[str]
    questions: Mapping[str, str]
    scope: frozenset[str]
    persons: Mapping[str, str]
    months: Mapping[str, int]
    weekdays: Mapping[str, int]
    days: frozenset[str]
    units: Mapping[str, str]
    ordinals: Mapping[str, int]
    opposites: Mapping[str, frozenset[str]]
    synonyms: Groups
    fillers: re.Pattern[str]
    lexicon: Lexicon | None

    def base(self, word: str) -> str:
        """The base form of a folded word."""
        return stem(word) if self.lexicon is None else self.lexicon.base(word)

    def is_known(self, word: str) -> bool:
        """Whether the word is no misspelling as far as can be told: German words are never known to be right."""
        return self.lexicon is not None and (self.lexicon.is_known(word) or word in self.function)

    def are_synonyms(self, one: str, two: str) -> bool:
        """Whether two base forms stand for one another."""
        if not self.synonyms.get(one, _NONE).isdisjoint(self.synonyms.get(two, _NONE)):
            return True
        return self.lexicon is not None and self.lexicon.are_synonyms(one, two)

    def are_opposites(self, one: str, two: str) -> bool:
        """Whether two base forms mean the opposite of one another."""
        if two in self.opposites.get(one, ()):
            return True
        if _is_negated(one, two) or _is_negated(two, one):
            return True
        return self.lexicon is not None and self.lexicon.are_opposites(one, two)


_NONE: frozenset[int] = frozenset()
_PREFIXES = (
    "un",
    "in",
    "im",
    "il",
    "ir",
    "dis",
    "non",
    "de",
    "mis",
    "anti",
    "miss",
    "ent",
    "nicht",
    "off",
    "over",
    "under",
)


def _is_negated(one: str, two: str) -> bool:
    return len(two) > 3 and one.endswith(two) and one[: -len(two)] in _PREFIXES


@cache
def languages() -> dict[str, Language]:
    """English with its lexicon, and German."""
    from stellwerk.semantic.lexicon import english as lexicon

    return {"en": _language("en", english, lexicon()), "de": _language("de", german, None)}


def _language(name: str, words: ModuleType, lexicon: Lexicon | None) -> Language:
    base = stem if lexicon is None else lexicon.base
    return Language(
        name=name,
        function=frozenset(map(fold, words.FUNCTION)),
        negators=frozenset(map(fold, words.NEGATORS)),
        soft_negators=frozenset(map(fold, words.SOFT_NEGATORS)),
        markers={fold(word): group for word, group in words.MARKERS.items()},
        contrasts=words.CONTRASTS,
        binders=words.BINDERS,
        telling=words.TELLING,
        questions=words.QUESTIONS,
        scope=frozenset(base(fold(word)) for word in words.SCOPE),
        persons=words.PERSONS,
        months={fold(word): month for word, month in words.MONTHS.items()},
        weekdays={fold(word): day for word, day in words.WEEKDAYS.items()},
        days=frozenset(map(fold, words.DAYS)),
        units={fold(word): unit for word, unit in words.UNITS.items()},
        ordinals={fold(word): value for word, value in words.ORDINALS.items()},
        opposites=_opposites(words.OPPOSITES, base),
        synonyms=_groups(words.SYNONYMS, base),
        fillers=re.compile(rf"(?<![^\W_]){words.FILLERS}"),
        lexicon=lexicon,
    )


def _opposites(written: str, base: Callable[[str], str]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for entry in written.split():
        word, others = entry.split(":")
        one = base(fold(word))
        for other in others.split(","):
            two = base(fold(other))
            found.setdefault(one, set()).add(two)
            found.setdefault(two, set()).add(one)
    return {word: frozenset(others) for word, others in found.items()}


def _groups(written: str, base: Callable[[str], str]) -> Groups:
    found: dict[str, set[int]] = {}
    for number, group in enumerate(written.split(";")):
        for word in group.split():
            found.setdefault(base(fold(word)), set()).add(number)
    return {word: frozenset(numbers) for word, numbers in found.items()}
