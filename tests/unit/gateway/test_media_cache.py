"""What was fetched lately is bounded in bytes and in time."""

from __future__ import annotations

from stellwerk.core.media import Link
from stellwerk.core.part import Image, InlineSource
from stellwerk.gateway.media_cache import MediaCache


def link(name: str) -> Link:
    return Link(Image, f"https://a.test/{name}")


def source(size: int) -> InlineSource:
    return InlineSource("image/png", "A" * size)


def test_the_one_used_longest_ago_makes_room() -> None:
    cache = MediaCache(lambda: 0.0, most_bytes=10, ttl_s=60)
    cache.put(link("a"), source(4))
    cache.put(link("b"), source(4))
    assert cache.get(link("a")) == source(4)
    cache.put(link("c"), source(4))
    assert [cache.get(link(name)) is not None for name in "abc"] == [True, False, True]
    assert cache.size == 8


def test_what_takes_all_the_room_is_not_kept_and_drives_nothing_out() -> None:
    cache = MediaCache(lambda: 0.0, most_bytes=10, ttl_s=60)
    cache.put(link("a"), source(10))
    cache.put(link("b"), source(11))
    assert cache.get(link("b")) is None
    assert cache.get(link("a")) is not None


def test_a_newer_one_takes_the_place_of_the_older() -> None:
    cache = MediaCache(lambda: 0.0, most_bytes=10, ttl_s=60)
    cache.put(link("a"), source(10))
    cache.put(link("a"), source(3))
    assert cache.get(link("a")) == source(3)
    assert cache.size == 3


def test_nothing_is_used_after_its_time() -> None:
    now = [0.0]
    cache = MediaCache(lambda: now[0], most_bytes=10, ttl_s=60)
    cache.put(link("a"), source(4))
    now[0] = 59.9
    assert cache.get(link("a")) is not None
    now[0] = 60.0
    assert cache.get(link("a")) is None
    assert cache.size == 0


def test_it_forgets_everything_at_once() -> None:
    cache = MediaCache(lambda: 0.0, most_bytes=10, ttl_s=60)
    cache.put(link("a"), source(4))
    cache.clear()
    assert (cache.get(link("a")), cache.size) == (None, 0)
