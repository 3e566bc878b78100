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
    small: frozenset[str]
    """All that tells the language: words without content, of negation and of direction."""
    function: frozenset[str]
    articles: frozenset[str]
    capitals: float
    """From this share of words with a capital on, a text is a title and its capitals say nothing."""
    negators: frozenset[str]
    soft_negators: frozenset[str]
    markers: Mapping[str, str]
    contrasts: frozenset[frozenset[str]]
    binders: frozenset[str]
    telling: frozenset[str]
    questions: Mapping[str, str]
    amounts: Mapping[str, str]
    durations: frozenset[str]
    permission: re.Pattern[str]
    obligation: re.Pattern[str]
    tenses: Mapping[str, str]
    conditions: Mapping[str, str]
    condition: re.Pattern[str]
    """Finds the conjunctions among ``conditions``."""
    scope: frozenset[str]
    persons: Mapping[str, str]
    subjects: frozenset[str]
    objects: frozenset[str]
    others: frozenset[str]
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

    def are_written_opposites(self, one: str, two: str) -> bool:
        """Whether a list or the form of the words says so, and no sense of a lexicon."""
        return two in self.opposites.get(one, ()) or self.are_formed_opposites(one, two)

    def are_formed_opposites(self, one: str, two: str) -> bool:
        """Whether the form of two words says that they are opposites: limited, unlimited; einladen, ausladen."""
        if one[-_SHORTEST_END:] == two[-_SHORTEST_END:] and (_is_negated(one, two) or _is_negated(two, one)):
            return True
        return _is_contrary(one, two)

    def are_opposites(self, one: str, two: str) -> bool:
        """Whether two base forms mean the opposite of one another."""
        if self.are_written_opposites(one, two):
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


def _common_beginning(one: str, two: str) -> int:
    return next((place for place, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))


def _common_ending(one: str, two: str) -> int:
    return _common_beginning(one[::-1], two[::-1])


def _heads(written: str) -> frozenset[frozenset[str]]:
    """Pairs of beginnings, without what both end with: that counts to the rest."""
    pairs = (entry.split(":") for entry in written.split())
    return frozenset(
        frozenset(word[: len(word) - _common_ending(one, two)] for word in (one, two)) for one, two in pairs
    )


_HEADS = _heads(
    """
    up:down in:out im:ex in:ex in:de en:de a:de at:de over:under pre:post inter:intra hyper:hypo on:off front:back
    multi:single macro:micro full:part max:min super:sub intro:extro
    ein:aus an:ab auf:ab auf:zu zu:ab hoch:herunter hoch:runter herauf:herunter herein:heraus hinein:hinaus rein:raus
    vor:nach vor:hinter vorder:hinter ober:unter uber:unter innen:aussen innen:ausen teil:voll haupt:neben
    sommer:winter mindest:hochst hin:ruck be:ent ver:ent tag:nacht tages:nacht brutto:netto gros:klein alt:neu
    links:rechts kauf:verkauf ankunft:abfahrt ankunfts:abfahrts inlands:auslands start:ziel
    """
)
"""Beginnings of words that, before the same rest, make opposites."""
_TAILS: frozenset[frozenset[str]] = frozenset(
    frozenset(pair)
    for pair in (
        ("ful", "less"), ("or", "ee"), ("voll", "los"), ("haltig", "frei"), ("reich", "arm"), ("geber", "nehmer"),
        ("aufwarts", "abwarts"),
    )
)  # fmt: skip
"""Endings of words that, behind the same rest, make opposites."""
_SHORTEST_REST, _SHORTEST_END = 4, 3


def _is_contrary(one: str, two: str) -> bool:
    """Whether two words differ in a beginning or an ending that makes them opposites: Teilzeit, Vollzeit."""
    if one[-_SHORTEST_REST:] == two[-_SHORTEST_REST:]:
        rest = _common_ending(one, two)
        return frozenset({one[:-rest], two[:-rest]}) in _HEADS
    if one[:_SHORTEST_REST] == two[:_SHORTEST_REST]:
        rest = _common_beginning(one, two)
        return frozenset({one[rest:], two[rest:]}) in _TAILS
    return False


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
        small=frozenset(map(fold, words.FUNCTION | words.NEGATORS | words.MARKERS.keys() | words.QUESTIONS.keys())),
        function=frozenset(map(fold, words.FUNCTION)),
        articles=words.ARTICLES,
        capitals=words.CAPITALS,
        negators=frozenset(map(fold, words.NEGATORS)),
        soft_negators=frozenset(map(fold, words.SOFT_NEGATORS)),
        markers={fold(word): group for word, group in words.MARKERS.items()},
        contrasts=words.CONTRASTS,
        binders=words.BINDERS,
        telling=words.TELLING,
        questions=words.QUESTIONS,
        amounts=words.AMOUNTS,
        durations=words.DURATIONS,
        permission=re.compile(words.PERMISSION),
        obligation=re.compile(words.OBLIGATION),
        tenses=words.TENSES,
        conditions=words.CONDITIONS,
        condition=re.compile(rf"\b(?:{'|'.join(words.CONDITIONS)})\b"),
        scope=frozenset(base(fold(word)) for word in words.SCOPE),
        persons=words.PERSONS,
        subjects=words.SUBJECTS,
        objects=words.OBJECTS,
        others=words.OTHERS,
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
