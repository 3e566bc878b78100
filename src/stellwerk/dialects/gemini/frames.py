"""The two framings of a stream: events (``?alt=sse``), or elements of one JSON array."""

from __future__ import annotations

from stellwerk.dialects import sse
from stellwerk.dialects.gemini.array_splitter import ArraySplitter

_BEGIN, _END = b"data: ", b"\r\n\r\n"


class Frames:
    """Bytes to the JSON of whole chunks, whichever the framing."""

    __slots__ = ("_array", "_events")

    def __init__(self, *, is_sse: bool, max_event_bytes: int) -> None:
        self._events = sse.Decoder(max_event_bytes=max_event_bytes) if is_sse else None
        self._array = ArraySplitter(max_event_bytes=max_event_bytes)

    def feed(self, data: bytes) -> list[bytes]:
        """The chunks that these bytes complete. Raises ``UpstreamInvalid``."""
        if self._events is None:
            return self._array.feed(data)
        if self._events.is_between_events and is_lone(data):
            return [data[6:-4]]
        return [event.data for event in self._events.feed(data)]

    def flush(self) -> list[bytes]:
        """Chunks that the end of the stream completes."""
        if self._events is None:
            return []
        return [event.data for event in self._events.flush()]

    @property
    def unfinished(self) -> bytes | None:
        """What has begun and not ended, ``None`` when that is nothing; an event without its empty line may be whole."""
        if self._events is None:
            return None if self._array.is_between else b""
        last = self._events.unfinished
        return None if last is None else last.data


def is_lone(data: bytes) -> bool:
    """Whether this is one whole event as Google frames most: a single data line, ended by CRLF."""
    size = len(data)
    return (
        data.startswith(_BEGIN)
        and data.endswith(_END)
        and data.find(b"\r") == size - 4
        and data.find(b"\n") == size - 3
    )
