"""The two framings of a stream: events (``?alt=sse``), or elements of one JSON array."""

from __future__ import annotations

from stellwerk.dialects import sse
from stellwerk.dialects.gemini.array_splitter import ArraySplitter


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
