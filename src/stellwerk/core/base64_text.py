"""Base64 written piece by piece, so that 20 MB at once never keep anybody waiting."""

from __future__ import annotations

from binascii import b2a_base64

SLICE_BYTES = 49_152
"""So much is collected before it is written; a multiple of three, so that pieces can be joined."""


class Base64Text:
    """A transducer from bytes to their base64 text: large pieces are written as they come, small ones together."""

    __slots__ = ("_pieces", "_rest", "size")

    def __init__(self) -> None:
        self._rest = bytearray()
        self._pieces: list[str] = []
        self.size = 0
        """How many bytes it was fed."""

    def feed(self, data: bytes) -> None:
        """Takes the next bytes."""
        self.size += len(data)
        rest = self._rest
        if len(rest) + len(data) < SLICE_BYTES:
            rest += data
            return
        begin = -len(rest) % 3  # never more than there is: a slice is a multiple of three
        end = len(data) - (len(data) - begin) % 3
        rest += data[:begin]
        self._write(rest)
        with memoryview(data) as view:
            self._write(view[begin:end])
        rest[:] = data[end:]

    def finish(self) -> str:
        """The text of everything. To be called once."""
        self._write(self._rest)
        return "".join(self._pieces)

    def _write(self, data: bytearray | memoryview) -> None:
        self._pieces.append(b2a_base64(data, newline=False).decode("ascii"))
