"""Logs written by their patterns: a notation of our own from which every line can be read again.

Lines that differ only in words with digits in them have one pattern. It is written once, under a letter that the log
does not have, and each of its lines becomes this letter and what differs::

    <log lines=4 patterns=1>
    λ=Jun 14 * combo sshd[*]: authentication failure
    λ15:16:01 19939
    λ15:16:02 19937
    Jun 14 15:16:03 combo kernel: out of memory
    λ15:16:04 19938
    </log>

Letters and stars that the log itself has are not used for this.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from stellwerk.core.optimization import weigh

MARKS = "λβγδεζηθκμξπτφχψωΓΔΘΛΞΠΣΦΨΩ"
"""Letters that are a single token each in the vocabularies of today, and look like no others."""
GAPS = "*¤†‡"
"""What stands in a pattern for what differs: the first that the log does not have."""
LEAST_GAIN = 5.0
"""Tokens that a pattern has to save."""
_CLOSE = "</log>"
_BLOCK = re.compile(r"<log lines=(\d{1,9}) patterns=(\d{1,2})(?: gap=([¤†‡]))?>\n")
_HAS_DIGIT = re.compile(r"\d")


class _Pattern:
    """Lines that have one pattern."""

    __slots__ = ("gain", "places", "text", "values")

    def __init__(self, text: str, places: list[int], values: list[str], gain: float) -> None:
        self.text = text
        self.places = places
        self.values = values
        self.gain = gain


def encoded(log: str) -> str:
    """A log by its patterns, or as it is where that saves nothing. Linear in the log."""
    gap = next((gap for gap in GAPS if gap not in log), None)
    marks = [mark for mark in MARKS if mark not in log]
    if gap is None or not marks or _CLOSE in log or "<log lines=" in log:
        return log
    lines = log.split("\n")
    patterns = _patterns(lines, gap)[: len(marks)]
    if not patterns:
        return log
    legend: list[str] = []
    for mark, pattern in zip(marks, patterns, strict=False):
        legend.append(f"{mark}={pattern.text}")
        for place, written in zip(pattern.places, pattern.values, strict=True):
            lines[place] = mark + written
    head = f"<log lines={len(lines)} patterns={len(legend)}{'' if gap == GAPS[0] else f' gap={gap}'}>"
    return "\n".join([head, *legend, *lines, _CLOSE])


def decoded(text: str) -> str:
    """Any text with its logs written out again; what is no log of ours stays as it is."""
    pieces: list[str] = []
    at = 0
    while (mark := _BLOCK.search(text, at)) is not None:
        close = text.find("\n" + _CLOSE, mark.end())
        lines = None if close < 0 else _read(text[mark.end() : close], int(mark[1]), int(mark[2]), mark[3] or GAPS[0])
        if lines is None:
            pieces.append(text[at : mark.end()])
            at = mark.end()
        else:
            pieces += (text[at : mark.start()], lines)
            at = close + 1 + len(_CLOSE)
    pieces.append(text[at:])
    return "".join(pieces)


# -- writing


def _patterns(lines: list[str], gap: str) -> list[_Pattern]:
    """The patterns that save something, those first that save most."""
    words = [line.split(" ") for line in lines]
    groups: defaultdict[tuple[str | None, ...], list[int]] = defaultdict(list)
    for place, line in enumerate(words):
        groups[tuple([None if _HAS_DIGIT.search(word) else word for word in line])].append(place)
    found = [
        _pattern(shape, places, [words[place] for place in places], lines, gap)
        for shape, places in groups.items()
        if len(places) > 1
    ]
    worth = [pattern for pattern in found if pattern.gain > LEAST_GAIN]
    return sorted(worth, key=lambda pattern: -pattern.gain)


def _pattern(
    shape: Sequence[str | None], places: list[int], rows: list[list[str]], lines: list[str], gap: str
) -> _Pattern:
    parts: list[str] = []
    differing: list[list[str]] = []
    for column, word in enumerate(shape):
        values = [row[column] for row in rows]
        if word is not None or values.count(values[0]) == len(values):
            parts.append(values[0])
            continue
        before, behind = _common(values)
        first = values[0]
        parts.append(first[:before] + gap + first[len(first) - behind :])
        differing.append([value[before : len(value) - behind] for value in values])
    written = [_joined(row) for row in zip(*differing, strict=True)] if differing else [""] * len(rows)
    text = " ".join(parts)
    gain = (
        weigh("\n".join([lines[place] for place in places])) - weigh(text) - weigh("\n".join(written)) - len(rows) - 3
    )
    return _Pattern(text, places, written, gain)


def _joined(values: Sequence[str]) -> str:
    joined = " ".join(values)
    return f" {joined}" if joined[0].isalpha() else joined


def _common(values: list[str]) -> tuple[int, int]:
    """How many characters all have in common in front and behind, not counting parts of words and numbers."""
    least, most, shortest = min(values), max(values), min(map(len, values))
    before = _shared(least, most, shortest - 1)
    while before and _goes_on(least[before - 1]):
        before -= 1
    turned = [value[::-1] for value in values]
    least, most = min(turned), max(turned)
    behind = _shared(least, most, shortest - 1 - before)
    while behind and _goes_on(least[behind - 1]):
        behind -= 1
    return before, behind


def _goes_on(letter: str) -> bool:
    """Whether a word or a number may go on behind it."""
    return letter.isalnum() or letter in ".,"


def _shared(one: str, two: str, most: int) -> int:
    shared = 0
    while shared < most and one[shared] == two[shared]:
        shared += 1
    return shared


# -- reading


def _read(text: str, count: int, patterns: int, gap: str) -> str | None:
    """The lines of a log; ``None`` where it is none of ours."""
    given = text.split("\n")
    legend, lines = given[:patterns], given[patterns:]
    by_mark = {line[0]: line[2:].split(gap) for line in legend if line[1:2] == "=" and line[0] in MARKS}
    if len(lines) != count or len(by_mark) < patterns:
        return None
    written: list[str] = []
    for line in lines:
        parts = by_mark.get(line[:1])
        if parts is None:
            written.append(line)
            continue
        values = line[1:].removeprefix(" ").split(" ") if line[1:] else []
        if len(values) != len(parts) - 1:
            return None
        written.append("".join([part + value for part, value in zip(parts, [*values, ""], strict=True)]))
    return "\n".join(written)
