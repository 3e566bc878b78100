"""The content blocks of a stream: one after another, whatever order their pieces come in."""

from __future__ import annotations

from collections import deque
from typing import Any

import msgspec

_encode = msgspec.json.encode
_START = b'event: content_block_start\ndata: {"type":"content_block_start","index":'
_DELTA = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":'
_STOP = b'event: content_block_stop\ndata: {"type":"content_block_stop","index":'
_PIECES = {
    "text": b'"text_delta","text":',
    "thinking": b'"thinking_delta","thinking":',
    "tool_use": b'"input_json_delta","partial_json":',
}


class Block:
    """One content block that has begun. ``number`` is its place, ``call`` its number among the calls of tools."""

    __slots__ = ("_opening", "call", "held", "is_done", "kind", "number")

    def __init__(self, number: int, kind: str, call: int | None) -> None:
        self.number = number
        self.kind = kind
        self.call = call
        self.is_done = False
        self.held: list[bytes] = []
        """What waits until the blocks before it are whole."""
        self._opening = b'%b%d,"delta":{"type":%b' % (_DELTA, number, _PIECES.get(kind, b""))

    def piece(self, text: str) -> bytes:
        """The event for more of its text, thinking or arguments."""
        return b"".join((self._opening, _encode(text), b"}}\n\n"))

    def delta(self, delta: dict[str, Any]) -> bytes:
        """The event for another sort of delta."""
        return b'%b%d,"delta":%b}\n\n' % (_DELTA, self.number, _encode(delta))


class Blocks:
    """The blocks in their order. The first that is not done is on the wire; what belongs to later ones is held.

    Every method returns the bytes that may go out now.
    """

    __slots__ = ("_count", "_open")

    def __init__(self) -> None:
        self._count = 0
        self._open: deque[Block] = deque()

    @property
    def last(self) -> Block | None:
        """The block that began last, if it is not whole yet."""
        return self._open[-1] if self._open and not self._open[-1].is_done else None

    def find(self, call: int) -> Block | None:
        """The block of this call, while it is not whole."""
        return next((block for block in self._open if block.call == call and not block.is_done), None)

    def begin(self, kind: str, content_block: Any, call: int | None = None) -> bytes:
        """A new block. One of text or thinking before it is whole with that; a call is when it says so."""
        out = self._end_prose()
        block = Block(self._count, kind, call)
        self._count += 1
        self._open.append(block)
        start = b'%b%d,"content_block":%b}\n\n' % (_START, block.number, _encode(content_block))
        return out + self.write(block, start)

    def write(self, block: Block, data: bytes) -> bytes:
        """What goes into a block: at once if it is its turn."""
        if block is self._open[0]:
            return data
        block.held.append(data)
        return b""

    def end(self, block: Block) -> bytes:
        """The block is whole."""
        block.is_done = True
        return self._advance()

    def end_last(self) -> bytes:
        """The block that began last is whole, if it is one of text or thinking."""
        return self._end_prose()

    def end_all(self) -> bytes:
        """All are whole."""
        for block in self._open:
            block.is_done = True
        return self._advance()

    def _end_prose(self) -> bytes:
        last = self.last
        return b"" if last is None or last.call is not None else self.end(last)

    def _advance(self) -> bytes:
        out: list[bytes] = []
        while self._open and self._open[0].is_done:
            out.append(b"%b%d}\n\n" % (_STOP, self._open.popleft().number))
            if self._open:
                out += self._open[0].held
                self._open[0].held = []
        return b"".join(out)
