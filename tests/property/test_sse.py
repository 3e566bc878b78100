"""Server-sent events decode the same in any chunking, and as a plain reading of the specification has it."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from stellwerk.dialects.sse import Decoder, Event, Splitter, encode

LINES = st.one_of(
    st.sampled_from(["data", "data:", "data: ", "data:x", "data: [DONE]", ": comment", ":", "event: ping", "id: 7"]),
    st.sampled_from(["retry: 250", "retry: soon", "id: a\0b", "event:", "unknown: field", "data:  two", "data: ü🚂"]),
    st.text(alphabet="data: xü\0", max_size=8),
)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])
STREAMS = st.lists(st.tuples(st.one_of(st.just(""), LINES), ENDS), max_size=30).map(
    lambda lines: "".join(line + end for line, end in lines).encode()
)
TAILS = st.sampled_from([b"", b"data: cut", b"data: cut\n", b": com", b"\r", b"\xc3", b"data: \xc3"])
MARKS = st.sampled_from([b"", b"\xef\xbb\xbf"])


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    return draw(MARKS) + draw(STREAMS) + draw(TAILS)


@st.composite
def splits(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    stream = draw(streams())
    cuts = sorted(draw(st.sets(st.integers(0, len(stream)), max_size=12)))
    return stream, [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]


def decode(pieces: list[bytes]) -> tuple[list[Event], Event | None, bool]:
    decoder = Decoder()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    events += decoder.flush()
    return events, decoder.unfinished, decoder.is_between_events


def specified(stream: bytes) -> list[Event]:
    """WHATWG HTML 9.2.6, line by line."""
    events: list[Event] = []
    data: list[bytes] = []
    fields: dict[str, str | int] = {}
    *lines, _unfinished = re.split(rb"\r\n|\n|\r", stream.removeprefix(b"\xef\xbb\xbf"))
    for line in lines:
        if not line:
            if data:
                events.append(Event(b"\n".join(data), **fields))  # type: ignore[arg-type]
            data, fields = [], {}
            continue
        name, colon, value = line.partition(b":")
        value = value.removeprefix(b" ") if colon else value
        match name:
            case b"data":
                data.append(value)
            case b"event":
                fields["event"] = value.decode(errors="replace")
            case b"id" if b"\0" not in value:
                fields["id"] = value.decode(errors="replace")
            case b"retry" if value.isdigit():
                fields["retry_ms"] = int(value)
            case _:
                pass
    return events


@given(splits())
def test_any_chunking_decodes_the_same(split: tuple[bytes, list[bytes]]) -> None:
    stream, pieces = split
    assert decode(pieces) == decode([stream])
    assert decode([bytes([byte]) for byte in stream]) == decode([stream])


@given(streams())
def test_events_are_those_of_the_specification(stream: bytes) -> None:
    assert decode([stream])[0] == specified(stream)


@given(splits())
def test_raw_events_joined_are_the_stream(split: tuple[bytes, list[bytes]]) -> None:
    stream, pieces = split
    splitter = Splitter()
    raws = [raw for piece in pieces for raw in splitter.feed(piece)] + splitter.flush()
    assert b"".join(raws) + splitter.pending == stream


@given(st.lists(st.text(alphabet="ab\n ü:", max_size=20).map(str.encode), max_size=5), st.sampled_from([None, "ping"]))
def test_what_is_encoded_decodes_again(payloads: list[bytes], name: str | None) -> None:
    stream = b"".join(encode(payload, name) for payload in payloads)
    assert decode([stream]) == ([Event(payload, name or "") for payload in payloads], None, True)
