"""A text as checks are given it: without its disguises, and with what it says once encodings in it are undone."""

from __future__ import annotations

from collections.abc import Callable

from stellwerk.core.passage import Passage
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


def changed(passage: Passage, reading: Passage, margin: int = 64) -> tuple[int, int]:
    """The part of a reading that says something else than the text itself, with some of what stands around it."""
    one, other = passage.text, reading.text
    most = min(len(one), len(other))
    same = _alike(most, lambda size: one[:size] == other[:size])
    behind = _alike(most - same, lambda size: one[len(one) - size :] == other[len(other) - size :])
    return max(0, same - margin), min(len(other), len(other) - behind + margin)


def place(reading: Passage, start: int, end: int) -> tuple[int, int]:
    """Where a part of a reading stands in the original, also when it is read backwards."""
    first, last = reading.span(start, end)
    return (first, last) if first < last else reading.span(end - 1, end)[:1] + reading.span(start, start + 1)[1:]


def _alike(most: int, is_alike: Callable[[int], bool]) -> int:
    """The greatest size up to which two texts are alike."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if is_alike(middle):
            low = middle
        else:
            high = middle - 1
    return low


def judged(subject: Subject) -> tuple[str, ...]:
    """What models are asked about: all readings, and the text itself unless that is code in good part.

    A reading says in plain words all that the text says elsewhere, so that nothing is lost, and letters that look like
    code frighten nobody.
    """
    text = subject.passage.text
    readings = tuple(reading.text for reading in subject.readings)
    return readings if any(len(reading) < PLAIN * len(text) for reading in readings) else (text, *readings)
