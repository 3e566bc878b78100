"""Finds terms in a text, in any case and inflection: thousands of them cost no more than a few.

A term is one word or several that follow one another. ``Anlageberatung`` finds ``Anlageberatungen``; ``aktie*`` finds
every word that begins so, ``*anwalt`` every one that ends so. Words of the text are looked up, never compared with one
term after another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from stellwerk.text.words import WORD, fold, inflections, spellings, stem

MOST_WORDS = 12
"""Of one term."""
SHORTEST_PART = 3
"""Letters that a word with a star needs."""

_WRITTEN = re.compile(r"\*?[^\W_]+\*?|\*")


class _Node:
    """What may follow the words so far, and which topics are reached with them."""

    __slots__ = ("beginnings", "endings", "names", "words")

    def __init__(self) -> None:
        self.words: dict[str, _Node] = {}
        self.beginnings: dict[str, _Node] = {}
        self.endings: dict[str, _Node] = {}
        self.names: set[str] = set()


class Terms:
    """Terms under the names of what they stand for. Raises ``ValueError`` for what can be no term."""

    __slots__ = ("_beginning_sizes", "_ending_sizes", "_firsts", "_heads", "_root", "_stems", "_tails")

    def __init__(self, terms: Mapping[str, Iterable[str]]) -> None:
        self._root = _Node()
        self._stems: dict[str, str] = {}
        beginnings: set[int] = set()
        endings: set[int] = set()
        for name, listed in terms.items():
            for term in listed:
                for parts in _readings(term):
                    self._add(parts, name)
                    beginnings |= {len(part) - 1 for part in parts if part[-1] == "*"}
                    endings |= {len(form) for part in parts if part[0] == "*" for form in inflections(part[1:])}
        self._beginning_sizes = tuple(sorted(beginnings))
        self._ending_sizes = tuple(sorted(endings))
        # What a word has to have, or to begin or end with, for a term to begin with it.
        self._firsts = frozenset(form for form, root in self._stems.items() if root in self._root.words)
        self._heads = frozenset(part[:SHORTEST_PART] for part in self._root.beginnings)
        self._tails = frozenset(part[-SHORTEST_PART:] for part in self._root.endings)

    def find(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Where which name's terms stand: at each place the longest of each name."""
        folded = fold(text)
        words = WORD.findall(folded)
        firsts, heads, tails = self._firsts, self._heads, self._tails
        starts = [
            index
            for index, word in enumerate(words)
            if word in firsts or word[:SHORTEST_PART] in heads or word[-SHORTEST_PART:] in tails
        ]
        if not starts:
            return
        places = [word.span() for word in WORD.finditer(folded)]
        for start in starts:
            longest: dict[str, int] = {}
            nodes = [self._root]
            for index in range(start, min(start + MOST_WORDS, len(words))):
                nodes = [follower for node in nodes for follower in self._followers(node, words[index])]
                if not nodes:
                    break
                longest.update((name, index) for node in nodes for name in node.names)
            for name, last in longest.items():
                yield places[start][0], places[last][1], name

    def _add(self, parts: list[str], name: str) -> None:
        nodes = [self._root]
        for part in parts:
            nodes = [child for node in nodes for child in self._children(node, part)]
        for node in nodes:
            node.names.add(name)

    def _children(self, node: _Node, part: str) -> list[_Node]:
        if part[-1] == "*":
            return [node.beginnings.setdefault(part[:-1], _Node())]
        if part[0] == "*":
            return [node.endings.setdefault(form, _Node()) for form in inflections(part[1:])]
        root = stem(part)
        self._stems.update(dict.fromkeys(inflections(part), root))
        return [node.words.setdefault(root, _Node())]

    def _followers(self, node: _Node, word: str) -> list[_Node]:
        found = []
        root = self._stems.get(word)
        if root is not None and root in node.words:
            found.append(node.words[root])
        if node.beginnings:
            parts = (word[:size] for size in self._beginning_sizes if size <= len(word))
            found += [node.beginnings[part] for part in parts if part in node.beginnings]
        if node.endings:
            parts = (word[-size:] for size in self._ending_sizes if size <= len(word))
            found += [node.endings[part] for part in parts if part in node.endings]
        return found


def _readings(term: str) -> list[list[str]]:
    """The words of a term in each of its spellings."""
    readings = [_WRITTEN.findall(spelling) for spelling in spellings(term)]
    for parts in readings:
        if not parts or len(parts) > MOST_WORDS:
            raise ValueError(f"expected a term of 1 to {MOST_WORDS} words, found {term!r}")
        for part in parts:
            if "*" in part and (part.count("*") > 1 or len(part) <= SHORTEST_PART):
                raise ValueError(f"expected one star, and {SHORTEST_PART} letters beside it, found {term!r}")
    return readings
