"""An answer that is read without the parser is the one that the parser reads."""

from __future__ import annotations

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.http.whole_answer import read_whole

BODY = b'{"a": 1}'
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-A: b \t\r\nx-a: c\r\nContent-Length: 8\r\n\r\n" + BODY


class Heard:
    """What the parser hears of an answer."""

    def __init__(self) -> None:
        self.headers: dict[bytes, bytes] = {}
        self.body = b""
        self.wholes = 0
        self.keeps_alive = False
        self.parser: httptools.HttpResponseParser | None = None

    def on_header(self, name: bytes, value: bytes) -> None:
        """As a connection does it."""
        name = name.lower()
        self.headers[name] = value if name not in self.headers else self.headers[name] + b", " + value

    def on_body(self, data: bytes) -> None:
        """Keeps it."""
        self.body += data

    def on_message_complete(self) -> None:
        """Counts, while the parser still knows."""
        self.wholes += 1
        self.keeps_alive = self.parser is not None and self.parser.should_keep_alive()


def test_the_commonest_answer_is_read() -> None:
    whole = read_whole(PLAIN)
    assert whole is not None
    headers, body = whole
    assert body == BODY
    assert b"content-encoding" not in headers
    assert headers.get(b"content-encoding", b"identity") == b"identity"
    assert headers[b"x-a"] == headers.get(b"x-a") == b"b, c"
    assert dict(headers) == {b"content-type": b"application/json", b"x-a": b"b, c", b"content-length": b"8"}
    assert len(headers) == 3


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"200 OK", b"201 OK"),
        (b"HTTP/1.1", b"HTTP/1.0"),
        (b"Content-Length: 8", b"Content-Length: 7"),
        (b"Content-Length: 8", b"Content-Length: 9"),
        (b"Content-Length: 8", b"Content-Length: +8"),
        (b"Content-Length: 8", b"Content-Length: 8\r\nContent-Length: 8"),
        (b"Content-Length: 8", b"Content-Length: 8\r\nTransfer-Encoding: chunked"),
        (b"Content-Length: 8", b"Content-Length: 8\r\nConnection: close"),
        (b"Content-Length: 8", b"Content-Length: 8\r\nContent-Encoding: gzip"),
        (b"Content-Length: 8", b"Content-Length: 0000000008"),
        (b"Content-Length", b"Content-Len"),
        (b"X-A: b", b"X-A : b"),
        (b"X-A: b", b" X-A: b"),
        (b"X-A: b", b"X-A: b\x00"),
        (b"X-A: b", b"X-A: b\r\n folded"),
        (b"X-A: b \t\r\n", b"X-A: b\n"),
        (BODY, BODY + b"x"),
    ],
)
def test_anything_else_is_the_parsers(old: bytes, new: bytes) -> None:
    assert old in PLAIN
    assert read_whole(PLAIN.replace(old, new, 1)) is None


PIECES = st.sampled_from(
    [
        *(b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 \r\n", b"HTTP/1.1 200\r\n", b"\r\n", b"\n", b" ", b"\t", b"x", BODY),
        *(b"Content-Length: 8\r\n", b"content-length:8\r\n", b"Content-Length: 0\r\n", b"Content-Length: 8, 8\r\n"),
        *(b"Date: now\r\n", b"x-y:\r\n", b"Set-Cookie: a=b; c\r\n", b"Connection: keep-alive\r\n", b"\xc3\xa4: x\r\n"),
        *(b"x: \xc3\xa4\r\n", b"Transfer-Encoding: chunked\r\n", b"\x00", b": y\r\n", b"x-content-length: 3\r\n"),
    ]
)


@given(st.lists(PIECES, max_size=9).map(b"".join) | st.binary(max_size=60))
def test_whatever_comes_the_parser_agrees(data: bytes) -> None:
    for whole in (
        data,
        b"HTTP/1.1 200 OK\r\n" + data,
        b"HTTP/1.1 200 OK\r\n" + data + b"Content-Length: 8\r\n\r\n" + BODY,
    ):
        found = read_whole(whole)
        if found is not None:
            heard = Heard()
            heard.parser = parser = httptools.HttpResponseParser(heard)
            parser.feed_data(whole)
            assert (heard.wholes, heard.body) == (1, found[1])
            assert heard.headers == dict(found[0])
            assert heard.keeps_alive
            assert parser.get_status_code() == 200
