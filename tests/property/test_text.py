"""Of any text at all: places lead back, readings stay bounded, spans lie inside and do not overlap."""

# ruff: noqa: RUF001 - look-alikes are what is tested

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stellwerk.core.passage import Passage
from stellwerk.core.taxonomy import Pii
from stellwerk.core.verdict import Span, apart
from stellwerk.guardrails import pii, secret_leak
from stellwerk.text.canonical import _fold, _with_diaeresis, canonicalise
from stellwerk.text.pii import names
from stellwerk.text.reading import read
from stellwerk.text.views import FACTOR, views
from tests.property.regex_work import paths

MOST_STEPS = 300_000
TRICKY = st.text(alphabet=st.sampled_from("aAeо\u0308\u0301\u200b\U000e0041\U0001f3f4ﬁｆ1４&#;%x -.@é")) | st.text()
PARTS = st.lists(
    st.sampled_from(
        [
            "a.b@example.org",
            "DE89 3704 0044 0532 0130 00",
            "+49 30 1234567",
            "Frau Müller",
            "geb. 1.2.1990",
            "\u200b",
            "４",
        ]
    )
    | st.text(max_size=8),
    max_size=12,
).map(" ".join)


def assert_places(passage: Passage) -> None:
    if passage.starts is None or passage.ends is None:
        assert len(passage.text) == len(passage.original)  # letter for letter
        return
    assert len(passage.starts) == len(passage.ends) == len(passage.text)
    assert all(
        0 <= start < end <= len(passage.original) for start, end in zip(passage.starts, passage.ends, strict=True)
    )


@given(TRICKY)
@example("\ufdfa" * 3)
def test_every_letter_comes_from_a_place_and_places_keep_their_order(text: str) -> None:
    passage = canonicalise(text)
    assert_places(passage)
    starts = list(passage.starts or ())
    assert starts == sorted(starts)
    for place in range(len(passage.text) if starts else 0):
        start, end = passage.span(place, place + 1)
        here = unicodedata.normalize("NFKD", canonicalise(text[start:end]).text + passage.text[place])
        assert here  # the place alone says something, too


def letter_by_letter(text: str) -> tuple[str, list[int], list[int]]:
    """A text without its disguises, look-alikes apart, in the plainest way."""
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    in_flag = False
    for place, letter in enumerate(text):
        if letter == "\u0308" and letters:
            letters[-1] = _with_diaeresis(letters[-1])
            ends[-1] = place + 1
            continue
        is_tag = "\U000e0020" <= letter <= "\U000e007f"
        in_flag = in_flag if is_tag else letter == "\U0001f3f4"
        folded = "" if is_tag and in_flag else _fold(letter)
        letters += folded
        starts += [place] * len(folded)
        ends += [place + 1] * len(folded)
    return "".join(letters), starts, ends


@given(st.text(alphabet=st.sampled_from("aA \u0308\u0301\u200b\U000e0041\U000e007f\U0001f3f4ﬁｆé…漢")) | st.text())
@example("\U0001f3f4\u0308\U000e0041\u0308\U000e0042a\U000e0041")
@example("\u0308\U000e0041ab\u0308\u0308")
def test_disguises_come_off_as_they_do_letter_by_letter(text: str) -> None:
    wanted, starts, ends = letter_by_letter(text)
    passage = canonicalise(text)
    if re.search("[\u0251\u0261\u0370-\u052f]", wanted) is None:
        assert passage.text == wanted
    assert len(passage.text) == len(wanted)
    assert [passage.span(place, place + 1) for place in range(len(wanted))] == list(zip(starts, ends, strict=True))


@given(TRICKY)
def test_what_is_not_disguised_stays(text: str) -> None:
    ascii_only = "".join(letter for letter in text if letter.isascii())
    kept = iter(canonicalise(text).text)
    assert ascii_only.isascii()
    assert all(
        any(letter == other or other == unicodedata.normalize("NFC", letter + "\u0308") for other in kept)
        for letter in ascii_only
    )


@given(TRICKY)
def test_readings_lead_back_and_are_bounded(text: str) -> None:
    passage = canonicalise(text)
    found = views(passage)
    for view in found:
        assert_places(view.passage)
    assert sum(len(view.passage.text) for view in found) <= FACTOR * len(passage.text)


@given(PARTS)
def test_spans_lie_inside_in_order_and_are_what_was_matched(text: str) -> None:
    passage = canonicalise(text)
    for span in pii.personal_data(passage.text):
        start, end = passage.span(span.start, span.end)
        assert 0 <= start < end <= len(text)
        assert canonicalise(text[start:end]).text == passage.text[span.start : span.end]
    for finding in (
        *pii.build(pii.Settings()).check(read(text)),
        *secret_leak.build(secret_leak.Settings()).check(read(text)),
    ):
        ends = [0, *(span.end for span in finding.spans)]
        assert all(span.start >= end for span, end in zip(finding.spans, ends, strict=False))


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9), st.sampled_from([0.5, 0.9])), max_size=30))
def test_of_spans_that_overlap_the_surest_stays(raw: list[tuple[int, int, float]]) -> None:
    spans = [Span(start, start + size, Pii.URL, score) for start, size, score in raw]
    kept = apart(spans)
    assert all(one.end <= other.start for one, other in pairwise(kept))
    for span in spans:
        assert any(other.start < span.end and span.start < other.end and other.score >= span.score for other in kept)
    assert apart(spans[::-1]) == kept


URLS = st.sampled_from([*"a:/@{'A1_+. ", "http", "://", "u:p@h", "b" * 17, "postgres://u:p@h "])


@given(st.lists(URLS, max_size=40).map("".join))
def test_urls_with_credentials_are_those_that_the_pattern_finds(text: str) -> None:
    assert [hit.span() for hit in secret_leak.urls(text)] == [hit.span() for hit in secret_leak.URL.finditer(text)]


def patterns() -> Iterator[re.Pattern[str]]:
    for rule in pii.RULES:
        yield from filter(None, (rule.pattern, rule.before, rule.after, rule.unless))
    yield from (secret_leak.URL, *(pattern for _, pattern in secret_leak.PATTERNS))
    yield from (names._TITLES, names._CODE, names._COMPANY, names._COMPANY_END, names._SMALL)


@pytest.mark.parametrize("pattern", list(dict.fromkeys(patterns())), ids=lambda pattern: pattern.pattern)
def test_at_one_place_a_pattern_does_a_bounded_amount_of_work(pattern: re.Pattern[str]) -> None:
    """So the whole is linear in the text: no input makes it worse than this many steps for each of its characters."""
    assert paths(pattern.pattern, pattern.flags).steps < MOST_STEPS
