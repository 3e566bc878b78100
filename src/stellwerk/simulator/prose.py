"""Seeded prose of an exact number of tokens, in the language of the question."""

from __future__ import annotations

import re
from typing import Literal

from stellwerk.simulator.dice import Dice, digest
from stellwerk.simulator.tokens import split
from stellwerk.simulator.words import VOCABULARIES, Vocabulary

Language = Literal["auto", "en", "de"]

POOL_SENTENCES = 256
PARAGRAPH_SENTENCES = 5
QUOTED_CHARACTERS = 60
RESULT_CHARACTERS = 200

_SLOT = re.compile(r"\{([a-zA-Z])\}")
_WORD = re.compile(r"\w+")
_UMLAUT = re.compile(r"[äöüÄÖÜß]")


class Prose:
    """Writes in one language. Its sentences are made once from the seed; an answer is a choice among them."""

    def __init__(self, vocabulary: Vocabulary, seed: bytes) -> None:
        dice = Dice(digest(seed, b"prose", vocabulary.refusal.encode()))
        self._vocabulary = vocabulary
        self._sentences = [split(_sentence(vocabulary, dice)) for _ in range(POOL_SENTENCES)]
        self._following = [split(" " + "".join(sentence)) for sentence in self._sentences]

    @property
    def refusal(self) -> str:
        """What a model says that will not answer."""
        return self._vocabulary.refusal

    def opening(self, question: str) -> str:
        """A first sentence that quotes the question; empty when there is nothing to quote."""
        quoted = _shortened(question, QUOTED_CHARACTERS)
        return self._vocabulary.about.format(quoted) if quoted else ""

    def report(self, results: tuple[tuple[str, str], ...]) -> str:
        """Sentences that use the results of tools, given as name and content."""
        return " ".join(
            self._vocabulary.from_tool.format(name, _shortened(content, RESULT_CHARACTERS)) for name, content in results
        )

    def phrase(self, dice: Dice) -> str:
        """A few words, for instance as the value of a field."""
        return dice.pick(self._vocabulary.slots["o"])

    def tokens(self, dice: Dice, count: int, opening: str = "") -> list[str]:
        """Exactly ``count`` tokens that begin with ``opening``, as far as there is room for it."""
        tokens = split(opening)
        sentences = 1 if tokens else 0
        while len(tokens) < count:
            chosen = dice.below(POOL_SENTENCES)
            if sentences == 0:
                tokens += self._sentences[chosen]
            elif sentences % PARAGRAPH_SENTENCES == 0:
                tokens.append("\n\n")
                tokens += self._sentences[chosen]
            else:
                tokens += self._following[chosen]
            sentences += 1
        if len(tokens) > count:
            del tokens[count:]
            if count > 1 and tokens[-2][-1].isalnum():
                tokens[-1] = "."
        return tokens


class Writers:
    """One ``Prose`` for each language."""

    def __init__(self, seed: bytes) -> None:
        self._prose = {name: Prose(vocabulary, seed) for name, vocabulary in VOCABULARIES.items()}

    def writer(self, language: Language, question: str) -> Prose:
        """The one for ``language``, or for the language that ``question`` is written in."""
        return self._prose[language if language != "auto" else guess_language(question)]


def guess_language(text: str) -> str:
    """``de`` or ``en``, by umlauts and the commonest words."""
    sample = text[:1_000]
    words = set(_WORD.findall(sample.lower()))
    hits = {name: len(words & known.function_words) for name, known in VOCABULARIES.items()}
    german = hits["de"] + 2 * len(_UMLAUT.findall(sample))
    return "de" if german > hits["en"] else "en"


def _sentence(vocabulary: Vocabulary, dice: Dice) -> str:
    """One sentence; an upper-case slot begins with a capital, and no slot is filled twice with the same words."""
    used: set[str] = set()

    def fill(slot: re.Match[str]) -> str:
        name = slot.group(1)
        words = dice.pick([words for words in vocabulary.slots[name.lower()] if words not in used])
        used.add(words)
        return words[0].upper() + words[1:] if name.isupper() else words

    return _SLOT.sub(fill, dice.pick(vocabulary.templates))


def _shortened(text: str, limit: int) -> str:
    words = " ".join(text[: 4 * limit].split())
    return words if len(words) <= limit else words[:limit].rsplit(" ", 1)[0] + " …"
