"""A head that is recognised means exactly what the parser makes of the same bytes."""

from __future__ import annotations

import httptools
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.http.known_head import KnownHead, learn

NAMES = st.sampled_from([b"Host", b"accept", b"Content-Type", b"X-A", b"authorization", b"content-lengths", b"a"])
VALUES = st.binary(max_size=20).filter(lambda value: not set(value) - set(range(0x20, 0x7F)))
LENGTHS = st.sampled_from([b"Content-Length", b"content-length", b"CONTENT-LENGTH"])


class Parsed:
    """What the parser hears of a message."""

    def __init__(self) -> None:
        self.body = b""
        self.is_whole = False
        self.headers: list[tuple[bytes, bytes]] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keeps it."""
        self.headers.append((name.lower(), value))

    def on_body(self, data: bytes) -> None:
        """Keeps it."""
        self.body += data

    def on_message_complete(self) -> None:
        """Remembers."""
        self.is_whole = True


def parsed(data: bytes) -> Parsed | None:
    heard = Parsed()
    try:
        httptools.HttpRequestParser(heard).feed_data(data)
    except httptools.HttpParserError:
        return None
    return heard


@st.composite
def heads(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """The lines before a head's length and those behind it, with the length's name and spaces."""
    fields = draw(st.lists(st.tuples(NAMES, VALUES), max_size=4))
    cut = draw(st.integers(0, len(fields)))
    lines = [b"%b: %b\r\n" % field for field in fields]
    space = draw(st.sampled_from([b"", b" ", b"  ", b"\t"]))
    before = b"POST /v1/x?a HTTP/1.1\r\n" + b"".join(lines[:cut]) + draw(LENGTHS) + b":" + space
    return before, b"\r\n" + b"".join(lines[cut:]) + b"\r\n"


def learned(head: tuple[bytes, bytes], body: bytes) -> KnownHead:
    before, after = head
    data = before + b"%d" % len(body) + after + body
    known = learn(data, b"POST", b"/v1/x", b"a", {b"host": b"h"}, body)
    assert known is not None
    assert known.body_of(data) == body
    return known


@given(heads(), st.binary(min_size=1, max_size=40), st.binary(max_size=200))
def test_the_same_head_with_another_body_is_recognised(head: tuple[bytes, bytes], first: bytes, second: bytes) -> None:
    known = learned(head, first)
    data = head[0] + b"%d" % len(second) + head[1] + second
    assert known.body_of(data) == second
    heard = parsed(data)
    assert heard is None or (heard.is_whole and heard.body == second)


@given(heads(), st.binary(min_size=1, max_size=20), st.data())
def test_what_is_recognised_is_what_the_parser_reads(
    head: tuple[bytes, bytes], body: bytes, data: st.DataObject
) -> None:
    known = learned(head, body)
    digits = data.draw(
        st.sampled_from([b"%d" % len(body), b"0%d" % len(body), b"+5", b"-1", b"", b"5 5", b"\xb25", b"9" * 12])
    )
    changed = head[0] + digits + head[1] + data.draw(st.sampled_from([body, body + b"x", body[:-1], b""]))
    at = data.draw(st.integers(0, len(changed)))
    changed = data.draw(st.sampled_from([changed, changed[:at], changed[:at] + b"\r\n" + changed[at:]]))
    found = known.body_of(changed)
    if found is not None:
        heard = parsed(changed)
        assert heard is None or (heard.is_whole and heard.body == found)
        assert changed.startswith(head[0])
        assert changed.endswith(head[1] + found)


def test_only_a_message_that_is_all_of_the_bytes_is_learned() -> None:
    head = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n"
    arguments = (b"POST", b"/", b"", {b"host": b"h"})
    assert learn(head + b"{}", *arguments, b"{}") is not None
    assert learn(b"\r\n" + head + b"{}", *arguments, b"{}") is None
    assert learn(head + b"{}\r\n", *arguments, b"{}") is None
    assert learn(b"POST / HTTP/1.1\r\nHost: h\r\n\r\n", *arguments, b"") is None
    assert learn(head.replace(b"2\r", b"2 \r") + b"{}", *arguments, b"{}") is None
