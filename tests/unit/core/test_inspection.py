"""The job of judging texts survives its way to the compute process and back, whatever was found."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.inspection import (
    CheckSpec,
    Findings,
    How,
    Inspect,
    InspectAnswer,
    Looks,
    answer,
    looks_answer,
    question,
    read_answer,
    read_answer_question,
    read_looks,
    read_question,
)
from stellwerk.core.subject import Side, Speaker
from stellwerk.core.taxonomy import Breach, Hazard, Hint, Pii, Threat, category_of
from stellwerk.core.verdict import Action, Finding, Span, Verdict

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
VERDICTS = st.builds(
    Verdict,
    check=st.text(max_size=5),
    category=st.none() | CATEGORIES,
    score=st.floats(0, 1),
    action=st.sampled_from(Action),
    spans=st.lists(SPANS, max_size=3).map(tuple),
    provider=st.text(max_size=5),
    latency=st.floats(0, 1),
    error=st.none() | st.text(max_size=5),
    name=st.text(max_size=5),
)


def test_a_question_is_read_as_it_was_asked() -> None:
    asked = Inspect((("pii", {"types": ["URL"]}),), (("text", Speaker.TOOL),), Side.INPUT)
    assert read_question(question(asked)) == asked


@given(st.lists(st.lists(st.one_of(st.text(max_size=9), st.lists(FINDINGS, max_size=3).map(tuple)), max_size=3)))
def test_findings_are_read_as_they_were_told(found: list[list[Findings]]) -> None:
    assert read_answer(answer(found)) == found


def test_a_question_about_an_answer_is_read_as_it_was_asked() -> None:
    check = CheckSpec("people", "pii", {"types": ["URL"]}, Action.MASK, {"URL": Action.BLOCK}, "closed")
    asked = InspectAnswer((check,), ((How.TEXT, "Hello"), (How.JSON, "{}")), is_held=True, sources=("one",))
    assert read_answer_question(question(asked)) == asked


@given(
    st.dictionaries(
        st.tuples(st.binary(max_size=16), st.booleans()), st.lists(VERDICTS, max_size=3).map(tuple), max_size=4
    )
)
def test_verdicts_are_read_as_they_were_told(looks: Looks) -> None:
    assert read_looks(looks_answer(looks)) == looks


FOUND = [["NOTHING", 1.0, [], True, 0.0, ""]]
JUDGED = [b"x", False, [["pii", "NOTHING", 1.0, "mask", [], "local", 0.0, None, ""]]]


@pytest.mark.parametrize("told", [b"", b"\xc1", *map(msgspec.msgpack.encode, ([[FOUND]], [JUDGED], 7))])
def test_what_is_no_answer_is_refused(told: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_answer(told)
    with pytest.raises(ValueError, match=r"."):
        read_looks(told)


def test_categories_are_known_by_name() -> None:
    assert category_of("S11") is Hazard.SELF_HARM
    with pytest.raises(ValueError, match="there is no category 'S99'"):
        category_of("S99")
