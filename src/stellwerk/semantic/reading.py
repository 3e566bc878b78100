"""A turn as the rules compare it: words without what asks for nothing, numbers by value, what words point at."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from sys import intern
from typing import Any, TypeVar

import msgspec

from stellwerk.semantic.language import Language, languages
from stellwerk.semantic.quantities import Quantity, quantities
from stellwerk.text.words import fold

LONGEST = 2_000
"""Characters of a turn that are read; the semantic tier takes none that are longer."""

_T = TypeVar("_T")
_NONE: frozenset[Any] = frozenset()
_TOKEN = re.compile(
    r"(?:(?<![\w.,])[-\u2212+](?=\d))?\d{1,18}(?:[.,:/]\d{1,18}){0,5}|(?<![^\W_])[A-Za-z](?:\+\+|#)(?![\w#+])|[^\W\d_]+(?:['\u2019][^\W\d_]+)*|°[CcFf]\b|[%€$£¥₹°]"
)
_QUOTED = re.compile(
    r"\"([^\"\n]{1,200})\"|\u201c([^\u201d\n]{1,200})\u201d|\u201e([^\u201c\n]{1,200})\u201c|`([^`\n]{1,200})`"
    r"|(?<!\w)'([^'\n]{2,200})'(?!\w)|\u00ab([^\u00bb\n]{1,200})\u00bb"
)
_LETTER = re.compile(
    r"(?<=\d)(?![xX])[^\W\d_](?![^\W_])|(?<![^\W_])[^\W\d_](?=\d)|(?<=[^\W_,/:] )[A-HJ-W](?![\w'\u2019-])(?!\.\w)"
    r"|(?<=[^\W\d_] )[cfghjlpqv](?![\w'\u2019-])|(?<=[^\W_]-)[A-Za-z](?![\w'\u2019-])"
)
"""Single letters that name something: C, vitamin D, B2B, USB-C. X, Y and Z stand for anything, 5x for times."""
_SPACE = re.compile(r"\s+")
_UMLAUT = re.compile("[äöüßÄÖÜ]")
_CONTRACTION = re.compile(r"(n't|'(?:s|re|ve|ll|d|m|t))$")
_SPLIT = {"cant": ("can", "not"), "cannot": ("can", "not"), "wont": ("will", "not"), "gonna": ("going", "to")}


class Word(msgspec.Struct, frozen=True, gc=False):
    """One word of content."""

    base: str
    surface: str
    is_name: bool
    """Written with a capital where the text itself need not."""


class Reading(msgspec.Struct, frozen=True, gc=False):
    """What the rules know of one turn."""

    text: str
    language: str
    """``en``, ``de``, or nothing where too little tells."""
    grammar: Language
    words: tuple[Word, ...]
    """Words of content in their order."""
    all_words: tuple[str, ...]
    """Every word, folded."""
    quantities: tuple[Quantity, ...]
    days: frozenset[str]
    """Months, weekdays and times of day."""
    negations: int
    soft_negations: int
    markers: frozenset[str]
    bindings: frozenset[tuple[str, str]]
    """Each marker of direction, and the base form of the word of content behind it."""
    questions: frozenset[str]
    scopes: frozenset[str]
    persons: frozenset[str]
    quotes: frozenset[str]
    bases: frozenset[str]


def read(text: str, language: str = "") -> Reading:
    """Reads a turn, in time in proportion to its length; in a language where the turn itself does not tell."""
    text = unicodedata.normalize("NFKC", text[:LONGEST]).replace("\u2019", "'")
    tokens = [found.group() for found in _TOKEN.finditer(text)]
    folded = [fold(token) for token in tokens]
    told = _language(text, folded)
    grammar = languages()[told or language or "en"]
    return _Reader(text, told, grammar).read()


def _language(text: str, folded: list[str]) -> str:
    """By the small words that only one of the languages has."""
    english, german = languages()["en"].small, languages()["de"].small
    only_english = sum(word in english and word not in german for word in folded)
    only_german = sum(word in german and word not in english for word in folded) + (_UMLAUT.search(text) is not None)
    if only_german == only_english:
        return ""
    return "de" if only_german > only_english else "en"


class _Reader:
    """One pass over the words of a turn."""

    def __init__(self, text: str, language: str, grammar: Language) -> None:
        self.text, self.language, self.grammar = text, language, grammar

    def read(self) -> Reading:
        grammar = self.grammar
        plain = _without(grammar.fillers, self.text)
        surfaces = _surfaces(plain)
        if not surfaces:
            surfaces = _surfaces(self.text)
        letters = {fold(letter) for letter in _LETTER.findall(plain)}
        words = [intern(fold(surface)) for surface in surfaces]  # most are those of many other readings
        counted, used = quantities(words, grammar)
        capitals = _capitals(surfaces, words, grammar.capitals)
        content: list[Word] = []
        bindings: set[tuple[str, str]] = set()
        days: set[str] = set()
        binder = ""
        negations = soft = 0
        for place, word in enumerate(words):
            marker = grammar.markers.get(word)
            if marker in grammar.binders:
                binder = marker
            if word in grammar.negators:
                soft += word in grammar.soft_negators
                negations += word not in grammar.soft_negators
                continue
            base = grammar.base(word)
            if base in grammar.negators:
                soft += 1
            day = _day(word, base, grammar, place, words)
            if day:
                days.add(day)
                if binder:
                    bindings.add((binder, day))
                    binder = ""
                continue
            is_small = word in grammar.function or marker is not None or len(word) < 2
            if place in used or (is_small and word not in letters):
                continue
            content.append(Word(base, word, place in capitals))
            if binder:
                bindings.add((binder, base))
                binder = ""
        every = set(words)
        return Reading(
            text=self.text,
            language=self.language,
            grammar=grammar,
            words=tuple(content),
            all_words=tuple(words),
            quantities=counted,
            days=_few(days),
            negations=negations,
            soft_negations=soft,
            markers=_few(grammar.markers[word] for word in every if word in grammar.markers),
            bindings=_few(bindings),
            questions=_few(_questions(words, grammar)),
            scopes=_few(base for base in map(grammar.base, every) if base in grammar.scope),
            persons=_few(grammar.persons[word] for word in every if word in grammar.persons),
            quotes=_few(_quotes(self.text)),
            bases=_few(word.base for word in content),
        )


def _questions(words: list[str], grammar: Language) -> Iterable[str]:
    for place, word in enumerate(words):
        kind = grammar.questions.get(word)
        if kind == "how" and not grammar.durations.intersection(words[place + 2 : place + 3]):
            kind = grammar.amounts.get(words[place + 1] if place + 1 < len(words) else "", kind)
        if kind is not None:
            yield kind


def _few(found: Iterable[_T]) -> frozenset[_T]:
    """A set, of which the empty one is there only once: most are, and thousands of readings are remembered."""
    return frozenset(found) or _NONE


def _without(fillers: re.Pattern[str], text: str) -> str:
    """The text without what is said around a request, whichever way it is written."""
    lower = text.lower()
    if len(lower) != len(text):  # a letter that becomes two in lower case
        return fillers.sub(" ", lower)
    parts, last = [], 0
    for found in fillers.finditer(lower):
        parts.append(text[last : found.start()])
        last = found.end()
    return " ".join([*parts, text[last:]])


def _surfaces(text: str) -> list[str]:
    found: list[str] = []
    for token in _TOKEN.findall(text):
        if "'" in token:
            ending = _CONTRACTION.search(token.lower())
            if ending is not None:
                head = token[: ending.start()]
                if ending.group() == "n't":
                    found += ["can" if head.lower() == "ca" else "will" if head.lower() == "wo" else head, "not"]
                else:
                    found.append(head)
                continue
        bare = token.replace("'", "")
        found += _SPLIT.get(bare.lower(), (bare,))
    return [token for token in found if token]


def _capitals(surfaces: list[str], words: list[str], most: float) -> frozenset[int]:
    """Places of words that are written like names, unless most of the text is, as titles are."""
    letters = [place for place, surface in enumerate(surfaces) if surface[:1].isalpha()]
    high = [place for place in letters if surfaces[place][0].isupper()]
    if len(high) > 1 and len(high) > most * len(letters):
        return frozenset()
    first = letters[0] if letters else -1
    return frozenset(place for place in high if place != first and words[place] != "i")


def _day(word: str, base: str, grammar: Language, place: int, words: list[str]) -> str:
    for form in (word, base):
        if form in grammar.months:
            if form == "may" and not (place and words[place - 1] in {"in", "of", "on", "by", "until", "since"}):
                return ""
            if form == "mar":
                return ""
            return f"month {grammar.months[form]}"
        if form in grammar.weekdays:
            return f"weekday {grammar.weekdays[form]}"
    return f"day {base}" if word in grammar.days or base in grammar.days else ""


def _quotes(text: str) -> list[str]:
    if not any(mark in text for mark in "\"'`\u201c\u201e\u00ab"):
        return []
    return [_SPACE.sub(" ", next(filter(None, found), "")).strip() for found in _QUOTED.findall(text)]
