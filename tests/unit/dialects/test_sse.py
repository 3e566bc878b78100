"""Server-sent events: limits, endings and oddities."""

from __future__ import annotations

import pytest

from stellwerk.dialects.sse import Decoder, Event, Splitter, encode
from stellwerk.errors import UpstreamInvalid


def test_a_character_split_over_chunks_stays_whole() -> None:
    decoder = Decoder()
    train = "🚂".encode()
    assert decoder.feed(b"data: " + train[:2]) == []
    assert decoder.feed(train[2:] + b"\n\n") == [Event(train)]


def test_a_carriage_return_in_last_place_waits_for_the_next_byte() -> None:
    decoder = Decoder()
    assert decoder.feed(b"data: a\r\n\r") == []
    assert decoder.feed(b"\ndata: b\r\n\r\n") == [Event(b"a"), Event(b"b")]


def test_a_carriage_return_in_last_place_ends_the_event_when_the_stream_ends() -> None:
    decoder = Decoder()
    assert decoder.feed(b"data: a\r\r") == []
    assert not decoder.is_between_events
    assert decoder.flush() == [Event(b"a")]
    assert decoder.is_between_events


def test_an_event_without_its_empty_line_is_not_dispatched_but_shown() -> None:
    decoder = Decoder()
    assert decoder.feed(b"data: a\n") == []
    assert decoder.flush() == []
    assert decoder.unfinished == Event(b"a")
    assert not decoder.is_between_events


def test_the_byte_order_mark_is_dropped_once() -> None:
    decoder = Decoder()
    mark = b"\xef\xbb\xbf"
    assert decoder.feed(mark + b"data: a\n\n" + mark + b"data: b\n\n") == [Event(b"a")]


def test_all_fields_are_read() -> None:
    assert Decoder().feed(b"id: 7\nevent: ping\nretry: 250\ndata: {}\n\n") == [Event(b"{}", "ping", "7", 250)]


def test_a_retry_of_absurd_length_is_ignored() -> None:
    assert Decoder().feed(b"retry: " + b"9" * 5000 + b"\ndata:\n\n") == [Event(b"")]


def test_a_whole_event_over_the_limit_is_refused() -> None:
    with pytest.raises(UpstreamInvalid, match="over 16 bytes"):
        Decoder(max_event_bytes=16).feed(b"data: 0123456789\n\n")


def test_an_event_that_grows_over_the_limit_is_refused_before_it_is_whole() -> None:
    decoder = Decoder(max_event_bytes=16)
    assert decoder.feed(b"data: 01234567") == []
    with pytest.raises(UpstreamInvalid):
        decoder.feed(b"890")


def test_the_limit_holds_for_the_rest_behind_a_whole_event() -> None:
    with pytest.raises(UpstreamInvalid):
        Decoder(max_event_bytes=16).feed(b"data: a\n\n" + b"x" * 17)


def test_many_events_together_may_be_larger_than_the_limit() -> None:
    assert len(Decoder(max_event_bytes=16).feed(b"data: 01234567\n\n" * 100)) == 100


def test_a_large_event_in_small_pieces_costs_no_more_than_its_size() -> None:
    splitter = Splitter()
    piece = b"x" * 1000
    assert splitter.feed(b"data: ") == []
    for _ in range(10_000):
        assert splitter.feed(piece) == []
    (raw,) = splitter.feed(b"\n\n")
    assert len(raw) == 6 + 10_000_000 + 2


def test_an_event_is_encoded_with_its_name_and_a_line_for_each_of_its_lines() -> None:
    assert encode(b"a\r\nb\rc") == b"data: a\ndata: b\ndata: c\n\n"
    assert encode(b"{}", "ping") == b"event: ping\ndata: {}\n\n"
