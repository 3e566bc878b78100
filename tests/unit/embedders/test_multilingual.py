"""The multilingual encoder: across languages, and the same for a text wherever it stands."""

from __future__ import annotations

import time
from functools import cache

import numpy as np
import pytest

from stellwerk.embedders import multilingual
from stellwerk.embedders.multilingual import HALF_CHARACTERS, Settings
from stellwerk.ports.embedder import Embedder


@cache
def embedder() -> Embedder:
    return multilingual.build(Settings())


def test_what_means_the_same_lies_close_in_any_two_languages() -> None:
    rows = embedder().embed(
        ["Wie kündige ich mein Abonnement?", "How do I cancel my subscription?", "Wie wird morgen das Wetter?"]
    )
    assert rows.shape == (3, embedder().dimensions)
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)
    cosines = rows @ rows.T
    assert cosines[0, 1] > 0.7
    assert cosines[0, 2] < 0.4


def test_a_vector_depends_on_its_text_alone() -> None:
    texts = ["Weiche gestört", "", "Gleis 7", "\ud800"]
    for text, row in zip(texts, embedder().embed(texts), strict=True):
        assert np.array_equal(embedder().embed([text])[0], row)


def test_of_a_long_text_both_ends_are_read() -> None:
    start, end = "a" * HALF_CHARACTERS, "z" * HALF_CHARACTERS
    one, other = embedder().embed([f"{start}{'m' * 50}{end}", f"{start} {end}"])
    assert np.array_equal(one, other)


def test_it_is_soon_done_whatever_the_text() -> None:
    began_s = time.process_time()
    embedder().embed(["\ufdfa" * 1_000_000])
    assert time.process_time() - began_s < 0.5
