"""A text as checks are given it: without its disguises, and with what it says once encodings in it are undone."""

from __future__ import annotations

from stellwerk.core.subject import Side, Speaker, Subject
from stellwerk.text.canonical import canonicalise
from stellwerk.text.views import views


def read(
    text: str,
    *,
    speaker: Speaker = Speaker.USER,
    side: Side = Side.INPUT,
    sources: tuple[str, ...] = (),
    question: str = "",
) -> Subject:
    """The subject of a text."""
    passage = canonicalise(text)
    readings = tuple(view.passage for view in views(passage))
    return Subject(passage=passage, readings=readings, speaker=speaker, side=side, sources=sources, question=question)
