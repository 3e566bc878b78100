"""Chunks that are recognised are the ones that the parser reads."""

from __future__ import annotations

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.http.chunk import CHUNK_LIMIT, cut, inside

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class Heard:
    """What the parser hears of a body."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.is_between = True

    def on_chunk_header(self) -> None:
        """A chunk begins."""
        self.chunks.append(b"")
        self.is_between = False

    def on_body(self, data: bytes) -> None:
        """A piece of it."""
        self.chunks[-1] += data

    def on_chunk_complete(self) -> None:
        """It ends."""
        self.is_between = True


def framed(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@given(st.lists(st.binary(min_size=1, max_size=600), min_size=1, max_size=6))
def test_chunks_as_senders_write_them_are_recognised(pieces: list[bytes]) -> None:
    chunks = [framed(piece) for piece in pieces]
    assert cut(b"".join(chunks)) == chunks
    assert [inside(chunk) for chunk in chunks] == pieces


LINES = st.sampled_from(
    [
        b"1\r\n",
        b"01\r\n",
        b"+1\r\n",
        b"0x1\r\n",
        b"A\r\n",
        b"a\r\n",
        b"1;x=y\r\n",
        b"0\r\n",
        b" 1\r\n",
        b"1_0\r\n",
        b"fff\r\n",
    ]
)


@given(st.lists(LINES | st.binary(max_size=12) | st.just(b"\r\n") | st.binary(max_size=9).map(framed)).map(b"".join))
def test_whatever_comes_the_parser_agrees(data: bytes) -> None:
    found = cut(data)
    lone = inside(data)
    if lone is not None:
        assert found == [data]
    if found:
        heard = Heard()
        httptools.HttpResponseParser(heard).feed_data(HEAD + data)
        assert heard.is_between
        assert [framed(chunk) for chunk in heard.chunks] == found
        assert b"".join(found) == data


@pytest.mark.parametrize("data", [b"x" * CHUNK_LIMIT, framed(b"x" * CHUNK_LIMIT), framed(b"x" * (CHUNK_LIMIT - 6))])
def test_large_chunks_are_left_to_the_parser(data: bytes) -> None:
    assert inside(data) is None
    assert cut(data) is None
