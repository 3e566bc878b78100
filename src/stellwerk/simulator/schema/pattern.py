"""Texts that match a regular expression: of the part of the syntax that JSON Schemas use."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from stellwerk.simulator.dice import Dice
from stellwerk.simulator.schema.check import BadSchema

Writer = Callable[[Dice], str]

MORE_REPEATS = 5
"""How many repeats beyond the least an open quantifier may write."""
MOST_REPEATS = 1_000

_DIGITS = "0123456789"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_WORD = _LETTERS + _LETTERS.upper() + _DIGITS + "_"
_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
_CLASSES = {"d": _DIGITS, "w": _WORD, "s": " "}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
_QUANTIFIER = re.compile(r"([*+?])|\{(\d+)(,?)(\d*)\}")
_GROUP = re.compile(r"\?:|\?P?<[A-Za-z_]\w*>")
_HEX = {"x": re.compile(r"[0-9A-Fa-f]{2}"), "u": re.compile(r"[0-9A-Fa-f]{4}")}


class UnsupportedPattern(BadSchema):
    """An expression that is wrong, or beyond what is understood here."""


@lru_cache(maxsize=512)
def pattern_writer(pattern: str) -> Writer:
    """What writes texts that match ``pattern``. Raises ``UnsupportedPattern``."""
    reader = _Reader(pattern)
    writer = reader.alternation()
    if reader.rest:
        raise UnsupportedPattern(f"an unmatched bracket in the pattern {pattern!r}")
    return writer


class _Reader:
    """A recursive descent through one expression."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0

    @property
    def rest(self) -> str:
        return self._pattern[self._at :]

    def alternation(self) -> Writer:
        branches = [self._sequence()]
        while self.rest.startswith("|"):
            self._at += 1
            branches.append(self._sequence())
        return branches[0] if len(branches) == 1 else lambda dice: dice.pick(branches)(dice)

    def _sequence(self) -> Writer:
        parts: list[Writer] = []
        while self.rest and self.rest[0] not in "|)":
            part = self._atom()
            if part is not None:
                parts.append(self._repeated(part))
        return lambda dice: "".join([part(dice) for part in parts])

    def _atom(self) -> Writer | None:
        character = self._take()
        if character in "^$" or (character == "\\" and self.rest[:1] in {"b", "A", "Z"}):
            self._at += character == "\\"
            return None
        if character == "(":
            return self._group()
        if character in "*+?":
            self._fail("a quantifier after nothing")
        members = {"[": self._class, ".": lambda: _WORD, "\\": self._escaped}.get(character)
        return _one_of(members() if members is not None else character)

    def _group(self) -> Writer:
        opening = _GROUP.match(self.rest)
        if opening is not None:
            self._at += opening.end()
        elif self.rest.startswith("?"):
            self._fail("a look-around or an option")
        writer = self.alternation()
        self._take()  # nothing but a closing bracket, or the end, ends an alternation
        return writer

    def _repeated(self, part: Writer) -> Writer:
        quantifier = _QUANTIFIER.match(self.rest)
        if quantifier is None:
            return part
        self._at += quantifier.end()
        if self.rest[:1] in {"?", "+"}:
            self._at += 1
        sign, least_text, comma, most_text = quantifier.groups()
        least = int(least_text) if least_text else int(sign == "+")
        most = 1 if sign == "?" else least + MORE_REPEATS
        if least_text and not comma:
            most = least
        elif most_text:
            most = min(int(most_text), most)
        if most < least or least > MOST_REPEATS:
            self._fail("a quantifier that nothing fulfils, or too many repeats")
        return lambda dice: "".join([part(dice) for _ in range(dice.between(least, most))])

    def _class(self) -> str:
        is_negated = self.rest.startswith("^")
        self._at += is_negated
        members = ""
        while not self.rest.startswith("]") or not members:
            low = self._member()
            if len(low) == 1 and self.rest.startswith("-") and self.rest[1:2] not in {"]", ""}:
                self._at += 1
                high = self._member()
                if len(high) != 1 or high < low:
                    self._fail("a range that runs backwards")
                members += "".join(map(chr, range(ord(low), min(ord(high), ord(low) + 255) + 1)))
            else:
                members += low
        self._at += 1
        allowed = "".join(sorted(set(_PRINTABLE) - set(members))) if is_negated else members
        return allowed or self._fail("a class that nothing fits")

    def _member(self) -> str:
        character = self._take()
        return self._escaped() if character == "\\" else character

    def _escaped(self) -> str:
        """The characters that the escape whose backslash was just read stands for."""
        character = self._take()
        if character in _CLASSES:
            return _CLASSES[character]
        if character.lower() in _CLASSES:
            excluded = _CLASSES[character.lower()]
            return "".join(letter for letter in _PRINTABLE if letter not in excluded)
        if character in _CONTROLS:
            return _CONTROLS[character]
        if character in _HEX and (digits := _HEX[character].match(self.rest)):
            self._at += digits.end()
            return chr(int(digits.group(), 16))
        if character.isalnum():
            self._fail(f"the escape \\{character}")
        return character

    def _take(self) -> str:
        if self._at >= len(self._pattern):
            self._fail("an end too early")
        self._at += 1
        return self._pattern[self._at - 1]

    def _fail(self, what: str) -> str:
        raise UnsupportedPattern(f"{what} in the pattern {self._pattern!r}")


def _one_of(characters: str) -> Writer:
    return lambda dice: dice.pick(characters)
