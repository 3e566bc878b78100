"""How much text a service takes at a time, in the unit that it counts in."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Unit(StrEnum):
    """What a service counts when it measures a text."""

    CODE_POINTS = "code_points"
    UTF8 = "utf8"
    UTF16 = "utf16"


class Capacity(msgspec.Struct, frozen=True):
    """One text may be as long as ``each``, those of one request together as ``total``; without one, as ``each``."""

    each: int
    total: int = 0
    unit: Unit = Unit.CODE_POINTS

    @property
    def most(self) -> int:
        """What fits into one request."""
        return self.total or self.each

    def length(self, text: str) -> int:
        """A text's length in the unit."""
        if self.unit is Unit.CODE_POINTS or text.isascii():
            return len(text)
        if self.unit is Unit.UTF8:
            return len(text.encode("utf-8", "surrogatepass"))
        return len(text.encode("utf-16-le", "surrogatepass")) // 2
