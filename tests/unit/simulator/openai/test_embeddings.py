"""Embeddings."""

import base64
import math
from array import array
from typing import Any

import msgspec

from stellwerk.simulator.ask import Vectors
from stellwerk.simulator.openai.embeddings import embeddings


def _vectors(*texts: str, dimensions: int | None = None, is_base64: bool = False) -> list[Any]:
    body = msgspec.json.decode(embeddings(Vectors("m", texts, 3, dimensions, is_base64), 256))
    return [entry["embedding"] for entry in body["data"]]


def _similarity(one: list[float], other: list[float]) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))


def test_embeddings_are_unit_vectors_of_the_length_asked_for() -> None:
    for text in ("a cat", "", "!?"):
        (vector,) = _vectors(text)
        assert len(vector) == 256
        assert math.isclose(math.fsum(value * value for value in vector), 1, rel_tol=1e-5)
    assert len(_vectors("a cat", dimensions=8)[0]) == 8


def test_texts_that_share_words_are_alike() -> None:
    cat, cats, tax = _vectors("the black cat sleeps", "a black cat sleeps here", "quarterly tax report")
    assert _similarity(cat, cat) > 0.999
    assert _similarity(cat, cats) > 0.4 > abs(_similarity(cat, tax))


def test_base64_holds_the_same_numbers() -> None:
    (encoded,) = _vectors("a cat", is_base64=True)
    assert array("f", base64.b64decode(encoded)).tolist() == _vectors("a cat")[0]


def test_words_that_cancel_each_other_out_still_give_a_vector() -> None:
    for number in range(200):
        (vector,) = _vectors(f"w{number}", dimensions=1)
        assert abs(vector[0]) == 1.0
