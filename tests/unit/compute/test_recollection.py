"""The jobs that find entries by meaning: a question, its answer, what is forgotten, and a process that begins anew."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stellwerk import plugins
from stellwerk.compute import recollection
from stellwerk.compute.index.store import Store
from stellwerk.compute.jobs import forget, recall, remember
from stellwerk.compute.recollection import NotYet, Recollection
from stellwerk.compute.ticket import Abandoned, Ticket
from stellwerk.core.recollection import (
    Embedding,
    Forget,
    Forgotten,
    Memory,
    Recall,
    Recalled,
    Remember,
    Remembered,
    everything,
    read_forgotten,
    read_recalled,
    read_remembered,
    written,
)
from stellwerk.core.vector import dimensions, packed
from stellwerk.errors import ConfigurationError

MINILM = Embedding("minilm", {})
REMOTE = Embedding("compatible", {"model": "any"})
SCOPE, OTHER_SCOPE = b"s" * 16, b"t" * 16
QUESTION = "how do i cancel my subscription"
LATER_MS = (time.time_ns() // 1_000_000) + 3_600_000
CANCEL = Memory(SCOPE, b"c" * 16, "how can i end my subscription", LATER_MS)
WEATHER = Memory(SCOPE, b"w" * 16, "what is the weather in paris", LATER_MS)


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """A process that has just begun, but for an embedder that is loaded once for all tests."""
    recollection._made.cache_clear()
    begun = recollection.recollection()
    begun._embedders[recollection._name(MINILM)] = _loaded()
    yield
    recollection._made.cache_clear()


_kept: list[Any] = []


def _loaded() -> Any:
    if not _kept:
        _kept.append(plugins.build("embedders", "minilm", {}))
    return _kept[0]


def ticket(in_s: float = 20.0) -> Ticket:
    return Ticket(time.monotonic() + in_s)


def asked(text: str, *, scope: bytes = SCOPE, most: int = 8, embedding: Embedding = MINILM) -> Recalled:
    return read_recalled(recall.run(written(Recall(embedding, scope, text, most)), ticket()))


def told(*memories: Memory, embedding: Embedding = MINILM) -> Remembered:
    return read_remembered(remember.run(written(Remember(embedding, memories)), ticket()))


def forgotten(what: Forget) -> Forgotten:
    return read_forgotten(forget.run(written(what), ticket()))


def keys(found: Recalled) -> list[bytes]:
    return [candidate.key for candidate in found.candidates]


def test_a_question_finds_what_means_the_same() -> None:
    assert asked(QUESTION).candidates == ()
    told(WEATHER, CANCEL)
    found = asked(QUESTION)
    assert keys(found) == [CANCEL.key, WEATHER.key]
    assert [candidate.text for candidate in found.candidates] == [CANCEL.text, WEATHER.text]
    assert found.candidates[0].cosine > 0.8
    assert found.candidates[1].cosine < 0.3
    assert keys(asked(QUESTION, most=1)) == [CANCEL.key]


def test_scopes_never_see_each_other() -> None:
    told(CANCEL)
    assert asked(QUESTION, scope=OTHER_SCOPE).candidates == ()


def test_the_vector_that_is_given_back_saves_making_it_again() -> None:
    vector = asked(QUESTION).vector
    assert dimensions(vector) == 384
    stored = Memory(SCOPE, b"q" * 16, QUESTION, LATER_MS, vector)
    assert told(stored).vectors == (vector,)
    found = asked(QUESTION)
    assert keys(found) == [stored.key]
    assert found.candidates[0].cosine == pytest.approx(1, abs=1e-5)


def test_an_entry_that_has_expired_is_not_found() -> None:
    told(Memory(SCOPE, CANCEL.key, CANCEL.text, 1_000), WEATHER)
    assert keys(asked(QUESTION)) == [WEATHER.key]


def test_an_entry_in_the_place_of_another_is_found_once() -> None:
    told(CANCEL)
    told(Memory(SCOPE, CANCEL.key, WEATHER.text, LATER_MS))
    assert [candidate.text for candidate in asked(QUESTION).candidates] == [WEATHER.text]


@pytest.mark.parametrize(
    ("what", "count"),
    [
        (Forget(entries=((SCOPE, CANCEL.key), (OTHER_SCOPE, CANCEL.key))), 1),
        (Forget(keys=(CANCEL.key, b"n" * 16)), 1),
        (Forget(scopes=(SCOPE, OTHER_SCOPE)), 2),
        (Forget(is_all=True), 2),
        (Forget(), 0),
    ],
    ids=["entry", "key", "scope", "all", "nothing"],
)
def test_what_is_forgotten_is_not_found(what: Forget, count: int) -> None:
    told(CANCEL, WEATHER)
    assert forgotten(what).count == count
    assert len(asked(QUESTION).candidates) == 2 - count


def test_a_process_that_begins_anew_says_so_and_is_told_everything_again() -> None:
    vectors = told(CANCEL, WEATHER).vectors
    before = asked(QUESTION)
    recollection._made.cache_clear()  # as if it had died
    recollection.recollection()._embedders[recollection._name(MINILM)] = _loaded()
    after = asked(QUESTION)
    assert after.life != before.life
    assert after.candidates == ()
    kept = [
        Memory(each.scope, each.key, each.text, LATER_MS, vector)
        for each, vector in zip((CANCEL, WEATHER), vectors, strict=True)
    ]
    for payload in everything(MINILM, kept):
        assert read_remembered(remember.run(payload, ticket())).life == after.life
    assert asked(QUESTION).candidates == before.candidates


def test_of_an_embedder_that_asks_a_service_vectors_have_to_be_given() -> None:
    with pytest.raises(TypeError, match="asks a service"):
        asked(QUESTION, embedding=REMOTE)
    vector = packed([1.0, *[0.5] * 15])
    told(Memory(SCOPE, CANCEL.key, CANCEL.text, LATER_MS, vector), embedding=REMOTE)
    payload = written(Recall(REMOTE, SCOPE, QUESTION, 8, vector))
    assert keys(read_recalled(recall.run(payload, ticket()))) == [CANCEL.key]
    assert asked(QUESTION).candidates == ()  # MiniLM's vectors are not compared with those


def test_an_embedder_that_is_not_there_is_told_of() -> None:
    with pytest.raises(ConfigurationError, match="no_such"):
        asked(QUESTION, embedding=Embedding("no_such", {}))


def test_an_embedder_is_loaded_by_one_thread_and_nobody_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go = Event(), Event()
    builds = []

    class Slow:
        dimensions = 8

        def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
            return np.ones((len(texts), 8), np.float32)

    def build(*_: object) -> Slow:
        builds.append(1)
        begun.set()
        assert go.wait(10)
        return Slow()

    monkeypatch.setattr(plugins, "build", build)
    here = Recollection(Store())
    question = Recall(Embedding("slow", {}), SCOPE, "x")
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(here.remember, Embedding("slow", {}), (), ticket())
        assert begun.wait(10)
        with pytest.raises(NotYet):
            here.recall(question)
        go.set()
        assert first.result(10) == ()
    assert dimensions(here.recall(question).vector) == 8
    assert len(builds) == 1


def test_an_embedder_without_a_direction_gives_no_vector() -> None:
    class Void:
        dimensions = 8

        def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
            return np.zeros((len(texts), 8), np.float32)

    with pytest.raises(ValueError, match="direction"):
        recollection.packed(Void(), "x")


def test_a_few_embedders_and_vectors_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recollection, "MOST_VECTORS", 3)
    monkeypatch.setattr(plugins, "build", lambda *_: _loaded())
    here = Recollection(Store())
    for number in range(5):
        here.recall(Recall(Embedding("minilm", {"weights": str(number)}), SCOPE, "x"))
    assert len(here._embedders) == recollection.MOST_EMBEDDERS
    assert len(here._vectors) == 3


def test_nobody_waits_any_more() -> None:
    with pytest.raises(Abandoned):
        recall.run(written(Recall(MINILM, SCOPE, QUESTION)), ticket(-1))
    with pytest.raises(Abandoned):
        remember.run(written(Remember(MINILM, (CANCEL,))), ticket(-1))
    forget.run(written(Forget(is_all=True)), ticket(-1))


@given(payload=st.binary(max_size=300))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_payload_is_answered_or_refused_and_does_no_harm(payload: bytes) -> None:
    for job in (recall, remember, forget):
        try:
            job.run(payload, ticket())
        except (ValueError, TypeError, ConfigurationError):
            continue


@pytest.mark.parametrize("vector", [b"x" * 5, b"\0" * 20, b"x" * 10_000], ids=["short", "zero", "long"])
def test_a_vector_that_is_none_is_refused(vector: bytes) -> None:
    told(CANCEL)
    with pytest.raises(ValueError, match="vector"):
        recall.run(written(Recall(MINILM, SCOPE, QUESTION, 8, vector)), ticket())
    with pytest.raises(ValueError, match="vector"):
        told(Memory(SCOPE, b"v" * 16, "x", LATER_MS, vector))
    assert keys(asked(QUESTION)) == [CANCEL.key]


def test_threads_ask_and_tell_at_once() -> None:
    def work(number: int) -> int:
        memory = Memory(SCOPE, bytes([number]) * 16, f"question number {number}", LATER_MS)
        told(memory)
        found = asked(memory.text, most=1)
        forgotten(Forget(entries=((SCOPE, memory.key),)))
        return found.candidates[0].cosine > 0.99

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(40)))
    assert asked(QUESTION).candidates == ()
