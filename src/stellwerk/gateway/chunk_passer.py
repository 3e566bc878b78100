"""Chunks of a stream that nobody has to change, handed on as they came in: the hot path of streaming."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from stellwerk.core.shape import Shape
from stellwerk.http.chunk import CHUNK_HEADS, cut, inside

if TYPE_CHECKING:
    from stellwerk.gateway.reply import Reply

Write = Callable[[bytes], None]


def chunk_passer(
    shape: Shape, write: Write, reply: Reply, read_chunk: Callable[[bytes, bytes, Write], None]
) -> Callable[[bytes], bool]:
    """Hears what single reads bring of one stream; says of each whether it has taken it.

    A chunk that holds an event of the typical ``shape`` is told by three comparisons and written as it is, and so are
    several of them in one read. Any other chunk goes to ``read_chunk`` with what it carries; what is no whole chunk is
    not taken. A function made for the stream instead of methods, because its names are looked up once, here.
    """
    opening, middle, ending = shape
    if not ending:
        middle, ending = b"", middle
    ending += b"\r\n"
    ending_size = len(ending)
    begins: dict[int, bytes] = {}  # by a chunk's length, how it begins; streams have few lengths

    def on_chunk(data: bytes) -> bool:
        size = len(data)
        begin = begins.get(size)
        if begin is not None and data.startswith(begin) and data.endswith(ending):
            end = data.find(b'"', len(begin))
            if middle and data.startswith(middle, end):
                end = data.find(b'"', end + len(middle))
            if end == size - ending_size:
                write(data)
                reply.size += size - (6 if size < 263 else 7)  # no event has less than 16 bytes
                return True
        carried = inside(data)
        if carried is None:
            return on_chunks(data)
        begins[size] = CHUNK_HEADS[size] + opening
        read_chunk(data, carried, write)
        return True

    def on_chunks(data: bytes) -> bool:
        chunks = cut(data)
        if chunks is None or not all(map(is_typical, chunks)):
            return False
        write(data)
        reply.size += sum(len(chunk) - len(CHUNK_HEADS[len(chunk)]) - 2 for chunk in chunks)
        return True

    def is_typical(chunk: bytes) -> bool:
        begin = CHUNK_HEADS[len(chunk)] + opening
        end = len(begin)
        if middle:
            end = chunk.find(b'"', end)
            end += len(middle) if chunk.startswith(middle, end) else len(chunk)
        is_framed = chunk.startswith(begin) and chunk.endswith(ending)
        return is_framed and chunk.find(b'"', end) == len(chunk) - ending_size

    return on_chunk
