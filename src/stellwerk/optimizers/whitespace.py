"""White space that says nothing: at the ends of lines, between paragraphs, and doubled within sentences.

Indentation stays, and so do gaps that align columns: they are all that a table in plain text has.
"""

from __future__ import annotations

import re

import msgspec

from stellwerk.core.optimization import Kind, Level, Piece
from stellwerk.ports.optimizer import Optimizer

_LINE_END = re.compile(r"(?<![ \t\r\xa0])[ \t\r\xa0]++(?=\n)")
_MANY_BREAKS = re.compile(r"\n{3,}+")
_GAP = re.compile(r"(?<=\S)[ \t\xa0]{2,}+(?=\S)")
_PARAGRAPH = re.compile(r"(\n\n+)")
_LOOSE_ENDS = (" \n", "\t\n", "\r\n", "\xa0\n")
_GAPS = ("  ", "\t", "\xa0")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """This optimizer has no options."""


class Whitespace:
    """Takes away what no reader sees."""

    level = Level.SAFE
    kinds = frozenset({Kind.PROSE, Kind.MARKDOWN, Kind.TRANSCRIPT})

    def rewrite(self, piece: Piece) -> str:
        """The same words in the same lines and paragraphs."""
        text = piece.text
        if any(mark in text for mark in _LOOSE_ENDS):
            text = _LINE_END.sub("", text)
        text = _MANY_BREAKS.sub("\n\n", text)
        if not any(mark in text for mark in _GAPS) or _GAP.search(text) is None:
            return text
        return "".join(map(_closed, _PARAGRAPH.split(text)))


def _closed(paragraph: str) -> str:
    """A paragraph without gaps in its lines, unless it looks like a table."""
    gaps = sum(1 for line in paragraph.split("\n") if _GAP.search(line))
    return _GAP.sub(" ", paragraph) if gaps == 1 or ("|" not in paragraph and _is_prose(paragraph)) else paragraph


def _is_prose(paragraph: str) -> bool:
    """Whether gaps are rare in it: at most one in forty characters."""
    return len(_GAP.findall(paragraph)) * 40 <= len(paragraph)


def build(settings: Settings) -> Optimizer:
    """The optimizer."""
    del settings
    return Whitespace()
