"""Old turns of a conversation in the sentences that say most: the first and last, those with numbers, names, decisions.

Sentences are taken out, never rewritten. Code, JSON and logs within them stay whole. Which turns are old is decided in
steps of many turns at a time, so that the prefix of a conversation stays the same from one step to the next.
"""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

from stellwerk.core.optimization import Kind, Level, Piece
from stellwerk.ports.optimizer import Optimizer
from stellwerk.text.kinds import segments
from stellwerk.text.sentences import sentences

_TELLING = re.compile(r"\d|[\"“„«`]|https?:|@")
_NAME = re.compile(r"(?<=[a-zäöüß,;:] )[A-ZÄÖÜ][\w-]{2,}")
_DECIDED = re.compile(
    r"\b(?:must|never|always|decid\w+|agreed|prefer\w*|should|error|fail\w*|because|important|result|conclu\w+|"
    r"muss|nie|immer|entschied\w*|beschlossen|soll\w*|fehler|weil|wichtig|ergebnis)\b",
    re.IGNORECASE,
)
_GAP = " […] "
_SHORTENED = frozenset({Kind.PROSE, Kind.MARKDOWN, Kind.TRANSCRIPT})


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much stays of an old turn."""

    keep: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.35
    """So much of its characters, the first sentence in any case."""


class History:
    """Takes the telling sentences out."""

    level = Level.AGGRESSIVE
    kinds = frozenset({Kind.TURN})

    def __init__(self, settings: Settings) -> None:
        self._keep = settings.keep

    def rewrite(self, piece: Piece) -> str:
        """The turn in fewer sentences, in their order."""
        if _GAP in piece.text:
            return piece.text
        parts = (
            self._shortened(piece.text[one.start : one.end])
            if one.kind in _SHORTENED
            else piece.text[one.start : one.end]
            for one in segments(piece.text)
        )
        return "".join(parts)

    def _shortened(self, text: str) -> str:
        places = list(sentences(text))
        if len(places) < 4:
            return text
        weights = [_weight(text[start:end]) for start, end in places]
        weights[0] += 8.0
        weights[-1] += 2.0
        left = int(self._keep * len(text))
        kept: set[int] = set()
        for place in sorted(range(len(places)), key=lambda place: (-weights[place], place)):
            start, end = places[place]
            if not kept or end - start <= left:
                kept.add(place)
                left -= end - start
        pieces = [text[: places[0][0]]]
        last = -1
        for place in sorted(kept):
            start, end = places[place]
            pieces.append("" if place == 0 else text[places[last][1] : start] if place == last + 1 else _GAP)
            pieces.append(text[start:end])
            last = place
        pieces.append(text[places[-1][1] :] if last == len(places) - 1 else _GAP.rstrip() + text[places[-1][1] :])
        return "".join(pieces)


def _weight(sentence: str) -> float:
    """What a sentence says, for its length."""
    telling = len(_TELLING.findall(sentence, 0, 400)) + 2 * len(_NAME.findall(sentence, 0, 400))
    return (2.0 * bool(_DECIDED.search(sentence)) + min(telling, 8)) / (1.0 + len(sentence) / 200)


def build(settings: Settings) -> Optimizer:
    """The optimizer."""
    return History(settings)
