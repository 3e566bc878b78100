"""A text as checks read it, and where each of its characters stands in the original."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Passage(msgspec.Struct, frozen=True):
    """``text`` made from ``original``: character ``i`` stems from ``original[starts[i]:ends[i]]``.

    Without ``starts`` the text is the original itself.
    """

    original: str
    text: str
    starts: Sequence[int] | None = None
    ends: Sequence[int] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where ``text[start:end]``, which must not be empty, stands in the original."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]
