"""Circumstances: may and must, was and is, if and even if, my and your, where all else is alike."""

from __future__ import annotations

from collections.abc import Iterator

from stellwerk.semantic.alignment import Alignment
from stellwerk.semantic.mismatch.mismatch import LIKE, Mismatch
from stellwerk.semantic.reading import Reading

_ALIKE = 0.9
_ASKS_FOR_WAYS = frozenset({"how", "where", "who"})
"""Questions in which "can I" and "should I" ask for the same."""
_DOING = frozenset({"do", "tun", "machen"})
_IS = frozenset({"is", "are", "am", "ist", "sind", "bin"})
_WILL_BE = frozenset({"will", "be", "wird", "werden", "sein"})
_POSSESSIVES = {
    "my": "mine", "our": "mine", "mein": "mine", "unser": "mine", "your": "yours", "dein": "yours", "eur": "yours",
    "euer": "yours", "sein": "his", "ihr": "theirs", "her": "hers", "his": "his", "their": "theirs", "deren": "theirs",
}  # fmt: skip
_OWNERS = frozenset(_POSSESSIVES.values())
_GERMAN_ENDINGS = ("e", "en", "em", "er", "es")


def modality(pair: Alignment) -> Iterator[Mismatch]:
    """One side asks what is allowed, the other what is called for."""
    if pair.share < LIKE or _asks_for_ways(pair.one) or _asks_for_ways(pair.two):
        return
    one, two = _modality(pair.one), _modality(pair.two)
    if {one, two} == {"may", "must"}:
        yield Mismatch("modality", f"{one} / {two}")


def tense(pair: Alignment) -> Iterator[Mismatch]:
    """Nothing differs but that it was on one side, and is or will be on the other."""
    if pair.share < _ALIKE or not (_asks_for_facts(pair.one) and _asks_for_facts(pair.two)):
        return
    tenses, base = pair.one.grammar.tenses, pair.one.grammar.base
    first, second = set(pair.one.all_words), set(pair.two.all_words)
    only_one, only_two = first - second, second - first
    rest_one, rest_two = ({base(word) for word in words if word not in tenses} for words in (only_one, only_two))
    if rest_one != rest_two:
        return
    one, two = ({tenses[word] for word in words if word in tenses} for words in (only_one, only_two))
    is_past = bool(one and two) and ("past" in one) != ("past" in two)
    is_past = is_past or _is_weak_past(only_one, only_two) or _is_weak_past(only_two, only_one)
    if is_past or _is_to_be(only_one, only_two) or _is_to_be(only_two, only_one):
        yield Mismatch("tense", f"{', '.join(sorted(only_one))} / {', '.join(sorted(only_two))}")


def condition(pair: Alignment) -> Iterator[Mismatch]:
    """It is so if on one side; even if, while, until or because on the other."""
    if pair.share < _ALIKE:
        return
    one, two = _conditions(pair.one), _conditions(pair.two)
    if one and two and one != two:
        yield Mismatch("condition", f"{', '.join(sorted(one))} / {', '.join(sorted(two))}")


def owner(pair: Alignment) -> Iterator[Mismatch]:
    """Nothing differs but that a thing is mine on one side, and on the other yours or theirs."""
    if pair.share < _ALIKE:
        return
    first, second = set(pair.one.all_words), set(pair.two.all_words)
    one, two = ({_owner(word) for word in words} for words in (first - second, second - first))
    if len(one) == len(two) == 1 and one != two and one | two <= _OWNERS:
        yield Mismatch("person", f"{', '.join(sorted(first - second))} / {', '.join(sorted(second - first))}")


def role(pair: Alignment) -> Iterator[Mismatch]:
    """I do it to somebody on one side, and they to me on the other."""
    if pair.share < _ALIKE:
        return
    grammar = pair.one.grammar
    first, second = set(pair.one.all_words), set(pair.two.all_words)
    if first.isdisjoint(grammar.others) or second.isdisjoint(grammar.others):
        return
    roles = [
        (not words.isdisjoint(grammar.subjects), not words.isdisjoint(grammar.objects)) for words in (first, second)
    ]
    if sorted(roles) == [(False, True), (True, False)]:
        yield Mismatch("order", "who does it to whom")


def _is_weak_past(one: set[str], two: set[str]) -> bool:
    """Whether the one word that differs is, in German, past on one side: kostet, kostete."""
    return len(one) == len(two) == 1 and min(one).endswith("t") and min(two) == min(one) + "e"


def _is_to_be(one: set[str], two: set[str]) -> bool:
    """Whether what is on one side will be on the other."""
    return bool(one and two) and one <= _IS and two <= _WILL_BE


def _asks_for_ways(turn: Reading) -> bool:
    if turn.questions & _ASKS_FOR_WAYS:
        return True
    return "what" in turn.questions and not _DOING.isdisjoint(turn.all_words[2:])


def _asks_for_facts(turn: Reading) -> bool:
    """Whether the turn is a question, and no "why": that asks for the same before and after."""
    return "why" not in turn.questions and bool(turn.questions or "?" in turn.text)


def _modality(turn: Reading) -> str:
    text = " ".join(turn.all_words)
    is_free, is_bound = turn.grammar.permission.search(text), turn.grammar.obligation.search(text)
    if is_free and is_bound:
        return ""
    return "may" if is_free else "must" if is_bound else ""


def _conditions(turn: Reading) -> set[str]:
    conditions = turn.grammar.conditions
    return {conditions[found] for found in turn.grammar.condition.findall(" ".join(turn.all_words))}


def _owner(word: str) -> str:
    if word in _POSSESSIVES:
        return _POSSESSIVES[word]
    return next((_POSSESSIVES.get(word.removesuffix(end), word) for end in _GERMAN_ENDINGS if word.endswith(end)), word)
