"""The form in which two last turns count as the same text: spacing, capitals of sentences, and how a turn ends.

What can carry meaning stays: numbers, signs, units such as mW and MW, identifiers, abbreviations, whatever stands in
quotation marks, and all of a text that may be code. Politeness stays too: leaving it out is a judgement, not a form.
"""

from __future__ import annotations

import re
import unicodedata

_CODE = re.compile(r"[`{}<>\\]|\w\(|\)\s*;|==|!=|->|=>|::|&&|\|\||\w=\w|^\s*[#$>/-]", re.MULTILINE)
_QUOTED = re.compile(
    r"(\"[^\"]*\"|\u201c[^\u201d]*\u201d|\u201e[^\u201c]*\u201c|\u00ab[^\u00bb]*\u00bb|(?<!\w)'[^']*'(?!\w))"
)
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[^\W\d_]+")
_ENDING = re.compile(r"(?:[\s?.\u2026]|(?<![\d)\]])(?<!\b\w)!)+$")
_AMBIGUOUS = frozenset(
    ["it", "us", "who", "am", "pm", "aids", "may", "pin", "sim", "mad", "all", "cop", "in", "or", "me", "hi"]
)
"""Words that in capitals are also abbreviations; a text all in capitals that has one stays as it is."""


def normal_form(text: str) -> str:
    """The form of a turn. Equal forms may share an answer; applied to a form it gives that form again."""
    text = unicodedata.normalize("NFKC", text).strip()
    if _CODE.search(text):
        return text
    is_loud = text.isupper() and len(text) > 1 and _AMBIGUOUS.isdisjoint(_SPACE.split(text.lower()))
    parts = _QUOTED.split(text)
    parts[::2] = [_SPACE.sub(" ", _WORD.sub(lambda word: _folded(word, loud=is_loud), part)) for part in parts[::2]]
    whole = "".join(parts).strip()
    return whole if len(parts) > 1 and not parts[-1].strip(" ?.!\u2026") else _ENDING.sub("", whole) or whole


def _folded(found: re.Match[str], *, loud: bool) -> str:
    """A word in small letters where its capitals are those of a sentence or of a shout."""
    word = found.group()
    before = found.string[found.start() - 1 : found.start()]
    behind = found.string[found.end() : found.end() + 1]
    if before.isdigit() or before in {"_", "@", "/", "."} or behind == "_" or behind.isdigit():
        return word  # a unit behind its number, or a piece of a name
    if loud or (len(word) > 1 and word[1:].islower() and not _follows_number(found)):
        return word.casefold() if word.casefold() == word.lower() else word.lower()
    return word.lower() if word == "I" else word


def _follows_number(found: re.Match[str]) -> bool:
    """Whether a short word stands behind a number and a space, as units do."""
    start = found.start()
    return len(found.group()) <= 3 and found.string[max(0, start - 2) : start - 1].isdigit()
