"""What is said to the compute process about entries: read as it was written, and refused where it is nothing."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core import recollection
from stellwerk.core.recollection import (
    BATCH_BYTES,
    MOST_CANDIDATES,
    MOST_MEMORIES,
    MOST_TEXT_BYTES,
    Candidate,
    Embedding,
    Forget,
    Forgotten,
    Memory,
    Recall,
    Recalled,
    Remember,
    Remembered,
    everything,
    written,
)

USE = Embedding("minilm", {"weights": ""})
SCOPE, KEY = b"s" * 16, b"k" * 16
MEMORY = Memory(SCOPE, KEY, "how do i pay", 1_000, b"vector")


@pytest.mark.parametrize(
    ("message", "read"),
    [
        (Recall(USE, SCOPE, "how", 3, b"vector"), recollection.read_recall),
        (Recalled(b"life", b"vector", (Candidate(KEY, 0.5, "what"),)), recollection.read_recalled),
        (Remember(USE, (MEMORY,)), recollection.read_remember),
        (Remembered(b"life", (b"vector",)), recollection.read_remembered),
        (Forget(((SCOPE, KEY),), (KEY,), (SCOPE,)), recollection.read_forget),
        (Forgotten(b"life", 3), recollection.read_forgotten),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_was_written_is_read(message: Recall, read: Callable[[bytes], object]) -> None:
    assert read(written(message)) == message


@pytest.mark.parametrize(
    "asked",
    [
        Recall(USE, b"short", "how"),
        Recall(USE, SCOPE, ""),
        Recall(USE, SCOPE, "x" * (MOST_TEXT_BYTES + 1)),
        Recall(USE, SCOPE, "how", 0),
        Recall(USE, SCOPE, "how", MOST_CANDIDATES + 1),
    ],
)
def test_a_question_out_of_bounds_is_refused(asked: Recall) -> None:
    with pytest.raises(ValueError, match=r"."):
        recollection.read_recall(written(asked))


@pytest.mark.parametrize(
    "told",
    [
        Remember(USE, (Memory(SCOPE, b"short", "how", 1),)),
        Remember(USE, (Memory(b"short", KEY, "how", 1),)),
        Remember(USE, (Memory(SCOPE, KEY, "", 1),)),
        Remember(USE, (MEMORY,) * (MOST_MEMORIES + 1)),
    ],
)
def test_entries_out_of_bounds_are_refused(told: Remember) -> None:
    with pytest.raises(ValueError, match=r"."):
        recollection.read_remember(written(told))


def test_too_much_to_forget_is_refused() -> None:
    with pytest.raises(ValueError, match="too much"):
        recollection.read_forget(written(Forget(keys=(KEY,) * (MOST_MEMORIES + 1))))


@given(st.binary(max_size=200))
@pytest.mark.parametrize(
    "read",
    [
        recollection.read_recall,
        recollection.read_recalled,
        recollection.read_remember,
        recollection.read_remembered,
        recollection.read_forget,
        recollection.read_forgotten,
    ],
)
def test_any_bytes_are_a_message_or_a_value_error(read: Callable[[bytes], object], payload: bytes) -> None:
    try:
        read(payload)
    except ValueError:
        return


def test_text_that_utf8_cannot_hold_is_not_written() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        written(Recall(USE, SCOPE, "\ud800"))


def test_everything_is_told_in_jobs_that_can_be_taken() -> None:
    memories = [Memory(SCOPE, number.to_bytes(16), "x" * 1_000, 9) for number in range(700)]
    payloads = list(everything(USE, iter(memories)))
    assert len(payloads) == 3
    assert max(map(len, payloads)) < 2 * BATCH_BYTES
    told = [memory for payload in payloads for memory in recollection.read_remember(payload).memories]
    assert told == memories


def test_many_small_entries_are_told_in_several_jobs() -> None:
    memories = [Memory(SCOPE, number.to_bytes(16), "x", 9) for number in range(MOST_MEMORIES + 1)]
    told = [recollection.read_remember(payload).memories for payload in everything(USE, memories)]
    assert tuple(memory for each in told for memory in each) == tuple(memories)


def test_entries_that_nobody_could_take_are_left_out() -> None:
    bad = (
        Memory(b"", KEY, "how", 1),
        Memory(SCOPE, b"", "how", 1),
        Memory(SCOPE, KEY, "", 1),
        Memory(SCOPE, KEY, "\ud800", 1),
    )
    (payload,) = everything(USE, (*bad, MEMORY))
    assert recollection.read_remember(payload).memories == (MEMORY,)
    assert list(everything(USE, bad)) == []


def test_options_of_embedders_travel_as_they_are() -> None:
    use = Embedding("compatible", {"model": "m", "dimensions": 256})
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(use), type=Embedding) == use
