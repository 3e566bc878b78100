"""The port of a check that runs in the process."""

from __future__ import annotations

from typing import Protocol

from stellwerk.core.passage import Passage
from stellwerk.core.verdict import Verdict


class Guardrail(Protocol):
    """Judges one text from memory: no I/O, never waits, the same answer for the same text.

    It takes time in proportion to the text's length, whatever the text. What raises is a check that did not run: who
    calls it turns that into a verdict with an error.
    """

    def check(self, passage: Passage) -> tuple[Verdict, ...]:
        """One verdict for each category that was found, with spans in the original; empty for a text without any."""
        ...
