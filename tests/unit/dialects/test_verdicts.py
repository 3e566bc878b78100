"""Answers of services: a verdict or none, and places of whichever unit in the text as it was sent."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stellwerk.core.passage import Passage
from stellwerk.core.wire import Origin
from stellwerk.dialects.verdicts import (
    Score,
    VerdictHost,
    bearer,
    need_one_each,
    occurrences,
    place,
    read_verdict,
    wide_place,
)
from stellwerk.errors import GuardrailUnavailable
from stellwerk.text.canonical import canonicalise

SCORES = msgspec.json.Decoder(list[Score])
TEXTS = st.text(st.sampled_from("ab \U0001f600\U00020000é"), min_size=1, max_size=20)


def test_a_host_is_asked_below_its_path_with_its_own_fields() -> None:
    host = VerdictHost("https://a.example/v1/", (("content-type", "x/y"), *bearer("key")))
    request = host.ask("/check", {"text": "Hi"})
    assert host.origin == Origin("https", "a.example", 443)
    assert (request.path, request.body) == (b"/v1/check", b'{"text":"Hi"}')
    assert request.fields.count(b"content-type: ") == 1
    assert b"content-type: x/y\r\n" in request.fields
    assert b"authorization: Bearer key\r\n" in request.fields


def test_a_key_cannot_split_a_header() -> None:
    assert bearer("") == ()
    with pytest.raises(ValueError, match="visible ASCII"):
        bearer("a\r\nb")


@pytest.mark.parametrize(
    "body", [b"", b"[2]", b"[-0.1]", b"[NaN]", b"[1e999]", b'["1"]', b"[" * 100_000, b"\xff", b"{}"]
)
def test_what_is_no_verdict_is_refused(body: bytes) -> None:
    with pytest.raises(GuardrailUnavailable):
        read_verdict(SCORES, 200, body)


def test_only_a_200_is_a_verdict() -> None:
    assert read_verdict(SCORES, 200, b"[0, 1, 1.0000001]") == [0, 1, 1.0000001]
    with pytest.raises(GuardrailUnavailable, match="204"):
        read_verdict(SCORES, 204, b"[]")


def test_each_text_needs_a_verdict() -> None:
    need_one_each(2, 2)
    with pytest.raises(GuardrailUnavailable, match="1 texts of 2"):
        need_one_each(1, 2)


@given(TEXTS, st.integers(-2, 25), st.integers(-2, 25))
def test_a_place_is_inside_of_the_text_or_none(text: str, start: int, end: int) -> None:
    passage = Passage(text, text)
    if 0 <= start < end <= len(text):
        assert place(passage, start, end) == (start, end)
        first, last = wide_place(passage, start, end)
        assert 0 <= first <= start < last
        assert end <= last <= len(text)
    else:
        with pytest.raises(GuardrailUnavailable):
            place(passage, start, end)


@given(TEXTS, st.data())
def test_a_wide_place_covers_what_units_of_utf16_would_mean(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    first, last = (len(text[:index].encode("utf-16-le")) // 2 for index in (start, end))
    found = wide_place(Passage(text, text), first, last)
    assert found[0] <= start
    assert found[1] >= end


@given(TEXTS, st.integers(-2, 50), st.integers(-2, 50))
def test_what_no_unit_has_room_for_is_no_place(text: str, start: int, end: int) -> None:
    units = len(text.encode("utf-16-le")) // 2
    assume(end > units or not 0 <= start < end)
    with pytest.raises(GuardrailUnavailable):
        wide_place(Passage(text, text), start, end)


def test_matches_are_found_where_they_stand_in_the_original() -> None:
    passage = canonicalise("J\u200bane and Jane")
    assert [passage.original[start:end] for start, end in occurrences(passage, "Jane")] == ["J\u200bane", "Jane"]
    assert occurrences(passage, "") == []
    assert occurrences(passage, "Joe") == []
