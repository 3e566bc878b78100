"""Whatever is fetched, in whatever pieces: its base64 text is the one of the whole, and judging it ends well."""

from __future__ import annotations

from base64 import b64encode

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.base64_text import SLICE_BYTES, Base64Text
from stellwerk.core.media import Link, place_of
from stellwerk.core.media_type import media_type_of
from stellwerk.core.part import Image, InlineSource
from stellwerk.gateway.media_cache import MediaCache

NOUNS = ("image", "audio", "video", "document")
SIZES = st.integers(0, 300) | st.integers(SLICE_BYTES - 3, SLICE_BYTES + 3)


@given(st.lists(SIZES, max_size=8), st.binary(min_size=1, max_size=99))
def test_any_cut_gives_the_same_text(sizes: list[int], pattern: bytes) -> None:
    pieces = [(pattern * (size // len(pattern) + 1))[:size] for size in sizes]
    text = Base64Text()
    for piece in pieces:
        text.feed(piece)
    assert text.size == sum(sizes)
    assert text.finish() == b64encode(b"".join(pieces)).decode()


@given(st.binary(max_size=64), st.sampled_from(NOUNS), st.text(max_size=20), st.text(max_size=20))
def test_any_bytes_are_of_the_wanted_sort_or_of_none(head: bytes, noun: str, declared: str, url: str) -> None:
    found = media_type_of(noun, head, declared, url)
    if found is not None:
        family = found.partition("/")[0]
        assert family == noun or (noun == "document" and family in {"application", "text"})


@given(
    st.recursive(
        st.none() | st.text(max_size=5), lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner)
    ),
    st.integers(0, 3),
)
def test_a_url_is_found_wherever_it_stands(around: object, depth: int) -> None:
    document: object = {"first": around, "image_url": {"url": "https://a.test/"}}
    for _ in range(depth):
        document = [around, document]
    place = place_of(msgspec.json.encode(document), "https://a.test/")
    assert place == "[1]" * depth + ("." if depth else "") + "image_url.url"


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 12))), st.integers(0, 20))
def test_the_cache_never_outgrows_its_bound(puts: list[tuple[int, int]], most_bytes: int) -> None:
    cache = MediaCache(lambda: 0.0, most_bytes=most_bytes, ttl_s=1)
    for name, size in puts:
        cache.put(Link(Image, f"https://a.test/{name}"), InlineSource("image/png", "A" * size))
        held = [cache.get(Link(Image, f"https://a.test/{n}")) for n in range(6)]
        assert cache.size == sum(len(source.data) for source in held if source is not None) <= most_bytes
