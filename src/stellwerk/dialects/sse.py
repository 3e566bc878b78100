"""Server-sent events: bytes in any chunking to whole events, and events to bytes (WHATWG HTML, section 9.2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TypeVar

import msgspec

from stellwerk.errors import UpstreamInvalid

MAX_EVENT_BYTES = 16 * 1024 * 1024
"""Largest event that is put together, its line ends and comments included."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# An event ends with the first line end that follows a line end directly. A CR in last place may be half of a CRLF:
# it decides nothing until the next byte is there.
_END = re.compile(rb"[\r\n](?:(?<=\n)\n|\r(?:\n|(?=[^\n])))")
_LINE_END = re.compile(rb"\r\n|\n|\r")
_RETRY_DIGITS = 15
_T = TypeVar("_T")


class Event(msgspec.Struct, frozen=True):
    """One event. ``data`` are its data lines joined by LF, in UTF-8 as they came.

    ``event`` is its type, empty where none was named (a browser says ``message``). ``id`` and ``retry_ms`` are what
    this event itself set, else ``None``: keeping the last one is the reader's business.
    """

    data: bytes
    event: str = ""
    id: str | None = None
    retry_ms: int | None = None


class Splitter:
    """Cuts a stream into raw events: the bytes up to and including the empty line. Joined, they are the stream.

    ``pending`` is what follows the last whole event, of ``size`` bytes. A raw event may hold nothing but comments or
    empty lines.
    """

    __slots__ = ("_max_event_bytes", "_parts", "_tail", "size")

    def __init__(self, *, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._parts: list[bytes] = []
        self.size = 0
        self._tail = b""  # the last two pending bytes: where an end may have begun
        self._max_event_bytes = max_event_bytes

    @property
    def pending(self) -> bytes:
        """What has come of the event that is not whole yet."""
        return b"".join(self._parts)

    @property
    def is_between_events(self) -> bool:
        """Whether nothing but line ends follows the last whole event."""
        return not self.size or not self.pending.strip(b"\r\n")

    def feed(self, data: bytes) -> list[bytes]:
        """The raw events that these bytes complete. Raises ``UpstreamInvalid`` when one is over the limit."""
        if not self.size and is_lone(data):
            self.check(len(data))
            return [data]
        window = self._tail + data
        if self._parts and _end_of_event(window, 0) < 0:
            self.check(self.size + len(data))
            self._parts.append(data)
            self.size += len(data)
            self._tail = window[-2:]
            return []
        buffer = b"".join((*self._parts, data)) if self._parts else data
        raws: list[bytes] = []
        begin = 0
        position = max(0, self.size - 2)
        while (end := _end_of_event(buffer, position)) >= 0:
            self.check(end - begin)
            raws.append(buffer[begin:end])
            begin = position = end
        rest = buffer[begin:]
        self.check(len(rest))
        self._parts = [rest] if rest else []
        self.size = len(rest)
        self._tail = rest[-2:]
        return raws

    def flush(self) -> list[bytes]:
        """The stream has ended: a CR in last place is a line end after all, and may end an event."""
        if self._tail not in {b"\n\r", b"\r\r"}:
            return []
        raws = [self.pending]
        self._parts, self.size, self._tail = [], 0, b""
        return raws

    def check(self, size: int) -> None:
        """Raises ``UpstreamInvalid`` when an event of this size is over the limit."""
        if size > self._max_event_bytes:
            raise UpstreamInvalid(f"The provider's stream holds an event of over {self._max_event_bytes} bytes.")


class Decoder:
    """Bytes to events, whatever the chunking: a transducer."""

    __slots__ = ("_is_begun", "_splitter")

    def __init__(self, *, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._splitter = Splitter(max_event_bytes=max_event_bytes)
        self._is_begun = False

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete. Raises ``UpstreamInvalid`` when one is over the limit."""
        return [event for raw in self._splitter.feed(data) if (event := self._read(raw)) is not None]

    def flush(self) -> list[Event]:
        """The stream has ended. An event whose empty line never came is not dispatched; ``unfinished`` shows it."""
        return [event for raw in self._splitter.flush() if (event := self._read(raw)) is not None]

    @property
    def unfinished(self) -> Event | None:
        """The event that has begun and not ended, as far as it has come: after ``flush``, what was cut off."""
        return self._parse(self._splitter.pending)

    @property
    def is_between_events(self) -> bool:
        """Whether nothing of a further event has come."""
        return self._splitter.is_between_events

    def _read(self, raw: bytes) -> Event | None:
        event = self._parse(raw)
        self._is_begun = True
        return event

    def _parse(self, raw: bytes) -> Event | None:
        return parse(raw if self._is_begun else raw.removeprefix(BYTE_ORDER_MARK))


def read_rest(events: Decoder, read: Callable[[Event], Iterable[_T]]) -> list[_T]:
    """What is read of a stream that has ended. A last event without its empty line counts as far as it is whole."""
    told = [one for event in events.flush() for one in read(event)]
    last = events.unfinished
    if last is not None:
        with suppress(UpstreamInvalid):
            told.extend(read(last))
    return told


def is_lone(raw: bytes) -> bool:
    """Whether this is one whole event of the commonest form: a single data line, and nothing besides."""
    is_framed = raw.startswith(b"data: ") and raw.endswith(b"\n\n")
    return is_framed and raw.find(b"\n") == len(raw) - 2 and b"\r" not in raw


def parse(raw: bytes) -> Event | None:
    """Reads one raw event; ``None`` where it has no data line, as comments and empty lines have none."""
    if is_lone(raw):
        return Event(raw[6:-2])
    lines: list[bytes] = []
    name, identity, retry_ms = "", None, None
    for line in _LINE_END.split(raw) if b"\r" in raw else raw.split(b"\n"):
        field, colon, value = line.partition(b":")
        if colon and value[:1] == b" ":
            value = value[1:]
        if field == b"data":
            lines.append(value)
        elif field == b"event":
            name = value.decode(errors="replace")
        elif field == b"id" and b"\0" not in value:
            identity = value.decode(errors="replace")
        elif field == b"retry" and value.isdigit() and len(value) <= _RETRY_DIGITS:
            retry_ms = int(value)
    return Event(b"\n".join(lines), name, identity, retry_ms) if lines else None


def encode(data: bytes, event: str | None = None) -> bytes:
    """One event with LF line ends. ``data`` may hold line ends: each line becomes a data line of its own."""
    if b"\n" in data or b"\r" in data:
        data = b"\ndata: ".join(_LINE_END.split(data))
    if event is None:
        return b"data: " + data + b"\n\n"
    return b"event: " + event.encode() + b"\ndata: " + data + b"\n\n"


def _end_of_event(buffer: bytes, position: int) -> int:
    """Where the first event from ``position`` on ends, or -1."""
    if b"\r" not in buffer:
        end = buffer.find(b"\n\n", position)
        return end + 2 if end >= 0 else -1
    found = _END.search(buffer, position)
    return found.end() if found else -1
