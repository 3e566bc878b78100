"""Transcripts without what is spoken but never written: hesitations, marks of noise, words said twice; short names.

A speaker's turns that follow each other become one, and long names of speakers are abbreviated, which is said on top.
What anybody has answered stays, be it only "yeah".
"""

from __future__ import annotations

import re
from collections import Counter

import msgspec

from stellwerk.core.optimization import Kind, Level, Piece, weigh
from stellwerk.ports.optimizer import Optimizer

_SOUNDS = """
disfmarker vocalsound pause gap nonvocalsound inaudible unclear crosstalk laughter laugh laughs cough coughs noise
silence lachen lacht räuspern unverständlich
"""
_NOISES = frozenset(f"{start}{sound}{end}" for sound in _SOUNDS.split() for start, end in ("{}", "[]", "()", "<>"))
_HESITATIONS = "uh uhh um umm uhm erm hm hmm mm mmm äh ähm öh öhm ähem"
_FILLERS = frozenset(_HESITATIONS.split()) | _NOISES
_PAIRS = frozenset({("you", "know"), ("i", "mean"), ("sort", "of"), ("kind", "of")})
_SECONDS = frozenset(second for _, second in _PAIRS)
_DETERMINERS = "a an the this that these those what which some any every each same one another of no my your other"
_KINDS = frozenset(_DETERMINERS.split())
"""In front of "kind of", these mean kinds."""
_SAID_TWICE = """
had that no very yes yeah bye ja nein doch oh zero one two three four five six seven eight nine ten null eins zwei
drei vier fünf sechs sieben acht neun zehn
"""
_TWICE = frozenset(_SAID_TWICE.split())
"""Words that are said twice on purpose, and digits."""
_STOPS = frozenset({".", "?", "!"})
_TURN = re.compile(r"^([^\W\d_][\w.'\u2019\-]*+(?: [\w.'\u2019\-]++){0,4}+) ?: (.*)$")

LEAST_TURNS = 4
"""Of a speaker whose name is abbreviated."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """This optimizer has no options."""


class Transcript:
    """Writes down what was said."""

    level = Level.BALANCED
    kinds = frozenset({Kind.TRANSCRIPT})

    def rewrite(self, piece: Piece) -> str:
        """The same turns, in order."""
        turns: list[_Turn] = []
        for line in piece.text.split("\n"):
            found = _TURN.match(line)
            if found is None:
                turns.append(_Turn("", [line]))
                continue
            speaker = found[1]
            if turns and turns[-1].speaker == speaker:
                turns[-1].say(found[2].split(" "))
                continue
            turn = _Turn(speaker, [])
            turn.say(found[2].split(" "))
            if any(letter.isalnum() for word in turn.said for letter in word):
                turns.append(turn)
        names = _short_names(turns)
        lines = [f"{names.get(one.speaker, one.speaker)}: " * bool(one.speaker) + " ".join(one.said) for one in turns]
        legend = "; ".join(f"{short}={name}" for name, short in names.items())
        return "\n".join([legend, *lines] if legend else lines)


class _Turn:
    """What somebody says: every word once, and those alone that say something."""

    __slots__ = ("_bare", "said", "speaker")

    def __init__(self, speaker: str, said: list[str]) -> None:
        self.speaker = speaker
        self.said = said
        self._bare: list[str] = []
        """The words in lower case and without a comma, which by itself is empty."""

    def say(self, words: list[str]) -> None:
        """Adds words that are said."""
        said, bares = self.said, self._bare
        for place, word in enumerate(words):
            bare = word.rstrip(",").lower()
            if bare in _FILLERS or not word:
                continue
            if (
                bare in _SECONDS
                and said
                and (bares[-1], bare) in _PAIRS
                and self._is_filler(word, words[place + 1 :][:1])
            ):
                said.pop()
                bares.pop()
            elif bare.isalpha():
                self._add(word, bare)
            elif not bare:  # a comma by itself
                if said and said[-1][-1] not in ",.?!":
                    said.append(word)
                    bares.append("")
            elif word not in _STOPS:
                said.append(word)
                bares.append(bare)
            elif said and said[-1] == ",":
                said[-1] = bares[-1] = word
            elif said and said[-1] not in _STOPS:
                said.append(word)
                bares.append(word)

    def _add(self, word: str, bare: str) -> None:
        """Adds one word, unless it, or it and the one before, were said just before."""
        said, bares = self.said, self._bare
        if bares and bare not in _TWICE:
            last = bares[-1]
            if last == bare:
                return
            if len(bares) > 1 and bares[-2] == bare:
                is_pair = len(bares) > 2 and bares[-3] == last and last.isalpha()
                if is_pair or not last:
                    said.pop()
                    bares.pop()
                    return
        said.append(word)
        bares.append(bare)

    def _is_filler(self, word: str, behind: list[str]) -> bool:
        """Whether two words that may be one are: "sort of" unless it is a sort, "you know" between marks."""
        before = self._bare[-2] if len(self._bare) > 1 else "."
        if word.lower() == "of":
            return before not in _KINDS
        return not before or before in _STOPS or word.endswith(",") or behind in ([","], ["."])


def _short_names(turns: list[_Turn]) -> dict[str, str]:
    """Abbreviations of names that are said often, none of which is a name of somebody else or two people's."""
    counts = Counter(one.speaker for one in turns if one.speaker)
    names = [name for name, count in counts.items() if count >= LEAST_TURNS and (" " in name or len(name) > 8)]
    short = {name: "".join(word[0] for word in name.split())[:3].upper() for name in names}
    if len(set(short.values())) < len(short) or set(short.values()) & counts.keys():
        short = {name: f"S{number}" for number, name in enumerate(names, 1)}
        if set(short.values()) & counts.keys():
            return {}
    legend = weigh("; ".join(f"{brief}={name}" for name, brief in short.items())) + 1
    gain = sum(counts[name] * (weigh(name) - weigh(brief)) for name, brief in short.items())
    return short if gain > legend else {}


def build(settings: Settings) -> Optimizer:
    """The optimizer."""
    del settings
    return Transcript()
