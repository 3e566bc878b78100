"""Markdown without what only its source shows: padding in tables, long rules, badges, marks that follow visitors."""

from __future__ import annotations

import re

import msgspec

from stellwerk.core.optimization import Kind, Level, Piece
from stellwerk.ports.optimizer import Optimizer

_ROW = re.compile(r"^\|.*\|[ \t]*$", re.MULTILINE)
_CELL_EDGE = re.compile(r"[ \t]*+\|[ \t]*+")
_DASHES = re.compile(r"^\|(?::?-++:?\|)++$")
_LONG_DASHES = re.compile(r"-{2,}+")
_RULE = re.compile(r"^([-=*_~])\1{4,}+[ \t]*$", re.MULTILINE)
_BADGE = re.compile(
    r"\[!\[[^\]\n]{0,200}\]\([^()\s]{0,500}\)\]\([^()\s]{0,500}\)[ \t]*|"
    r"!\[[^\]\n]{0,200}\]\([^()\s]{0,300}(?:badge|shields\.io)[^()\s]{0,300}\)[ \t]*"
)
_FOLLOWING = re.compile(r"(?<=[?&])(?:utm_[a-z]{1,20}|fbclid|gclid|mc_[ce]id|igshid)=[^&\s)\"'>\]]*+&?")
_LOOSE_END = re.compile(r"[?&](?=[)\s\"'>\]]|$)")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """This optimizer has no options."""


class Markdown:
    """Writes what renders the same in fewer signs."""

    level = Level.BALANCED
    kinds = frozenset({Kind.MARKDOWN})

    def rewrite(self, piece: Piece) -> str:
        """The same document."""
        text = _RULE.sub(r"\1\1\1", _ROW.sub(_row, piece.text))
        if "![" in text:
            text = _BADGE.sub("", text)
        if _FOLLOWING.search(text) is not None:
            text = _LOOSE_END.sub("", _FOLLOWING.sub("", text))
        return text


def _row(row: re.Match[str]) -> str:
    closed = _CELL_EDGE.sub("|", row[0])
    return _LONG_DASHES.sub("-", closed) if _DASHES.match(closed) else closed


def build(settings: Settings) -> Optimizer:
    """The optimizer."""
    del settings
    return Markdown()
