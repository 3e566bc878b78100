"""Capacities: texts are measured as each service measures them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.capacity import Capacity, Unit

TEXTS = st.text(st.characters(codec="utf-8"))


@given(TEXTS)
def test_a_length_is_that_of_the_encoded_text(text: str) -> None:
    assert Capacity(1, unit=Unit.UTF8).length(text) == len(text.encode())
    assert Capacity(1, unit=Unit.UTF16).length(text) == len(text.encode("utf-16-le")) // 2
    assert Capacity(1).length(text) == len(text)


@pytest.mark.parametrize(("capacity", "most"), [(Capacity(5), 5), (Capacity(5, 9), 9)])
def test_without_a_total_one_text_fills_a_request(capacity: Capacity, most: int) -> None:
    assert capacity.most == most
