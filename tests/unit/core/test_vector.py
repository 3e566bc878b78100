"""Vectors, packed: nearly what they were, and nothing that is none."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stellwerk.core.vector import HEAD_BYTES, MOST_DIMENSIONS, cosine, dimensions, packed, unpacked

ELEMENTS = st.floats(-1e3, 1e3, allow_nan=False)


@given(st.lists(ELEMENTS, min_size=8, max_size=64))
def test_a_packed_vector_has_the_direction_and_the_length_of_one(values: list[float]) -> None:
    length = math.hypot(*values)
    assume(length > 1e-3)
    vector = packed(values)
    factor = struct.unpack_from("<f", vector)[0]
    assert dimensions(vector) == len(values) == len(vector) - HEAD_BYTES
    for value, found in zip(values, unpacked(vector), strict=True):
        assert abs(value / length - found) <= factor * 0.501


@pytest.mark.parametrize(
    "values",
    [[], [1.0] * 7, [1.0] * (MOST_DIMENSIONS + 1), [0.0] * 8, [math.nan] * 8, [math.inf] * 8, [1e308] * 8],
    ids=["empty", "short", "long", "zero", "nan", "infinite", "too large"],
)
def test_what_has_no_direction_is_not_packed(values: list[float]) -> None:
    with pytest.raises(ValueError, match="vector"):
        packed(values)


@pytest.mark.parametrize(
    "vector",
    [
        b"",
        b"1234567",
        struct.pack("<f", 1.0) + bytes(8),
        struct.pack("<f", math.nan) + b"12345678",
        struct.pack("<f", -1.0) + b"12345678",
        struct.pack("<f", math.inf) + b"12345678",
        struct.pack("<f", 1.0) + b"1" * (MOST_DIMENSIONS + 1),
    ],
    ids=["empty", "short", "zero", "nan", "negative", "infinite", "long"],
)
def test_what_is_no_packed_vector_is_refused(vector: bytes) -> None:
    with pytest.raises(ValueError, match="packed vector"):
        unpacked(vector)


@given(st.binary(max_size=64))
def test_any_bytes_are_a_vector_or_refused(vector: bytes) -> None:
    try:
        found = unpacked(vector)
    except ValueError:
        return
    assert all(map(math.isfinite, found))
    assert any(found)


def test_the_cosine_of_two_packed_vectors_is_nearly_theirs() -> None:
    one, other = packed([1.0] * 8), packed([1.0] * 4 + [0.0] * 4)
    assert cosine(one, one) == pytest.approx(1.0)
    assert cosine(one, other) == pytest.approx(math.sqrt(0.5))
    assert cosine(one, packed([-1.0] * 8)) == pytest.approx(-1.0)
    with pytest.raises(ValueError, match="two kinds"):
        cosine(one, packed([1.0] * 9))
