"""The job of judging texts survives its way to the compute process and back, whatever was found."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.inspection import Findings, Inspect, answer, question, read_answer, read_question
from stellwerk.core.subject import Side, Speaker
from stellwerk.core.taxonomy import Breach, Hazard, Hint, Pii, Threat, category_of
from stellwerk.core.verdict import Finding, Span

CATEGORIES = st.sampled_from([member for kind in (Hazard, Threat, Hint, Pii, Breach) for member in kind])
SPANS = st.builds(Span, st.integers(0, 99), st.integers(0, 99), CATEGORIES, st.floats(0, 1), st.text(max_size=5))
FINDINGS = st.builds(
    Finding,
    CATEGORIES,
    st.floats(0, 1),
    st.lists(SPANS, max_size=3).map(tuple),
    st.booleans(),
    st.floats(0, 1),
    st.text(max_size=5),
)


def test_a_question_is_read_as_it_was_asked() -> None:
    asked = Inspect((("pii", {"types": ["URL"]}),), (("text", Speaker.TOOL),), Side.INPUT)
    assert read_question(question(asked)) == asked


@given(st.lists(st.lists(st.one_of(st.text(max_size=9), st.lists(FINDINGS, max_size=3).map(tuple)), max_size=3)))
def test_findings_are_read_as_they_were_told(found: list[list[Findings]]) -> None:
    assert read_answer(answer(found)) == found


@pytest.mark.parametrize(
    "told", [b"", b"\xc1", msgspec.msgpack.encode([[[["NOTHING", 1.0, [], True, 0.0, ""]]]]), msgspec.msgpack.encode(7)]
)
def test_what_is_no_answer_is_refused(told: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_answer(told)


def test_categories_are_known_by_name() -> None:
    assert category_of("S11") is Hazard.SELF_HARM
    with pytest.raises(ValueError, match="there is no category 'S99'"):
        category_of("S99")
