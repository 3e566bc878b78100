"""Which words of two turns stand for one another, and which of either have no counterpart."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from stellwerk.semantic.language import Language
from stellwerk.semantic.reading import Reading, Word, read
from stellwerk.text.words import fold

_SHORTEST_TYPO, _SHORTEST_SLIP = 4, 3
_LETTERS = re.compile(r"[^\W\d_]+")
_FEW = 3
"""Words left over up to which the small words are looked at too, and how many times as many have a counterpart."""
_LONG = 7
"""From so many letters on a word may have two slips."""


class Alignment(msgspec.Struct, frozen=True):
    """Two turns side by side."""

    one: Reading
    two: Reading
    same: int
    """Words of content that both have, in any form or spelling."""
    alike: int
    """Pairs of words that mean the same by the lexicon."""
    only_one: tuple[Word, ...]
    only_two: tuple[Word, ...]
    opposites: tuple[tuple[str, str], ...]

    @property
    def share(self) -> float:
        """How much of the content of both has a counterpart: 1 where nothing is left over."""
        left = len(self.only_one) + len(self.only_two)
        matched = 2 * (self.same + self.alike)
        return matched / (matched + left) if matched + left else 1.0


def align(one: Reading, two: Reading) -> Alignment:
    """Pairs the words of two turns: equal ones first, then misspellings, then those with one meaning."""
    if one.grammar is not two.grammar:
        # where only one of them tells its language, the other is taken to be in it too
        one, two = (
            one if one.language else read(one.text, two.language),
            two if two.language else read(two.text, one.language),
        )
    if one.bases != two.bases:
        one, two = _corrected(one, two), _corrected(two, one)
    grammar = one.grammar
    shared = one.bases & two.bases
    left_one = [word for word in one.words if word.base not in shared]
    left_two = [word for word in two.words if word.base not in shared]
    same = len(shared)
    opposites: list[tuple[str, str]] = []
    alike = 0
    if left_one and left_two:
        left_one, left_two, joined = _joined(left_one, left_two, one, two)
        opposites = [
            (a.surface, b.surface)
            for a in left_one
            for b in left_two
            if grammar.are_opposites(a.base, b.base) or grammar.are_formed_opposites(a.surface, b.surface)
        ]
        left_one, left_two, spelled = _paired(left_one, left_two, lambda a, b: are_misspelled(a, b, grammar))
        same += spelled + joined
        left_one, left_two, alike = _paired(left_one, left_two, lambda a, b: grammar.are_synonyms(a.base, b.base))
    elif left_one or left_two:
        # "sign up" and "signup", where one side has nothing left
        left_one, left_two, joined = _joined(left_one, left_two, one, two)
    left = len(left_one) + len(left_two)
    if left <= _FEW and 2 * (same + alike) >= _FEW * left and one.all_words != two.all_words:
        opposites += _against_small_words(left_one, one, two) + _against_small_words(left_two, two, one)
        opposites += _between_small_words(one, two)
    return Alignment(one, two, same, alike, tuple(left_one), tuple(left_two), tuple(opposites))


def _against_small_words(left: list[Word], turn: Reading, other: Reading) -> list[tuple[str, str]]:
    """Words left over whose opposite is no word of content and stands only in the other turn: dislike, like."""
    if not left:
        return []
    grammar = turn.grammar
    every = {fold(word) for word in _LETTERS.findall(other.text)}  # fillers among them
    small = every.difference(_LETTERS.findall(fold(turn.text)), (word.surface for word in other.words))
    small_bases = [(word, grammar.base(word)) for word in small if len(word) > 2]
    return [
        (word.surface, surface)
        for word in left
        for surface, base in small_bases
        if grammar.are_written_opposites(word.base, base)
    ]


def _between_small_words(one: Reading, two: Reading) -> list[tuple[str, str]]:
    """Opposites among words without content: give, get."""
    first, second = set(one.all_words) - one.bases, set(two.all_words) - two.bases
    only_one, only_two = first - second, second - first
    grammar = one.grammar
    return [(a, b) for a in only_one for b in only_two if b in grammar.opposites.get(a, ())]


def _corrected(turn: Reading, other: Reading) -> Reading:
    """The turn read anew where a word that nobody knows is a slip for a word of the other, small words among them."""
    grammar = turn.grammar
    if grammar.lexicon is None or grammar is not other.grammar:
        return turn
    text = turn.text
    for word in turn.words:
        slip = word.surface
        if word.is_name or len(slip) < _SHORTEST_SLIP or slip in other.all_words or _is_word(slip, grammar):
            continue
        allowed = 1 if len(slip) < _LONG else 2
        for meant in other.all_words:
            if (
                meant[0] == slip[0]
                and len(meant) >= _SHORTEST_SLIP
                and meant not in turn.all_words
                and _is_word(meant, grammar)
                and distance(slip, meant, allowed) <= allowed
            ):
                text = re.sub(rf"(?<![^\W_]){re.escape(slip)}(?![^\W_])", meant, text, flags=re.IGNORECASE)
                break
    return turn if text is turn.text else read(text, grammar.name)


def _is_word(word: str, grammar: Language) -> bool:
    return grammar.is_known(word) or word in grammar.markers or word in grammar.negators


def _paired(
    left_one: list[Word], left_two: list[Word], is_pair: Callable[[Word, Word], bool]
) -> tuple[list[Word], list[Word], int]:
    rest_two = list(left_two)
    rest_one = []
    for word in left_one:
        partner = next((other for other in rest_two if is_pair(word, other)), None)
        if partner is None:
            rest_one.append(word)
        else:
            rest_two.remove(partner)
    return rest_one, rest_two, len(left_one) - len(rest_one)


def _joined(
    left_one: list[Word], left_two: list[Word], one: Reading, two: Reading
) -> tuple[list[Word], list[Word], int]:
    """Takes out words that the other turn writes in two: signup, e-mail, roll back."""
    pairs_one = {a + b for a, b in zip(one.all_words, one.all_words[1:], strict=False)}
    pairs_two = {a + b for a, b in zip(two.all_words, two.all_words[1:], strict=False)}
    whole_one = [word for word in left_one if word.surface in pairs_two]
    whole_two = [word for word in left_two if word.surface in pairs_one]
    if not whole_one and not whole_two:
        return left_one, left_two, 0
    parts_of_one = {word.surface for word in whole_one}
    parts_of_two = {word.surface for word in whole_two}
    rest_one = [
        word for word in left_one if word not in whole_one and not any(word.surface in whole for whole in parts_of_two)
    ]
    rest_two = [
        word for word in left_two if word not in whole_two and not any(word.surface in whole for whole in parts_of_one)
    ]
    return rest_one, rest_two, len(whole_one) + len(whole_two)


def are_misspelled(one: Word, two: Word, grammar: Language) -> bool:
    """Whether one word is the other with a slip of the keyboard: not where both are words, or names of their own."""
    a, b = one.surface, two.surface
    shorter = min(len(a), len(b))
    if shorter < _SHORTEST_TYPO or abs(len(a) - len(b)) > 2:
        return False
    if grammar.lexicon is None:
        if _are_inflected(a, b):
            return True
        return shorter >= 6 and a[0] == b[0] and distance(a, b, 1) <= 1 and not _is_past(a, b) and not _is_past(b, a)
    if grammar.is_known(a) and grammar.is_known(b):
        return False
    if one.is_name and two.is_name:
        return False
    allowed = 1 if shorter < _LONG else 2
    return a[0] == b[0] and distance(a, b, allowed) <= allowed


_ENDINGS = frozenset({"", "e", "st", "t", "n", "en", "es", "s", "em", "er"})
"""Endings of German verbs, nouns and adjectives between which a meaning stays."""
_SHORTEST_ROOT = 4


def _are_inflected(one: str, two: str) -> bool:
    """Whether two German words are one root with different endings: koche, kocht."""
    root = next((place for place, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    while root >= _SHORTEST_ROOT:
        if one[root:] in _ENDINGS and two[root:] in _ENDINGS:
            return True
        root -= 1
        if max(len(one), len(two)) - root > _LONGEST_ENDING:
            break
    return False


_LONGEST_ENDING = 3


def _is_past(one: str, two: str) -> bool:
    """Whether one German word is the other in the past: kostete, kostet."""
    return one == two + "e" and one.endswith("te")


def distance(one: str, two: str, most: int) -> int:
    """Edits from one word to another, a swap of neighbours counted once; ``most + 1`` where there are more."""
    if abs(len(one) - len(two)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(two) + 1))
    for i, letter in enumerate(one, 1):
        current = [i] + [0] * len(two)
        for j, other in enumerate(two, 1):
            cost = letter != other
            best = min(row[j] + 1, current[j - 1] + 1, row[j - 1] + cost)
            if i > 1 and j > 1 and letter == two[j - 2] and one[i - 2] == other:
                best = min(best, before[j - 2] + 1)
            current[j] = best
        if min(current) > most:
            return most + 1
        before, row = row, current
    return min(row[-1], most + 1)
