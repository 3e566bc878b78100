"""Which words of two turns stand for one another, and which of either have no counterpart."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from stellwerk.semantic.language import Language
from stellwerk.semantic.reading import Reading, Word

_SHORTEST_TYPO = 4


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
            (a.surface, b.surface) for a in left_one for b in left_two if grammar.are_opposites(a.base, b.base)
        ]
        left_one, left_two, spelled = _paired(left_one, left_two, lambda a, b: are_misspelled(a, b, grammar))
        same += spelled + joined
        left_one, left_two, alike = _paired(left_one, left_two, lambda a, b: grammar.are_synonyms(a.base, b.base))
    elif left_one or left_two:
        # "sign up" and "signup", where one side has nothing left
        left_one, left_two, joined = _joined(left_one, left_two, one, two)
    return Alignment(one, two, same, alike, tuple(left_one), tuple(left_two), tuple(opposites))


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
        return shorter >= 6 and a[0] == b[0] and distance(a, b, 1) <= 1
    if grammar.is_known(a) and grammar.is_known(b):
        return False
    if one.is_name and two.is_name:
        return False
    allowed = 1 if shorter < 7 else 2
    return a[0] == b[0] and distance(a, b, allowed) <= allowed


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
