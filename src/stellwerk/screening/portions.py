"""Texts as a service takes them: those too long are cut, with an overlap, and what is found is put together again.

Decoded readings of a text are asked about as texts of their own: a service sees nothing of what is hidden in base64.
Places stay those of the original, whichever part or reading they were found in.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

import msgspec

from stellwerk.core.capacity import Capacity
from stellwerk.core.passage import Passage
from stellwerk.core.subject import Subject
from stellwerk.core.verdict import Finding, merged

_OVERLAP = 8
"""Parts share the eighth of their length at most, and never more than a sentence."""
_LONGEST_OVERLAP = 256


class Portion(msgspec.Struct, frozen=True):
    """What one request asks about. ``owners`` says of each text which of the subjects it is of."""

    subjects: tuple[Subject, ...]
    owners: tuple[int, ...]


def portions(subjects: Sequence[Subject], max_texts: int, capacity: Capacity) -> tuple[Portion, ...]:
    """The requests that ask about all of the texts; none where there is no text."""
    made: list[Portion] = []
    parts: list[Subject] = []
    owners: list[int] = []
    room = capacity.most
    for owner, part in _parts(subjects, capacity):
        length = capacity.length(part.passage.text)
        if parts and (length > room or len(parts) == max_texts):
            made.append(Portion(tuple(parts), tuple(owners)))
            parts, owners, room = [], [], capacity.most
        parts.append(part)
        owners.append(owner)
        room -= length
    return (*made, Portion(tuple(parts), tuple(owners))) if parts else ()


def together(count: int, judged: Sequence[tuple[Portion, Sequence[tuple[Finding, ...]]]]) -> list[tuple[Finding, ...]]:
    """The findings for each of ``count`` subjects, from those for the texts of each portion."""
    found: list[list[Finding]] = [[] for _ in range(count)]
    for portion, answers in judged:
        for owner, findings in zip(portion.owners, answers, strict=True):
            found[owner] += findings
    return [merged(findings) for findings in found]


def _parts(subjects: Sequence[Subject], capacity: Capacity) -> Iterator[tuple[int, Subject]]:
    for owner, subject in enumerate(subjects):
        for passage in (subject.passage, *subject.readings):
            if capacity.length(passage.text) <= capacity.each:
                if passage.text:
                    yield owner, msgspec.structs.replace(subject, passage=passage, readings=())
                continue
            for start, end in _cuts(passage.text, capacity):
                yield owner, msgspec.structs.replace(subject, passage=_slice(passage, start, end), readings=())


def _cuts(text: str, capacity: Capacity) -> Iterator[tuple[int, int]]:
    start = 0
    while True:
        end = _reach(text, start, capacity)
        if end == len(text):
            yield start, end
            return
        overlap = min((end - start) // _OVERLAP, _LONGEST_OVERLAP)
        space = text.rfind(" ", end - overlap, end)
        end = space + 1 if space >= 0 else end
        yield start, end
        start = max(start + 1, end - overlap)


def _reach(text: str, start: int, capacity: Capacity) -> int:
    """How far a part that begins at ``start`` may go; at least one character."""
    room = min(len(text) - start, capacity.each)  # no unit is smaller than a code point
    if capacity.length(text[start : start + room]) <= capacity.each:
        return start + room
    sizes = range(1, room + 1)
    fitting = bisect_right(sizes, capacity.each, key=lambda size: capacity.length(text[start : start + size]))
    return start + max(1, fitting)


def _slice(passage: Passage, start: int, end: int) -> Passage:
    if passage.starts is None or passage.ends is None:
        return Passage(passage.original, passage.text[start:end], range(start, end), range(start + 1, end + 1))
    return Passage(passage.original, passage.text[start:end], passage.starts[start:end], passage.ends[start:end])
