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

_NOISES = frozenset(
    [
        "disfmarker",
        "vocalsound",
        "pause",
        "gap",
        "nonvocalsound",
        "inaudible",
        "unclear",
        "crosstalk",
        "laughter",
        "laugh",
        "laughs",
        "cough",
        "coughs",
        "noise",
        "silence",
        "lachen",
        "lacht",
        "räuspern",
        "unverständlich",
    ]
)
_FILLERS = frozenset(
    [
        "uh",
        "um",
        "uhm",
        "umm",
        "uhh",
        "erm",
        "er",
        "hm",
        "hmm",
        "mm",
        "mmm",
        "mm-hmm",
        "mmhmm",
        "mm-hm",
        "uh-huh",
        "äh",
        "ähm",
        "öh",
        "öhm",
        "hä",
        "ähem",
    ]
)
_PAIRS = frozenset({("you", "know"), ("i", "mean"), ("sort", "of"), ("kind", "of")})
_KINDS = frozenset(
    [
        "a",
        "an",
        "the",
        "this",
        "that",
        "these",
        "those",
        "what",
        "which",
        "some",
        "any",
        "every",
        "each",
        "same",
        "one",
        "another",
        "of",
        "no",
        "my",
        "your",
    ]
)
"""In front of "kind of", these mean kinds."""
_TWICE = frozenset({"had", "that", "no", "very", "ja", "nein", "yes", "bye"})
"""Words that are said twice on purpose."""
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
        turns: list[tuple[str, list[str]]] = []
        for line in piece.text.split("\n"):
            turn = _TURN.match(line)
            if turn is None:
                turns.append(("", [line]))
                continue
            speaker = turn[1]
            is_on = bool(turns) and turns[-1][0] == speaker
            said = turns[-1][1] if is_on else []
            _say(turn[2].split(" "), said)
            if not is_on and any(word[0].isalnum() for word in said):
                turns.append((speaker, said))
        names = _short_names(turns)
        lines = [f"{names.get(who, who)}: {' '.join(said)}" if who else said[0] for who, said in turns]
        legend = "; ".join(f"{short}={name}" for name, short in names.items())
        return "\n".join([legend, *lines] if legend else lines)


def _say(words: list[str], said: list[str]) -> None:
    """Adds words to what was said, each once, and those alone that say something."""
    for word in words:
        bare = word.rstrip(",").lower()
        if bare in _FILLERS or bare[1:-1] in _NOISES or not word:
            continue
        last = said[-1] if said else "."
        if not bare:  # a comma by itself
            if last[-1] not in ",.?!":
                said.append(word)
        elif word in _STOPS:
            if last == ",":
                said[-1] = word
            elif last not in _STOPS or not said:
                said.append(word)
        elif (last.lower(), bare) in _PAIRS and not (bare == "of" and said[-2:-1] and said[-2].lower() in _KINDS):
            said.pop()
        else:
            _add(word, bare, said)


def _add(word: str, bare: str, said: list[str]) -> None:
    """Adds one word, unless it, or it and the one before, were said just before."""
    if said and bare.isalpha() and bare not in _TWICE:
        lasts = [each.rstrip(",").lower() for each in said[-3:]]
        if lasts[-1] == bare:
            said.pop()
        elif (len(lasts) > 1 and not lasts[-1] and lasts[-2] == bare) or (
            len(lasts) > 2 and lasts[-2] == bare and lasts[-3] == lasts[-1] and lasts[-1].isalpha()
        ):
            del said[-2:]
    said.append(word)


def _short_names(turns: list[tuple[str, list[str]]]) -> dict[str, str]:
    """Abbreviations of names that are said often, none of which is a name of somebody else or two people's."""
    counts = Counter(speaker for speaker, _ in turns if speaker)
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
