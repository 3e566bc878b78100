"""Ids of requests."""

from __future__ import annotations

import uuid

from stellwerk.gateway.request_id import RequestIds


def test_an_id_is_a_version_7_uuid_of_its_time() -> None:
    found = uuid.UUID(RequestIds().new(1_700_000_000_123))
    assert (found.version, found.variant) == (7, uuid.RFC_4122)
    assert found.int >> 80 == 1_700_000_000_123


def test_ids_of_one_moment_differ_over_several_batches() -> None:
    ids = RequestIds()
    assert len({ids.new(1) for _ in range(5_000)}) == 5_000


def test_two_workers_do_not_draw_the_same() -> None:
    one, two = RequestIds(), RequestIds()
    assert not {one.new(1) for _ in range(1_000)} & {two.new(1) for _ in range(1_000)}
