"""What a text consists of: code, JSON, logs, transcripts, web pages, Markdown, documents to answer from, and prose.

Fences come first, then JSON, then whole pages, then what lines and paragraphs look like. Whatever cannot be told apart
from code is code, which nobody changes. Linear in the text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from stellwerk.core.optimization import Kind, Segment
from stellwerk.text.json_values import spans

MOST_CHARACTERS = 2_000_000
"""A longer text is prose as a whole: nobody looks at it."""
LEAST_LINES = 8
"""Of a log; fewer lines have too little in common."""
LEAST_OBJECTS = 3
"""With a line each."""
LEAST_TURNS = 10
LEAST_DOCUMENTS = 3
LEAST_DOCUMENT = 120
"""Characters that documents have on average; what is shorter is a list."""

_FENCE = re.compile(r"^[ \t>]*+(`{3,}+|~{3,}+)([^\n`]*+)$", re.MULTILINE)
_PLAIN_FENCES = frozenset({"", "log", "logs", "text", "txt", "console", "plain", "plaintext", "output", "syslog"})
"""What may stand behind the marks of a fence that holds no code."""
_ENCODED = re.compile(r"<rows \d++(?: [^\n>]*+)?>\n|<log lines=\d++ patterns=\d++(?: gap=.)?>\n")
_ENDS = {"<rows": "</rows>", "<log ": "</log>"}

_TIME = re.compile(
    r"\d\d?:\d\d:\d\d|\d{4}[-/.]\d\d[-/.]\d\d|(?<![\d.])1\d{9}(?!\d)|(?<!\d)\d{6} \d{6}(?!\d)|\d{8}-\d\d?:|"
    r"\[\d\d[.:]\d\d[ :]"
)
_TIME_WITHIN = 80
_LEADING_TIME_WITHIN = 32
_LOG_SHARE = 0.6
_MOST_OTHER_LINES = 12
"""Between two lines of a log that have a time: of a stack trace."""

_PAGE = re.compile(r"<!doctype html|<html[\s>]|<body[\s>]", re.IGNORECASE)
_PAGE_END = re.compile(r"</html\s*+>|</body\s*+>(?!\s*+</html)", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*+>")

_PATCH = re.compile(r"^(?:diff --git |@@ -\d|--- [ab]/|\+\+\+ [ab]/|Index: )", re.MULTILINE)

_TURN = re.compile(r"^([^\W\d_][\w.'\u2019\-]*+(?: [\w.'\u2019\-]++){0,4}+) ?: (?=\S)")
_MOST_WORDS_BETWEEN = 3
"""Lines between two turns that say nothing of who speaks."""
_TURNS_PER_SPEAKER = 2.5
_SPOKEN = re.compile(
    r"\b(?:uh|um|uhm|erm|hmm?|mm|yeah|okay|you know|i mean|äh|ähm|hm|ja|genau|sozusagen|halt)\b|\{[a-z]+\}",
)
_SPOKEN_SHARE = 0.1
"""Of a transcript's turns have at least something that nobody writes."""

_BLANK_LINE = re.compile(r"\n[ \t]*+\n")
_CODE_LINE = re.compile(
    r"^(?:\t| {4,}+)\S|[;{}]\s*+$|^\s*+[\w.]++\(.*\)\s*+$|"
    r"^\s*+(?:def|class|import|from|return|const|let|var|function|public|private|static|#include|"
    r"package|using|if|for|while|else|elif|try|except|SELECT|INSERT|UPDATE|CREATE|FROM|WHERE|\$|>>>|//|/\*|@)"
    r"(?=[\s({]).*[=(){};:]"
)
_CODE_SHARE = 0.4
_MARKDOWN = re.compile(r"^(?:#{1,6} \S|\|.*\|[ \t]*$)|\]\(\w++:", re.MULTILINE)

_NOUNS = (
    "document|doc|passage|source|chunk|context|result|article|snippet|excerpt|reference|search result|dokument|quelle|"
    "abschnitt|textstelle|auszug|artikel|fundstelle"
)
_HEADERS = (
    re.compile(rf"^(?:\[|\()?(?:{_NOUNS}) ?#?\d++(?:\]|\))?[ \t]*+[:.\-\u2013(\]]?", re.IGNORECASE | re.MULTILINE),
    re.compile(rf"^(?:#{{1,6}} |\*\*|-{{3}} ?|={{3}} ?)(?:{_NOUNS}) ?#?\d++", re.IGNORECASE | re.MULTILINE),
    re.compile(r"^\[\d{1,3}+\](?=[ \t\n:])", re.MULTILINE),
    re.compile(
        r"^<(document|doc|passage|source|chunk|context|search_result|result|item)(?=[\s>])[^<>\n]*+>", re.MULTILINE
    ),
)
_ASKING = re.compile(
    r"^(?:#{1,6} |\*\*)?(?:question|query|user|task|instructions?|answer|frage|antwort|anfrage|aufgabe|q)\b"
    r"[^\n:]{0,20}:",
    re.IGNORECASE | re.MULTILINE,
)


