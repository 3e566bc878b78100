"""What is said between workers and the compute process about meanings survives the way, and nothing else is taken."""

import pytest

from stellwerk.core.meaning import (
    Consider,
    Considered,
    Learn,
    Learned,
    Learner,
    Neighbour,
    Reject,
    Rejected,
    read_consider,
    read_considered,
    read_learn,
    read_learned,
    read_reject,
    read_rejected,
    written,
)
from stellwerk.core.recollection import Embedding

LEARNER = Learner(b"n" * 16, "/state", 0.01)
EMBEDDING = Embedding("minilm", {})
ASKED = Consider(EMBEDDING, LEARNER, (b"s" * 16,), "How?", 0, 0.5, 0.03)


def test_questions_and_answers_come_back_as_they_were() -> None:
    assert read_consider(written(ASKED)) == ASKED
    found = Considered(b"life", b"", "served", b"k" * 16, True, neighbours=(Neighbour(b"k" * 16, 0.9, "How"),))
    assert read_considered(written(found)) == found
    told = Learn(EMBEDDING, LEARNER, (1.0, 2.0, 3.0, 4.0), True, "a", "b")
    assert read_learn(written(told)) == told
    learned = Learned(None, "cold")
    assert read_learned(written(learned)) == learned
    for bad in (Reject(LEARNER, b"k" * 16), Reject(LEARNER, b"k" * 16, (1.0, 2.0, 3.0, 4.0))):
        assert read_reject(written(bad)) == bad
    rejected = Rejected((b"k" * 16,), "cold")
    assert read_rejected(written(rejected)) == rejected


@pytest.mark.parametrize(
    "asked",
    [
        Consider(EMBEDDING, LEARNER, (), "How?", 0, 0.5, 0.03),
        Consider(EMBEDDING, LEARNER, (b"short",), "How?", 0, 0.5, 0.03),
        Consider(EMBEDDING, LEARNER, (b"s" * 16,) * 5, "How?", 0, 0.5, 0.03),
        Consider(EMBEDDING, LEARNER, (b"s" * 16,), "", 0, 0.5, 0.03),
        Consider(EMBEDDING, LEARNER, (b"s" * 16,), "a" * 20_000, 0, 0.5, 0.03),
        Consider(EMBEDDING, Learner(b"short", "", 0.01), (b"s" * 16,), "How?", 0, 0.5, 0.03),
        Consider(EMBEDDING, Learner(b"n" * 16, "", 1.0), (b"s" * 16,), "How?", 0, 0.5, 0.03),
    ],
)
def test_questions_that_cannot_be_are_refused(asked: Consider) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_consider(written(asked))


def test_an_entry_that_cannot_be_is_not_called_bad() -> None:
    for told in (Reject(LEARNER, b"short"), Reject(Learner(b"short", "", 0.01), b"k" * 16)):
        with pytest.raises(ValueError, match="bytes"):
            read_reject(written(told))


def test_noise_is_no_message() -> None:
    for read in (read_consider, read_considered, read_learn, read_learned, read_reject, read_rejected):
        with pytest.raises(ValueError, match=r"."):
            read(b"\xc1noise")
