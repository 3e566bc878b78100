"""Chunks of a stream that nobody has to change, handed on as they came in: the hot path of streaming."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from stellwerk.http.chunk import CHUNK_HEADS, NO_HEAD, cut, inside

if TYPE_CHECKING:
    from stellwerk.core.shape import Shape
    from stellwerk.http.outbox import Outlet
    from stellwerk.http.upstream import UpstreamConnection

_ONE = 1 << 48
"""One event, in a number whose lower bits count bytes: one addition for both."""
_NO_LENGTH = (NO_HEAD, b"", b"", 0, 0, 0)


class ChunkPasser:
    """One stream's way from the provider's connection to the caller's.

    A chunk that holds an event of the typical shape is told by three comparisons and written as it is, and so are
    several of them in one read. Any other chunk goes to ``read_chunk`` with what it carries; what is no whole chunk
    goes to the connection's parser.
    """

    __slots__ = (
        "_connection",
        "_ending",
        "_idle_s",
        "_lengths",
        "_middle",
        "_opening",
        "_outlet",
        "_read_chunk",
        "_tally",
    )

    def __init__(
        self,
        connection: UpstreamConnection,
        outlet: Outlet,
        idle_s: float,
        read_chunk: Callable[[bytes, bytes], None],
    ) -> None:
        self._connection = connection
        self._outlet = outlet
        self._idle_s = idle_s
        self._read_chunk = read_chunk
        self._opening = self._middle = self._ending = b""
        # By a chunk's length: how it begins, what may follow its text, how it ends; where the text begins, where the
        # last quotation mark stands, and what it adds to the tally. Streams have few lengths.
        self._lengths: dict[int, tuple[bytes, bytes, bytes, int, int, int]] = {}
        self._tally = 0

    @property
    def passed(self) -> int:
        """Bytes of events that were handed on without ``read_chunk`` having seen them."""
        return self._tally % _ONE

    @property
    def events(self) -> int:
        """How many events these were."""
        return self._tally // _ONE

    def reshape(self, shape: Shape) -> None:
        """Says what typical events look like from here on; before the first time, nothing is typical."""
        self._opening, middle, ending = shape
        if not ending:
            middle, ending = b"", middle
        self._middle, self._ending = middle, ending + b"\r\n"
        self._lengths.clear()

    def hearer(self) -> Callable[[bytes], None]:
        """Takes what single reads bring while the answer stands between two chunks.

        A function made for the stream instead of a method, because its names are looked up once, here; and one that
        calls nothing of ours, because in a stream of short events each call counts.
        """
        passer, connection, idle_s, lengths = self, self._connection, self._idle_s, self._lengths
        clock, hear_another, send = connection.clock, self._hear_another, os.write
        write, pending, descriptor, is_closing, queued, spill = self._outlet

        def hear(data: bytes) -> None:
            size = len(data)
            try:
                begin, middle, ending, start, end, carried = lengths[size]
            except KeyError:
                begin, middle, ending, start, end, carried = _NO_LENGTH
            if data.startswith(begin) and data.endswith(ending):
                quote = data.find(b'"', start)
                if quote != end and middle and data.startswith(middle, quote):
                    quote = data.find(b'"', quote + len(middle))
                if quote == end:
                    connection.deadline = clock() + idle_s  # first: a caller who cannot follow moves it
                    passer._tally += carried
                    if pending or is_closing() or queued():  # `Outlet.emit`, without the call
                        write(data)
                        return
                    try:
                        sent = send(descriptor, data)
                    except OSError:
                        write(data)
                    else:
                        if sent != size:
                            spill(data[sent:])
                    return
            hear_another(data, size)

        return hear

    def _hear_another(self, data: bytes, size: int) -> None:
        carried = inside(data)
        if carried is None:
            self._hear_several(data)
            return
        self._await_next()
        if size not in self._lengths and self._is_typical(data):
            begin, ending = CHUNK_HEADS[size] + self._opening, self._ending
            self._lengths[size] = (begin, self._middle, ending, len(begin), size - len(ending), _ONE + len(carried))
            self._tally += _ONE + len(carried)
            self._outlet.emit(data)
        else:
            self._read_chunk(data, carried)

    def _hear_several(self, data: bytes) -> None:
        chunks = cut(data)
        if chunks is None or not all(map(self._is_typical, chunks)):
            self._connection.data_received(data)
            return
        self._await_next()
        self._tally += sum(_ONE + len(chunk) - len(CHUNK_HEADS[len(chunk)]) - 2 for chunk in chunks)
        self._outlet.emit(data)

    def _is_typical(self, chunk: bytes) -> bool:
        begin, middle, ending = CHUNK_HEADS[len(chunk)] + self._opening, self._middle, self._ending
        if not (self._opening and chunk.startswith(begin) and chunk.endswith(ending)):
            return False
        quote = chunk.find(b'"', len(begin))
        if middle and chunk.startswith(middle, quote):
            quote = chunk.find(b'"', quote + len(middle))
        return quote == len(chunk) - len(ending)

    def _await_next(self) -> None:
        self._connection.deadline = self._connection.clock() + self._idle_s
