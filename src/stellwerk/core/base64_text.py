"""Base64 written piece by piece, so that 20 MB at once never keep anybody waiting."""

from __future__ import annotations

from binascii import b2a_base64

SLICE_BYTES = 49_152
"""So much is collected before it is written; a multiple of three, so that pieces can be joined."""


class Base64Text:
    """A transducer from bytes to their base64 text: each byte is copied once on its way in, each character once out."""

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
        rest += data
        if len(rest) >= SLICE_BYTES:
            end = len(rest) - len(rest) % 3
            with memoryview(rest) as view:
                self._pieces.append(b2a_base64(view[:end], newline=False).decode("ascii"))
            del rest[:end]

    def finish(self) -> str:
        """The text of everything. To be called once."""
        self._pieces.append(b2a_base64(self._rest, newline=False).decode("ascii"))
        return "".join(self._pieces)