def segments(text: str) -> tuple[Segment, ...]:
    """The parts of a text, which together are the whole of it."""
    if len(text) > MOST_CHARACTERS:
        return (Segment(Kind.PROSE, 0, len(text)),)
    found: list[Segment] = []
    at = 0
    for fenced in _fenced(text):
        found += _unfenced(text, at, fenced[0].start)
        found += fenced
        at = fenced[-1].end
    found += _unfenced(text, at, len(text))
    return tuple(found)


def documents(text: str) -> tuple[tuple[int, int], ...]:
    """Where the documents of a text stand that has several of them to answer from, each from its header on."""
    if len(text) > MOST_CHARACTERS:
        return ()
    for header in _HEADERS:
        heads = list(header.finditer(text))
        if len(heads) >= LEAST_DOCUMENTS:
            found = _bodies(text, heads)
            if found and found[-1][1] - found[0][0] >= LEAST_DOCUMENT * len(found):
                return found
    return ()


# -- fences


def _fenced(text: str) -> Iterator[tuple[Segment, ...]]:
    """Each fence with what is in it: code, unless it is a log within a fence that claims no language."""
    opening: re.Match[str] | None = None
    for mark in _FENCE.finditer(text):
        if opening is None:
            opening = mark
        elif mark[1].startswith(opening[1]) and not mark[2].strip():
            yield _fence(text, opening, mark.start(), mark.end())
            opening = None
    if opening is not None:
        yield _fence(text, opening, len(text), len(text))


def _fence(text: str, opening: re.Match[str], close: int, end: int) -> tuple[Segment, ...]:
    start, inner = opening.start(), min(opening.end() + 1, close)
    is_closed = close < end
    if is_closed and opening[2].strip().lower() in _PLAIN_FENCES:
        last = max(inner, close - 1)
        if _ENCODED.match(text, inner) is not None:
            return (Segment(Kind.CODE, start, end),)
        if "```" not in text[inner:last] and _is_log(text[inner:last].split("\n")):
            return (
                Segment(Kind.CODE, start, inner),
                Segment(Kind.LOG, inner, last),
                Segment(Kind.CODE, last, end),
            )
    return (Segment(Kind.CODE, start, end),)


def _is_log(lines: list[str]) -> bool:
    timed = sum(1 for line in lines if _TIME.search(line, 0, _TIME_WITHIN))
    return timed >= LEAST_LINES and timed >= _LOG_SHARE * sum(1 for line in lines if line.strip())


# -- what stands outside fences


def _unfenced(text: str, start: int, end: int) -> Iterator[Segment]:
    at = start
    while (mark := _ENCODED.search(text, at, end)) is not None:
        close = _ENDS[mark[0][:5]]
        stop = text.find(close, mark.end(), end)
        if stop < 0:
            break
        yield from _unencoded(text, at, mark.start())
        at = stop + len(close)
        yield Segment(Kind.ENCODED, mark.start(), at)
    yield from _unencoded(text, at, end)


def _unencoded(text: str, start: int, end: int) -> Iterator[Segment]:
    at = start
    for begin, stop in _pages(text[start:end]):
        yield from _data(text, at, start + begin)
        at = start + stop
        yield Segment(Kind.HTML, start + begin, at)
    yield from _data(text, at, end)


def _pages(part: str) -> Iterator[tuple[int, int]]:
    """Where whole web pages stand."""
    at = 0
    while (first := _PAGE.search(part, at)) is not None:
        close = _PAGE_END.search(part, first.end())
        if close is None:
            return
        at = close.end()
        if len(_TAG.findall(part, first.start(), at)) >= LEAST_LINES:
            yield first.start(), at


def _data(text: str, start: int, end: int) -> Iterator[Segment]:
    part = text[start:end]
    at = 0
    for kind, begin, stop in _values(part):
        yield from _lines(text, start + at, start + begin)
        yield Segment(kind, start + begin, start + stop)
        at = stop
    yield from _lines(text, start + at, end)


def _values(part: str) -> Iterator[tuple[Kind, int, int]]:
    """JSON, with objects that have a line each taken together."""
    run: list[tuple[int, int]] = []
    for begin, stop in spans(part):
        follows = bool(run) and part[run[-1][1] : begin] == "\n" and _has_a_line(part, *run[-1])
        if run and not (follows and _has_a_line(part, begin, stop)):
            yield from _together(run)
            run = []
        run.append((begin, stop))
    yield from _together(run)


def _has_a_line(part: str, begin: int, stop: int) -> bool:
    return part[begin] == "{" and part[stop - 1] == "}" and part.find("\n", begin, stop) < 0


def _together(run: list[tuple[int, int]]) -> Iterator[tuple[Kind, int, int]]:
    if len(run) >= LEAST_OBJECTS:
        yield Kind.JSON_LINES, run[0][0], run[-1][1]
    else:
        for begin, stop in run:
            yield Kind.JSON, begin, stop


def _lines(text: str, start: int, end: int) -> Iterator[Segment]:
    """Logs among the lines, and what stands between them."""
    at = start
    for begin, stop in _logs(text[start:end]):
        yield from _words(text, at, start + begin)
        yield Segment(Kind.LOG, start + begin, start + stop)
        at = start + stop
    yield from _words(text, at, end)


