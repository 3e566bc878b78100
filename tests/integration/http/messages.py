"""Strategies for hypothesis: messages of HTTP/1.1 in all their spellings, ways to spoil them, and ways to cut them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import strategies as st

NASTY = [
    b"\r",
    b"\n",
    b"\r\n",
    b"\r\n\r\n",
    b"\x00",
    b" ",
    b"\t",
    b"\x0b",
    b":",
    b";",
    b",",
    b"0",
    b"5",
    b"f",
    b"+",
    b"-",
    b"0x",
    b"\xff",
    b"chunked",
    b"Content-Length: 3\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Connection: close\r\n",
    b"Connection: upgrade\r\nUpgrade: h2c\r\n",
    b"Expect: 100-continue\r\n",
    b"Host: y\r\n",
    b"0\r\n\r\n",
    b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
    b"HTTP/1.0",
]


class Message(NamedTuple):
    """A message and what must be read from it. ``first`` is the method of a request, the status of an answer."""

    data: bytes
    first: bytes
    path: bytes
    body: bytes


@st.composite
def chunks(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """A body, and the same body in chunks of every size and spelling."""
    body, framed = b"", b""
    for _ in range(draw(st.integers(0, 6))):
        size = draw(st.one_of(st.integers(1, 40), st.sampled_from([255, 256, 257, 4095, 4096])))
        data = (
            draw(st.binary(min_size=size, max_size=size)) if size <= 40 else bytes([draw(st.integers(0, 255))]) * size
        )
        body += data
        framed += _size_line(draw, size) + data + b"\r\n"
    trailers = draw(st.sampled_from([b"", b"", b"", b"X-Late: 1\r\n", b"Host: evil\r\nX: y\r\n"]))
    return body, framed + _size_line(draw, 0) + trailers + b"\r\n"


def _size_line(draw: st.DrawFn, size: int) -> bytes:
    spelled = draw(st.sampled_from([b"%x", b"%x", b"%x", b"%X", b"%04x", b"000%x"])) % size
    extension = draw(st.sampled_from([b"", b"", b"", b";a", b";a=b", b';a="b;c"']))
    return spelled + extension + b"\r\n"


@st.composite
def requests(draw: st.DrawFn) -> Message:
    """A sound request that keeps the connection."""
    method = draw(st.sampled_from([b"GET", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"HEAD"]))
    path = b"/" + draw(st.text("abc/%.~-_", max_size=10)).encode()
    query = draw(st.sampled_from([b"", b"?a=b", b"?"]))
    fields = [b"Host: " + draw(st.sampled_from([b"x", b"front:8080", b"[::1]:80"]))]
    fields += draw(
        st.lists(st.sampled_from([b"X-A: b", b"x-a:c", b"Accept: */*", b"Connection: keep-alive"]), max_size=3)
    )
    kind = draw(st.sampled_from(["none", "length", "chunked"]))
    body = framed = b""
    if kind == "length":
        body = framed = draw(st.binary(max_size=60))
        fields.append(b"Content-Length: %d" % len(body))
    elif kind == "chunked":
        body, framed = draw(chunks())
        fields.append(b"Transfer-Encoding: " + draw(st.sampled_from([b"chunked", b"Chunked"])))
    if draw(st.integers(0, 9)) == 0:
        fields += [b"Connection: upgrade", b"Upgrade: h2c"]
    head = b"%b %b%b HTTP/1.1\r\n%b\r\n\r\n" % (method, path, query, b"\r\n".join(draw(st.permutations(fields))))
    return Message(head + framed, method, path, body)


@st.composite
def answers(draw: st.DrawFn) -> Message:
    """A sound answer that keeps the connection."""
    status = draw(st.sampled_from([200, 201, 404, 429, 500]))
    fields = draw(st.lists(st.sampled_from([b"X-A: b", b"Content-Type: text/plain"]), max_size=2))
    early = b"HTTP/1.1 100 Continue\r\n\r\n" * draw(st.sampled_from([0, 0, 0, 1, 2]))
    if draw(st.booleans()):
        body = framed = draw(st.binary(max_size=60))
        fields.append(b"Content-Length: %d" % len(body))
    else:
        body, framed = draw(chunks())
        fields.append(b"Transfer-Encoding: chunked")
    head = b"HTTP/1.1 %d Reason\r\n%b\r\n\r\n" % (status, b"\r\n".join(draw(st.permutations(fields))))
    return Message(early + head + framed, b"%d" % status, b"", body)


@st.composite
def spoilt(draw: st.DrawFn, sound: st.SearchStrategy[bytes]) -> bytes:
    """Sound bytes in which a few places were changed."""
    data = draw(sound)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.sampled_from([0, 0, 1, 1, 2, 10])))
        middle = draw(st.one_of(st.sampled_from(NASTY), st.binary(max_size=3), st.just(data[start : end + 20])))
        data = data[:start] + middle + data[end:]
    return data


@st.composite
def cut(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """The same bytes in pieces, as reads may bring them."""
    places = sorted(set(draw(st.lists(st.integers(1, max(1, len(data) - 1)), max_size=8))))
    return between(data, places)


def between(data: bytes, places: Sequence[int]) -> list[bytes]:
    """Pieces of ``data`` cut at ascending ``places``."""
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]
