"""What a check is given to judge: one text, who says it, and what stands around it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from stellwerk.core.passage import Passage


class Side(StrEnum):
    """Where a text is on its way to."""

    INPUT = "input"
    OUTPUT = "output"
    LOG = "log"


class Speaker(StrEnum):
    """Whose words a text is, from the most trusted to the least."""

    SYSTEM = "system"
    DEVELOPER = "developer"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"
    """A tool's result, or what was retrieved: nobody in the conversation has written it."""

    @property
    def is_trusted(self) -> bool:
        """Whether instructions in such a text are for the model to follow."""
        return self in {Speaker.SYSTEM, Speaker.DEVELOPER}


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """One text to judge. Every passage is over the same original, so that spans have one meaning."""

    passage: Passage
    """The text without the disguises that no reader sees."""
    readings: tuple[Passage, ...] = ()
    """What it says besides, once encodings in it are undone."""
    speaker: Speaker = Speaker.USER
    side: Side = Side.INPUT
    sources: tuple[str, ...] = ()
    """What an answer is given to rest on: documents, search results and tools' results of the request."""
    question: str = ""
    """What the caller wants to know, for checks of an answer."""

    @property
    def original(self) -> str:
        """The text as it was sent."""
        return self.passage.original
