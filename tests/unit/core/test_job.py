"""Frames between the compute process and those who ask: whole, cut anywhere, and anything else."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core import job
from stellwerk.core.job import Answer, Asked, BadFrame, Done, Dropped, Question, Undone, Unframer, frame

NUMBERS = st.integers(min_value=0, max_value=2**63 - 1)
QUESTIONS: st.SearchStrategy[Question] = st.one_of(
    st.builds(Asked, NUMBERS, st.text(), st.binary(), NUMBERS), st.builds(Dropped, NUMBERS)
)
ANSWERS: st.SearchStrategy[Answer] = st.one_of(
    st.builds(Done, NUMBERS, st.binary(), NUMBERS, NUMBERS), st.builds(Undone, NUMBERS, st.text(), st.text(), NUMBERS)
)


@given(st.lists(QUESTIONS), st.data())
def test_questions_survive_the_way_however_they_are_cut(questions: list[Question], data: st.DataObject) -> None:
    rest = b"".join(map(frame, questions))
    unframer, heard = Unframer(), []
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        heard += [job.question(content) for content in unframer.feed(rest[:size])]
        rest = rest[size:]
    assert heard == questions


@given(st.lists(ANSWERS))
def test_answers_survive_the_way(answers: list[Answer]) -> None:
    contents = Unframer().feed(b"".join(map(frame, answers)))
    assert [job.answer(content) for content in contents] == answers


@given(st.binary() | st.recursive(st.none() | st.integers(-9, 9), st.lists).map(msgspec.msgpack.encode))
def test_anything_else_is_no_message(content: bytes) -> None:
    for read in (job.question, job.answer):
        with pytest.raises(BadFrame):
            read(content)


def test_what_nests_too_deep_is_no_message() -> None:
    with pytest.raises(BadFrame):
        job.question(b"\x91" * 100_000)


def test_a_frame_has_a_longest_length() -> None:
    with pytest.raises(BadFrame):
        frame(Asked(1, "tokens", bytes(job.MAX_FRAME_BYTES), 1))
    with pytest.raises(BadFrame):
        Unframer().feed((job.MAX_FRAME_BYTES + 1).to_bytes(4))
    assert Unframer().feed(job.MAX_FRAME_BYTES.to_bytes(4)) == []


@given(st.binary(max_size=200))
def test_garbage_is_found_out_or_waits_for_more(data: bytes) -> None:
    try:
        for content in Unframer().feed(data):
            job.question(content)
    except BadFrame:
        return
