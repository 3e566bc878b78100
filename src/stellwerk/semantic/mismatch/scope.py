"""Names, scope and single words: the same request about something or somebody else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from stellwerk.semantic.alignment import Alignment
from stellwerk.semantic.mismatch.mismatch import LIKE, Mismatch
from stellwerk.semantic.reading import Reading, Word


def name(pair: Alignment) -> Iterator[Mismatch]:
    """Names, or words that nobody knows, which only one side has."""
    one = [word for word in pair.only_one if _is_name(word, pair)]
    two = [word for word in pair.only_two if _is_name(word, pair)]
    if one and two:
        yield Mismatch("name", _told(one, two))
    elif one or two:
        yield Mismatch("name", _told(one, two), is_hard=pair.share >= LIKE)
    elif _is_noun_replaced(pair):
        yield Mismatch("name", _told(pair.only_one, pair.only_two))


def scope(pair: Alignment) -> Iterator[Mismatch]:
    """Words that narrow or widen, which only one side has."""
    grammar = pair.one.grammar
    if pair.one.scopes == pair.two.scopes:
        return
    left_one, left_two = {word.base for word in pair.only_one}, {word.base for word in pair.only_two}
    # a misspelt word of scope has its counterpart already
    one = {base for base in pair.one.scopes - pair.two.scopes if base in left_one or base not in pair.one.bases}
    two = {base for base in pair.two.scopes - pair.one.scopes if base in left_two or base not in pair.two.bases}
    for base in list(one):
        partner = next((other for other in two if grammar.are_synonyms(base, other)), None)
        if partner is not None:
            one.discard(base)
            two.discard(partner)
    one = {base for base in one if not _has_synonym(base, pair.two.bases, grammar.are_synonyms)}
    two = {base for base in two if not _has_synonym(base, pair.one.bases, grammar.are_synonyms)}
    if one or two:
        detail = f"{', '.join(sorted(one)) or '-'} / {', '.join(sorted(two)) or '-'}"
        yield Mismatch("scope", detail, is_hard=pair.share >= LIKE or bool(one and two and pair.share >= 0.4))


def word(pair: Alignment) -> Iterator[Mismatch]:
    """One word stands in the place of another that does not mean the same, and all else is alike."""
    if (pair.only_one and pair.only_two) or pair.only_one or pair.only_two:
        yield Mismatch("word", _told(pair.only_one, pair.only_two), is_hard=False)


def _is_name(word: Word, pair: Alignment) -> bool:
    lexicon = pair.one.grammar.lexicon
    if lexicon is None:
        return False
    return word.is_name or lexicon.is_place(word.surface) or not lexicon.is_known(word.surface)


def _is_noun_replaced(pair: Alignment) -> bool:
    """Whether one noun stands in the place of another, and not a word differs else."""
    one, two = pair.only_one, pair.only_two
    if not one or not two or len(one) + len(two) > _MOST_REPLACED:
        return False
    rest_one, rest_two = _rest(pair.one, one), _rest(pair.two, two)
    if rest_one != rest_two or not all(_is_noun(word, pair) for word in (*one, *two)):
        return False
    shorter, longer = sorted((one[0].surface, two[0].surface), key=len)
    return shorter[:_SHORTEST_PART] not in longer


_MOST_REPLACED = 4
_SHORTEST_PART = 5
"""Letters that a short form has in common with the long one: Kündigung, Vertragskündigung."""


def _rest(turn: Reading, left: Sequence[Word]) -> set[str]:
    return set(turn.all_words).difference(turn.grammar.articles, (word.surface for word in left))


def _is_noun(word: Word, pair: Alignment) -> bool:
    lexicon = pair.one.grammar.lexicon
    if lexicon is None:
        return word.is_name  # all German nouns are written so
    return lexicon.is_noun(word.base) and not lexicon.is_verb(word.base)


def _has_synonym(base: str, others: frozenset[str], are_synonyms: Callable[[str, str], bool]) -> bool:
    return any(are_synonyms(base, other) for other in others)


def _told(one: Sequence[Word], two: Sequence[Word]) -> str:
    return f"{', '.join(w.surface for w in one) or '-'} / {', '.join(w.surface for w in two) or '-'}"