def _logs(part: str) -> Iterator[tuple[int, int]]:
    if part.count("\n") < LEAST_LINES - 1:
        return
    begin = stop = -1
    timed = others = position = 0
    for line in part.split("\n"):
        after = position + len(line)
        if _TIME.search(line, 0, _LEADING_TIME_WITHIN):
            if begin < 0:
                begin = position
            timed, others, stop = timed + 1, 0, after
        elif begin >= 0:
            others += 1
            if others > _MOST_OTHER_LINES or not line.strip():
                if timed >= LEAST_LINES:
                    yield begin, stop
                begin, timed = -1, 0
        position = after + 1
    if timed >= LEAST_LINES:
        yield begin, stop


def _words(text: str, start: int, end: int) -> Iterator[Segment]:
    part = text[start:end]
    if not part:
        return
    if _PATCH.search(part):
        yield Segment(Kind.CODE, start, end)
    else:
        at = 0
        for begin, stop in _transcripts(part):
            yield from _written(part[at:begin], start + at)
            yield Segment(Kind.TRANSCRIPT, start + begin, start + stop)
            at = stop
        yield from _written(part[at:], start + at)


def _written(part: str, start: int) -> Iterator[Segment]:
    """Words that nobody has spoken."""
    kind = Kind.MARKDOWN if _MARKDOWN.search(part) else Kind.PROSE
    yield from _paragraphs(part, start, kind)


def _transcripts(part: str) -> Iterator[tuple[int, int]]:
    """Where transcripts stand, each from its first turn to its last."""
    talk = _Talk()
    position = others = 0
    for line in part.split("\n"):
        turn = _TURN.match(line, 0, 60)
        if turn is not None:
            talk.add(turn[1], line, position)
            others = 0
        elif talk.speakers and line.strip():
            others += 1
            if others > _MOST_WORDS_BETWEEN:
                if talk.is_one:
                    yield talk.first, talk.last
                talk, others = _Talk(), 0
        position += len(line) + 1
    if talk.is_one:
        yield talk.first, talk.last


class _Talk:
    """Turns that follow each other."""

    __slots__ = ("_spoken", "first", "last", "speakers")

    def __init__(self) -> None:
        self.first = self.last = 0
        self.speakers: Counter[str] = Counter()
        self._spoken = 0

    def add(self, speaker: str, line: str, position: int) -> None:
        """Takes a turn in."""
        if not self.speakers:
            self.first = position
        self.last = position + len(line)
        self.speakers[speaker] += 1
        self._spoken += _SPOKEN.search(line.lower()) is not None

    @property
    def is_one(self) -> bool:
        """Whether several people talk, and not in writing."""
        turns = self.speakers.total()
        return (
            turns >= LEAST_TURNS
            and len(self.speakers) >= 2
            and turns >= _TURNS_PER_SPEAKER * len(self.speakers)
            and self._spoken >= _SPOKEN_SHARE * turns
        )


def _paragraphs(part: str, start: int, kind: Kind) -> Iterator[Segment]:
    """Prose, with the paragraphs taken out that look like code."""
    at = since = 0
    for gap in (*_BLANK_LINE.finditer(part), None):
        end = len(part) if gap is None else gap.end()
        if end > at:
            if _is_code(part[at:end]):
                if at > since:
                    yield Segment(kind, start + since, start + at)
                yield Segment(Kind.CODE, start + at, start + end)
                since = end
            at = end
    if at > since:
        yield Segment(kind, start + since, start + at)


def _is_code(paragraph: str) -> bool:
    lines = [line for line in paragraph.split("\n") if line.strip()]
    return bool(lines) and sum(1 for line in lines if _CODE_LINE.search(line)) >= _CODE_SHARE * len(lines)


# -- documents


def _bodies(text: str, heads: list[re.Match[str]]) -> tuple[tuple[int, int], ...]:
    starts = [head.start() for head in heads]
    tag = heads[0][1] if heads[0].re.groups else None
    if tag is not None:
        return _tagged(text, starts, f"</{tag}>")
    ends = [*starts[1:], _last_end(text, starts)]
    return tuple(zip(starts, ends, strict=True))


def _tagged(text: str, starts: list[int], close: str) -> tuple[tuple[int, int], ...]:
    """Documents that are elements; none where one lies in another, or is not closed."""
    found: list[tuple[int, int]] = []
    for start, following in zip(starts, [*starts[1:], len(text)], strict=True):
        end = text.find(close, start, following)
        if end < 0:
            return ()
        found.append((start, end + len(close)))
    return tuple(found)


def _last_end(text: str, starts: list[int]) -> int:
    """Where the last document ends: where somebody asks; else with as many paragraphs as the others have."""
    asking = _ASKING.search(text, starts[-1])
    if asking is not None:
        return asking.start()
    most = max(len(_BLANK_LINE.findall(text[one:two].rstrip())) for one, two in pairwise(starts))
    for number, gap in enumerate(_BLANK_LINE.finditer(text, starts[-1])):
        if number == most:
            return gap.end()
    return len(text)
