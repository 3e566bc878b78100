"""AWS event streams: frames whole and damaged, every type of header, any cut; botocore's reader is the judge."""

from __future__ import annotations

import struct
from typing import Any
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.dialects.aws_eventstream import (
    MAX_HEADER_BYTES,
    Decoder,
    Frame,
    Splitter,
    encode,
    read_headers,
    split,
    write_headers,
)
from stellwerk.errors import UpstreamInvalid

NAMES = st.text(min_size=1, max_size=12).filter(lambda name: len(name.encode()) <= 255)
VALUES = st.one_of(st.booleans(), st.integers(-(2**63), 2**63 - 1), st.text(max_size=20), st.binary(max_size=20))
HEADERS = st.dictionaries(NAMES, VALUES, max_size=4)
FRAMES = st.lists(st.tuples(HEADERS, st.binary(max_size=60)), max_size=4)
ALL_TYPES = (
    b"\x01a\x00\x01b\x01\x01c\x02\xfe\x01d\x03\xff\x00\x01e\x04\xff\xff\xff\xf0"
    b"\x01f\x05\x00\x00\x00\x00\x00\x00\x00\x07\x01g\x06\x00\x03abc\x01h\x07\x00\x02\xc3\xbc"
    b"\x01i\x08\x00\x00\x01\x8b\xcf\xe5\x68\x00\x01j\x090123456789abcdef"
)


def raw(block: bytes, payload: bytes = b"{}", *, header_bytes: int | None = None, length: int | None = None) -> bytes:
    """A frame, its lengths told truly or not."""
    size = 16 + len(block) + len(payload) if length is None else length
    prelude = struct.pack("!II", size, len(block) if header_bytes is None else header_bytes)
    whole = prelude + struct.pack("!I", crc32(prelude)) + block + payload
    return whole + struct.pack("!I", crc32(whole))


def judged(stream: bytes) -> list[tuple[Any, bytes]]:
    """What botocore reads."""
    buffer = EventStreamBuffer()
    buffer.add_data(stream)
    return [(event.headers, event.payload) for event in buffer]


@given(FRAMES)
def test_botocore_reads_what_is_encoded(frames: list[tuple[Any, bytes]]) -> None:
    assert judged(b"".join(encode(headers, payload) for headers, payload in frames)) == frames


@given(FRAMES, st.data())
def test_whatever_the_cuts_the_frames_are_the_same(frames: list[tuple[Any, bytes]], data: st.DataObject) -> None:
    stream = b"".join(encode(headers, payload) for headers, payload in frames)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=8)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    decoder = Decoder()
    read = [frame for piece in pieces for frame in decoder.feed(piece)]
    assert read == [Frame(headers, payload) for headers, payload in frames]
    assert decoder.is_between_frames
    splitter = Splitter()
    assert b"".join(raw for piece in pieces for raw in splitter.feed(piece)) == stream


@given(st.binary(max_size=80))
def test_any_bytes_are_frames_or_refused(stream: bytes) -> None:
    decoder = Decoder()
    try:
        decoder.feed(stream)
    except UpstreamInvalid:
        return
    assert len(stream) < 12 or not decoder.is_between_frames


@given(st.binary(max_size=80))
def test_any_header_block_is_read_as_botocore_reads_it_or_refused(block: bytes) -> None:
    try:
        headers = read_headers(block)
    except UpstreamInvalid:
        return
    assert judged(raw(block)) == [(headers, b"{}")]


def test_every_type_of_header_is_read() -> None:
    headers = read_headers(ALL_TYPES)
    assert headers == {
        "a": True,
        "b": False,
        "c": -2,
        "d": -256,
        "e": -16,
        "f": 7,
        "g": b"abc",
        "h": "ü",
        "i": 1_700_000_000_000,
        "j": b"0123456789abcdef",
    }
    assert judged(raw(ALL_TYPES)) == [(headers, b"{}")]


@pytest.mark.parametrize("at", range(len(raw(ALL_TYPES))))
def test_a_flipped_bit_anywhere_is_noticed(at: int) -> None:
    frame = bytearray(raw(ALL_TYPES))
    frame[at] ^= 4
    with pytest.raises(UpstreamInvalid, match="damaged"):
        Decoder().feed(bytes(frame))


@pytest.mark.parametrize("size", range(1, len(ALL_TYPES)))
def test_headers_that_break_off_are_refused_or_end_with_a_header(size: int) -> None:
    ends = {3, 6, 10, 15, 22, 33, 41, 48, 59}
    if size in ends:
        assert len(read_headers(ALL_TYPES[:size])) == sorted(ends).index(size) + 1
    else:
        with pytest.raises(UpstreamInvalid, match="cannot be read"):
            read_headers(ALL_TYPES[:size])


@pytest.mark.parametrize(
    ("block", "told"),
    [
        (b"\x01a\x00\x01a\x01", "twice"),
        (b"\x00\x00", "nameless"),
        (b"\x01a\x0a", "unknown type 10"),
        (b"\x01\xff\x00", "cannot be read"),
        (b"\x01a\x07\x00\x01\xff", "cannot be read"),
        (b"\x05a", "cannot be read"),
    ],
)
def test_headers_nobody_can_mean_are_refused(block: bytes, told: str) -> None:
    with pytest.raises(UpstreamInvalid, match=told):
        Decoder().feed(raw(block))


@pytest.mark.parametrize(
    "frame",
    [
        raw(b"", b"", length=15),
        raw(b"", b"", header_bytes=1),
        raw(b"\x00" * (MAX_HEADER_BYTES + 1), b""),
    ],
)
def test_lengths_that_contradict_each_other_are_refused(frame: bytes) -> None:
    with pytest.raises(UpstreamInvalid, match="contradict"):
        Decoder().feed(frame)


def test_a_frame_over_the_limit_is_refused_before_it_is_put_together() -> None:
    frame = raw(b"", b"x" * 200)
    with pytest.raises(UpstreamInvalid, match="over 100 bytes"):
        Decoder(max_frame_bytes=100).feed(frame[:12])
    assert len(Decoder(max_frame_bytes=len(frame)).feed(frame)) == 1


def test_headers_are_read_once_for_all_frames_that_share_them_and_no_more_than_some_are_kept() -> None:
    decoder = Decoder()
    first, second = (decoder.feed(encode({"a": "b"}, payload))[0] for payload in (b"1", b"2"))
    assert first.headers is second.headers
    frames = [decoder.feed(encode({"n": number}, b""))[0] for number in range(100)]
    assert [frame.headers["n"] for frame in frames] == list(range(100))


def test_a_frame_comes_apart_into_headers_and_payload() -> None:
    block = write_headers({"a": "b"})
    assert split(raw(block, b"payload")) == (block, b"payload")


@pytest.mark.parametrize("headers", [{"": "x"}, {"n" * 256: "x"}, {"n": "x" * 32_768}])
def test_headers_that_no_frame_can_hold_are_not_written(headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="a header"):
        encode(headers, b"")


def test_a_header_block_over_the_limit_is_not_written() -> None:
    with pytest.raises(ValueError, match="header block"):
        encode({f"n{number}": "x" * 32_767 for number in range(5)}, b"")


def test_a_large_frame_in_many_pieces_is_put_together_once() -> None:
    frame = raw(b"", bytes(300_000))
    decoder = Decoder()
    frames = [found for at in range(0, len(frame), 100) for found in decoder.feed(frame[at : at + 100])]
    assert [len(found.payload) for found in frames] == [300_000]
