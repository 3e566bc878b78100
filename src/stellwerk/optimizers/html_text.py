"""Whole web pages as the text that a browser shows: scripts, styles, comments and attributes go, words stay.

Headings keep their rank as in Markdown, lists their bullets, tables a line for each row, pictures what they are said to
show. Whoever asks about the page's markup gets the page as it is.
"""

from __future__ import annotations

import html
import re

import msgspec

from stellwerk.core.optimization import Kind, Level, Piece
from stellwerk.ports.optimizer import Optimizer

_TOKEN = re.compile(r"<!--|<(/?)([a-zA-Z][\w:-]*+)((?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+)>|<![^>]*+>")
_ALT = re.compile(r"\salt\s*=\s*(?:\"([^\"]*+)\"|'([^']*+)')", re.IGNORECASE)
_UNSEEN = frozenset({"script", "style", "svg", "noscript", "template", "iframe", "object", "canvas"})
_BLOCK_NAMES = """
address article aside blockquote body br dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 head
header hr html li main nav ol option p pre section select summary table tbody tfoot thead title tr ul
"""
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_CELLS = frozenset({"td", "th"})
_MARKUP = re.compile(
    r"\b(?:html|css|markup|selectors?|xpath|dom|tags?|attributes?|scrap\w+|script|javascript|links?|urls?|href|"
    r"accessib\w+|verlinkt\w*|attribute?)\b",
    re.IGNORECASE,
)
_SPACE = re.compile(r"[ \t\r\f\xa0]+")
_AROUND_BREAK = re.compile(r" ?\n[\n ]*+")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """This optimizer has no options."""


class HtmlText:
    """Reads a page as people do."""

    level = Level.BALANCED
    kinds = frozenset({Kind.HTML})

    def rewrite(self, piece: Piece) -> str:
        """The words of the page."""
        is_page = "</" in piece.text
        return _text(piece.text) if is_page and _MARKUP.search(piece.question) is None else piece.text


def _text(page: str) -> str:
    pieces: list[str] = []
    at = 0
    while (token := _TOKEN.search(page, at)) is not None:
        pieces.append(_words(page[at : token.start()]))
        at = token.end()
        name = (token[2] or "").lower()
        if token[0] == "<!--":
            at = _behind(page, "-->", at)
        elif name in _UNSEEN and not token[1] and not token[3].endswith("/"):
            at = _behind(page, f"</{name}", at)
            at = _behind(page, ">", at)
        else:
            pieces.append(_mark(name, token))
    pieces.append(_words(page[at:]))
    return _AROUND_BREAK.sub("\n", _SPACE.sub(" ", "".join(pieces))).strip()


def _mark(name: str, token: re.Match[str]) -> str:
    """What a tag leaves behind."""
    is_closing = bool(token[1])
    if name in _CELLS:
        return " | " if is_closing else ""
    if name == "img" and (alt := _ALT.search(token[3])) is not None:
        return f" {html.unescape(alt[1] or alt[2] or '')} "
    if name not in _BLOCKS:
        return ""
    if is_closing:
        return "\n"
    if name == "li":
        return "\n- "
    return "\n" + "#" * int(name[1]) + " " if name[0] == "h" and name[1:].isdigit() else "\n"


def _words(raw: str) -> str:
    return html.unescape(raw).replace("\n", " ")


def _behind(page: str, mark: str, at: int) -> int:
    """Behind the next ``mark``, in either case of its letters; the end of the page where there is none."""
    found = page.find(mark, at)
    if found < 0:
        found = page.find(mark.upper(), at)
    return len(page) if found < 0 else found + len(mark)


def build(settings: Settings) -> Optimizer:
    """The optimizer."""
    del settings
    return HtmlText()
