"""Ids of requests are UUIDs whatever the time, and sort by it."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from stellwerk.gateway.request_id import RequestIds

MOMENTS = st.integers(0, 2**48 - 1)
IDS = RequestIds()


@given(MOMENTS)
def test_an_id_is_a_version_7_uuid_in_32_digits(now_ms: int) -> None:
    made = IDS.new(now_ms)
    found = uuid.UUID(made)
    assert made == found.hex
    assert (found.version, found.variant) == (7, uuid.RFC_4122)
    assert found.int >> 80 == now_ms


@given(MOMENTS, MOMENTS)
def test_ids_sort_by_time(one_ms: int, other_ms: int) -> None:
    if one_ms < other_ms:
        assert IDS.new(one_ms) < IDS.new(other_ms)


@given(st.lists(MOMENTS, min_size=1, max_size=50))
def test_ids_do_not_repeat(moments: list[int]) -> None:
    assert len({IDS.new(moment) for moment in moments}) == len(moments)
