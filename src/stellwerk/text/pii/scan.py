"""One look at a text for all rules: where numbers, ``@`` and ``://`` stand, so that none has to read the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

_GROUP = re.compile(r"[0-9]++([ ()/.-]{1,3}+(?=[0-9]))?")
_CODED = re.compile(r"[A-ZÄÖÜ](?=[A-ZÄÖÜ0-9 -]{0,8}\d)")
_WWW = re.compile(r"[wW](?<!\w.)[wW]{2}\.")
_LONGEST_LOCAL_PART = 64
_LONGEST_SCHEME = 16


class Scan:
    """A text, and the places in it where hits can begin. Each list is made when a rule first asks for it.

    Digits are those of ASCII: others are a disguise, which is taken off before.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._by_length: dict[int, list[int]] = {}

    @cached_property
    def low(self) -> str:
        """The text in small letters, which may be longer."""
        return self.text.lower()

    @cached_property
    def codes(self) -> list[int]:
        """Where a capital stands before a digit, no more than eight capitals, digits, spaces and hyphens between."""
        return [hit.start() for hit in _CODED.finditer(self.text)]

    @cached_property
    def after_spaces(self) -> list[int]:
        """Where runs of digits begin behind a space."""
        text = self.text
        return [start for start in self.numbers(1) if start and text[start - 1] == " "]

    @cached_property
    def groups(self) -> list[tuple[int, int]]:
        """Where each run of digits begins, and how many digits follow from there, those after separators included."""
        found: list[tuple[int, int]] = []
        hits = list(_GROUP.finditer(self.text))
        following = 0
        for hit in reversed(hits):
            separators = hit.end(1) - hit.start(1) if hit.lastindex else 0
            following = hit.end() - hit.start() - separators + (following if separators else 0)
            found.append((hit.start(), following))
        return found[::-1]

    def numbers(self, fewest: int) -> list[int]:
        """Where runs of digits begin from which so many digits follow, at most three separators between two."""
        places = self._by_length.get(fewest)
        if places is None:
            places = self._by_length[fewest] = [start for start, digits in self.groups if digits >= fewest]
        return places

    def signed(self, fewest: int) -> Iterator[int]:
        """The same, and before each the sign or bracket that it may begin with."""
        for start in self.numbers(fewest):
            if start and self.text[start - 1] in "+(":
                yield start - 1
            yield start

    def addresses(self) -> Iterator[int]:
        """Where the local part of a mail address can begin."""
        text, at = self.text, self.text.find("@")
        while at != -1:
            start = at
            while start > max(0, at - _LONGEST_LOCAL_PART) and (
                text[start - 1].isalnum() or text[start - 1] in "_.+%'-"
            ):
                start -= 1
            for place in range(start, at):
                if place == start or text[place - 1] == "'":
                    yield place
            at = text.find("@", at + 1)

    def urls(self) -> Iterator[int]:
        """Where a URL or a host that begins with ``www.`` can begin."""
        yield from sorted({*self.schemes(), *(hit.start() for hit in _WWW.finditer(self.text))})

    def schemes(self) -> Iterator[int]:
        """Where the scheme of a URL can begin: at the last word before ``://``, or at the words that form it."""
        text, mark = self.text, self.text.find("://")
        while mark != -1:
            start = mark
            while start > max(0, mark - _LONGEST_SCHEME) and (text[start - 1].isalnum() or text[start - 1] in "+.-"):
                start -= 1
            for place in range(start, mark):
                if place == start or not text[place - 1].isalnum():
                    yield place
            mark = text.find("://", mark + 1)
