"""The pool's side against everything that hypothesis can think of: the same bytes by every way, and one ending."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stellwerk.http.upstream import UpstreamConnection
from tests.integration.http.loop import Clock
from tests.integration.http.messages import Message, answers, chunks, cut, spoilt
from tests.integration.http.oracle import ORIGIN, check_upstream
from tests.integration.http.provider import Recorder, make_call, make_pool
from tests.integration.http.wire import Wire

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@given(stream=chunks(), data=st.data(), is_streamed=st.booleans())
def test_a_stream_has_the_same_bytes_by_the_fast_path_and_by_the_parser(
    stream: tuple[bytes, bytes], data: st.DataObject, is_streamed: bool
) -> None:
    body, framed = stream
    sink = check_upstream(data.draw(cut(HEAD + framed)), is_streamed=is_streamed)
    assert sink.failure is None
    assert sink.body == body


@given(sizes=st.lists(st.integers(1, 300), min_size=1, max_size=8), data=st.data())
def test_chunks_that_come_one_per_read_are_handed_on_with_their_framing(sizes: list[int], data: st.DataObject) -> None:
    framed = [b"%x\r\n%b\r\n" % (size, data.draw(st.binary(min_size=size, max_size=size))) for size in sizes]
    sink = check_upstream([HEAD, *framed, b"0\r\n\r\n"], is_streamed=True)
    assert sink.chunks == framed
    assert sink.endings == ["end"]


@given(digits=st.lists(st.integers(1, 15), min_size=1, max_size=3), filling=st.sampled_from([b"a", b"\r", b"\n", b"0"]))
def test_a_payload_that_looks_like_a_chunk_behind_half_a_size_deceives_nobody(
    digits: list[int], filling: bytes
) -> None:
    """Of a chunk of 0x15 bytes, the second digit, ``hello`` and line ends read like a chunk of 5 by itself."""
    bodies = [b"x" * digit + b"\r\n" + filling * 14 for digit in digits]
    assert [len(body) for body in bodies] == [16 + digit for digit in digits]
    whole = HEAD + b"".join(b"%x\r\n%b\r\n" % (len(body), body) for body in bodies) + b"0\r\n\r\n"
    for first in range(len(HEAD), len(whole)):
        for length in {digit + 5 for digit in digits}:
            end = first + length
            sink = check_upstream([whole[:first], whole[first:end], whole[end:]], is_streamed=True)
            assert sink.body == b"".join(bodies)


@given(messages=st.lists(answers(), min_size=1, max_size=4), data=st.data())
def test_answers_on_one_connection_go_each_to_its_own_call(messages: list[Message], data: st.DataObject) -> None:
    pool = make_pool(Clock())
    lane = pool.lane(ORIGIN)
    connection = UpstreamConnection(lane)
    wire = Wire(connection)
    lane._members.add(connection)
    lane.give_back(connection)
    for message in messages:
        sink = Recorder(streams=data.draw(st.booleans()))
        lane.send(make_call(sink, is_streamed=data.draw(st.booleans())))
        for piece in data.draw(cut(message.data)):
            assert not sink.is_done
            wire.feed(piece)
        assert sink.failure is None
        assert len(sink.endings) == 1
        assert (b"%d" % sink.status, sink.body) == (message.first, message.body)
        assert lane.size == 1
    assert not wire.is_lost


@given(sent=spoilt(answers().map(lambda message: message.data)), data=st.data(), is_streamed=st.booleans())
def test_a_spoilt_answer_is_read_like_another_strict_parser_reads_it(
    sent: bytes, data: st.DataObject, is_streamed: bool
) -> None:
    check_upstream(data.draw(cut(sent)), is_streamed=is_streamed)


@given(st.lists(st.binary(max_size=50), max_size=5), st.booleans())
def test_arbitrary_bytes_do_no_harm(pieces: list[bytes], is_streamed: bool) -> None:
    check_upstream(pieces, is_streamed=is_streamed)
