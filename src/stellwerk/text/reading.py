"""A text as checks are given it: without its disguises, and with what it says once encodings in it are undone."""

from __future__ import annotations

from stellwerk.core.subject import Side, Speaker, Subject
from stellwerk.text.canonical import canonicalise
from stellwerk.text.views import views

PLAIN = 0.85
"""A text of which a reading is shorter than this share is code in good part."""


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


def judged(subject: Subject) -> tuple[str, ...]:
    """What models are asked about: all readings, and the text itself unless that is code in good part.

    A reading says in plain words all that the text says elsewhere, so that nothing is lost, and letters that look like
    code frighten nobody.
    """
    text = subject.passage.text
    readings = tuple(reading.text for reading in subject.readings)
    return readings if any(len(reading) < PLAIN * len(text) for reading in readings) else (text, *readings)
