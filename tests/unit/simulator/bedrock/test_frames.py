"""Frames are those that AWS's own parser reads."""

import msgspec
from botocore.eventstream import EventStreamBuffer  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.simulator.bedrock.frames import event, exception, frame

NAMES = st.text(st.characters(codec="ascii", exclude_categories=["C"]), min_size=1, max_size=30)


@given(st.dictionaries(NAMES, st.text(max_size=60), max_size=4), st.binary(max_size=200), st.integers(1, 40))
def test_any_frame_is_read_as_it_was_written(headers: dict[str, str], payload: bytes, step: int) -> None:
    written = frame(tuple(headers.items()), payload) * 2
    buffer, read = EventStreamBuffer(), []
    for start in range(0, len(written), step):
        buffer.add_data(written[start : start + step])
        read.extend(buffer)
    assert [(message.headers, message.payload) for message in read] == [(headers, payload)] * 2


def test_events_and_exceptions_have_the_headers_that_clients_look_at() -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(event("messageStart", b"{}") + exception("throttlingException", {"message": "x"}))
    started, thrown = list(buffer)
    assert (started.headers[":event-type"], started.headers[":message-type"]) == ("messageStart", "event")
    assert (thrown.headers[":exception-type"], thrown.headers[":message-type"]) == ("throttlingException", "exception")
    assert msgspec.json.decode(thrown.payload) == {"message": "x"}
