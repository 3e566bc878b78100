"""Deciding by meaning: what serves, what is learned, and that it survives the process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stellwerk.compute import meaning as meanings
from stellwerk.compute import recollection
from stellwerk.compute.jobs import consider, learn, reject
from stellwerk.compute.meaning import SAVE_EVERY, Meaning
from stellwerk.core.meaning import (
    Consider,
    Considered,
    Learn,
    Learned,
    Learner,
    Reject,
    Rejected,
    read_considered,
    read_learned,
    read_rejected,
    written,
)
from stellwerk.core.recollection import Memory
from tests.unit.compute.test_recollection import LATER_MS, MINILM, SCOPE, _loaded, ticket

OTHER = b"o" * 16
RESET = Memory(SCOPE, b"r" * 16, "How do I reset my password?", LATER_MS)


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """A process that has just begun, but for an embedder that is loaded once for all tests."""
    recollection._made.cache_clear()
    meanings.meaning.cache_clear()
    begun = recollection.recollection()
    begun._embedders[recollection._name(MINILM)] = _loaded()
    begun.remember(MINILM, (RESET,), ticket())
    yield
    recollection._made.cache_clear()
    meanings.meaning.cache_clear()


def learner(folder: Path) -> Learner:
    return Learner(b"n" * 16, str(folder), 0.01)


def asks(folder: Path, text: str, *, coin: float = 0.9, share: float = 0.03, turns: int = 0) -> Considered:
    asked = Consider(MINILM, learner(folder), (OTHER, SCOPE), text, turns, coin, share, 3)
    return read_considered(consider.run(written(asked), ticket()))


def tells(folder: Path, found: Considered, fresh: str, kept: str, *, key: bytes = b"") -> Learned:
    assert found.evidence is not None
    told = Learn(MINILM, learner(folder), found.evidence, False, fresh, kept, key, found.key)
    return read_learned(learn.run(written(told), ticket()))


def test_a_question_that_means_the_same_is_served(tmp_path: Path) -> None:
    found = asks(tmp_path, "How can I reset my password?")
    assert (found.is_hit, found.key, found.reason, found.is_audited) == (True, RESET.key, "served", False)
    assert found.chance > found.threshold
    assert found.neighbours[0].text == RESET.text


def test_a_share_of_hits_is_audited(tmp_path: Path) -> None:
    assert asks(tmp_path, "How can I reset my password?", coin=0.2, share=0.3).is_audited
    assert not asks(tmp_path, "How can I reset my password?", coin=0.4, share=0.3).is_audited
    assert not asks(tmp_path, "How can I reset my password?", coin=0.0, share=0.0).is_audited


def test_one_that_differs_is_not_and_says_why(tmp_path: Path) -> None:
    found = asks(tmp_path, "How do I not reset my password?")
    assert not found.is_hit
    assert any(why.startswith("negation") for one in found.neighbours for why in one.differs)


def test_some_are_not_looked_for(tmp_path: Path) -> None:
    assert asks(tmp_path, "What is in the news today?").reason == "time"
    assert asks(tmp_path, "And that one?", turns=2).reason == "follow-up"


def test_labels_are_learned_and_survive_the_process(tmp_path: Path) -> None:
    found = asks(tmp_path, "How can I reset my password?")
    same = "Open the settings, choose security, and press the button that says reset."
    assert tells(tmp_path, found, same, same, key=b"k" * 16).is_right
    assert tells(tmp_path, found, "It costs 12 euros a month.", "It costs 15 euros a month.").is_right is False
    for _ in range(SAVE_EVERY):
        tells(tmp_path, found, same, same)
    (kept,) = (tmp_path / meanings.FOLDER).iterdir()
    again = Meaning(recollection.recollection()).explained(learner(tmp_path))
    assert again["labels"] == SAVE_EVERY
    kept.write_bytes(b"\xc1damaged")
    assert Meaning(recollection.recollection()).explained(learner(tmp_path))["labels"] == 0


def test_what_cannot_be_written_is_not_lost(tmp_path: Path) -> None:
    nowhere = tmp_path / "file"
    nowhere.write_bytes(b"")
    found = asks(nowhere, "How can I reset my password?")
    for _ in range(SAVE_EVERY + 1):
        tells(nowhere, found, "Open the settings.", "Open the settings.")
    assert meanings.meaning().explained(learner(nowhere))["labels"] == SAVE_EVERY + 1


def test_scopes_in_memory_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meanings, "MOST_SCOPES", 2)
    monkeypatch.setattr(meanings, "MOST_GROUPED", 1)
    held = meanings.meaning()
    for number in range(4):
        held.explained(Learner(bytes([number]) * 16, str(tmp_path), 0.01))
    assert len(held._scopes) == 2
    found = asks(tmp_path, "How can I reset my password?")
    for number in range(3):
        tells(tmp_path, found, "Open it.", "Open it.", key=bytes([number]) * 16)
    assert len(held._answers) == 1


def rejects(told: Reject) -> Rejected:
    return read_rejected(reject.run(written(told), ticket()))


def test_an_answer_that_is_called_bad_goes_with_those_that_say_the_same(tmp_path: Path) -> None:
    found = asks(tmp_path, "How can I reset my password?")
    second = Memory(SCOPE, b"2" * 16, "How could one reset a password?", LATER_MS)
    recollection.recollection().remember(MINILM, (second,), ticket())
    assert tells(tmp_path, found, "Open the settings.", "Open the settings.", key=second.key).is_right
    told = rejects(Reject(learner(tmp_path), second.key))
    assert set(told.keys) == {RESET.key, second.key}
    assert not asks(tmp_path, "How can I reset my password?").key
    assert rejects(Reject(learner(tmp_path), second.key)).keys == (second.key,)


def test_where_it_was_found_by_its_meaning_that_is_a_wrong_label_and_no_audit(tmp_path: Path) -> None:
    found = asks(tmp_path, "How can I reset my password?")
    before = meanings.meaning().explained(learner(tmp_path))
    assert rejects(Reject(learner(tmp_path), RESET.key)).status == "cold"
    assert meanings.meaning().explained(learner(tmp_path)) == before
    assert rejects(Reject(learner(tmp_path), RESET.key, found.evidence)).status == "cold"
    explained = meanings.meaning().explained(learner(tmp_path))
    assert (explained["labels"], explained["audits"]) == (1, 0)
