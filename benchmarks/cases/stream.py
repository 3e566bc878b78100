"""Streams: what one server-sent event costs, handed on as it comes, with usage taken out, cut, or decoded."""

from collections.abc import Callable, Iterator

from benchmarks.cases.case import Case
from benchmarks.cases.samples import stream_events
from stellwerk.core.snapshot import LimitsSpec
from stellwerk.dialects import sse
from stellwerk.dialects.openai_chat.stream import PassThrough

MAX_EVENT_BYTES = LimitsSpec().max_event_bytes
READ_BYTES = 16_384


def cases() -> Iterator[Case]:
    """Each figure is for one event, a new transducer's making shared among the events of a stream."""
    events = stream_events()
    reads = _in_reads(b"".join(events))
    count = len(events)

    def per_event(name: str, feeder: Callable[[], Callable[[bytes], object]], pieces: list[bytes]) -> Case:
        def feed_all() -> None:
            feed = feeder()
            for piece in pieces:
                feed(piece)

        return Case(group="SSE", name=name, call=feed_all, units=count)

    yield per_event("handed on, an event a read", lambda: _relay(strip_usage=False), events)
    yield per_event("handed on, 16 KB a read", lambda: _relay(strip_usage=False), reads)
    yield per_event("usage taken out, an event a read", lambda: _relay(strip_usage=True), events)
    yield per_event("usage taken out, 16 KB a read", lambda: _relay(strip_usage=True), reads)
    yield per_event("cut into raw events", lambda: sse.Splitter().feed, events)
    yield per_event("decoded", lambda: sse.Decoder().feed, events)
    data = events[0][6:-2]
    yield Case(group="SSE", name="encoded", call=lambda: sse.encode(data))


def _relay(*, strip_usage: bool) -> Callable[[bytes], bytes]:
    return PassThrough(strip_usage=strip_usage, max_event_bytes=MAX_EVENT_BYTES).feed


def _in_reads(stream: bytes) -> list[bytes]:
    return [stream[start : start + READ_BYTES] for start in range(0, len(stream), READ_BYTES)]
