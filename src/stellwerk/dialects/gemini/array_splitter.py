"""A streamed JSON array cut into its elements while it comes: how Google streams without ``alt=sse``."""

from __future__ import annotations

import re

from stellwerk.dialects.sse import BYTE_ORDER_MARK, MAX_EVENT_BYTES
from stellwerk.errors import UpstreamInvalid

_SPACES = b" \t\r\n"
# Within an element: to the next bracket or string. Within a string: to its end, or to the end of what has come.
_OUTSIDE = re.compile(rb'[^"{}\[\]]*+(["{}\[\]])')
_INSIDE = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)


class ArraySplitter:
    """Cuts ``[{...},{...}]`` into its objects, whatever the chunking: linear in what comes.

    ``is_open`` says whether the bracket that begins the array has come, ``is_closed`` whether the one that ends it
    has. An object in place of the array counts as its only element, for so an error may come.
    """

    __slots__ = ("_depth", "_is_escaped", "_is_string", "_max_bytes", "_parts", "_size", "is_closed", "is_open")

    def __init__(self, *, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self.is_open = False
        self.is_closed = False
        self._max_bytes = max_event_bytes
        self._parts: list[bytes] = []  # of the element that is not whole
        self._size = 0
        self._depth = 0  # of brackets within the element
        self._is_string = False
        self._is_escaped = False  # a backslash came last: what it escapes is the next byte

    @property
    def is_between(self) -> bool:
        """Whether nothing of a further element has come."""
        return not self._size

    def feed(self, data: bytes) -> list[bytes]:
        """The elements that these bytes complete.

        Raises ``UpstreamInvalid`` for what is no array of objects, and for an element over the limit.
        """
        elements: list[bytes] = []
        at = 0
        while at < len(data):
            if not self._depth:
                at = self._between(data, at)
                if at == len(data):
                    break
            end = self._element_end(data, at)
            self._keep(data[at:end])
            at = end
            if not self._depth:
                elements.append(self._take())
        return elements

    def _between(self, data: bytes, at: int) -> int:
        """Passes what stands between elements; returns where the next begins, or the end."""
        while at < len(data):
            byte = data[at : at + 1]
            if byte == b"{" and not self.is_closed:
                return at
            if byte == b"[" and not self.is_open:
                self.is_open = True
            elif byte == b"]" and self.is_open and not self.is_closed:
                self.is_closed = True
            elif not (
                byte in _SPACES or (byte == b"," and self.is_open) or (byte in BYTE_ORDER_MARK and not self.is_open)
            ):
                raise UpstreamInvalid("The provider's stream is not an array of objects.")
            at += 1
        return at

    def _element_end(self, data: bytes, at: int) -> int:
        """Scans on in an element; returns where it ends, or the end of the data."""
        size = len(data)
        if self._is_escaped:
            self._is_escaped = False
            at += 1
        while at < size:
            if self._is_string:
                at = self._string_end(data, at)
                continue
            found = _OUTSIDE.match(data, at)
            if found is None:
                return size
            at = found.end()
            bracket = found[1]
            if bracket == b'"':
                self._is_string = True
            elif bracket in {b"{", b"["}:
                self._depth += 1
            else:
                self._depth -= 1
                if not self._depth:
                    return at
        return size

    def _string_end(self, data: bytes, at: int) -> int:
        found = _INSIDE.match(data, at)
        end = found.end() if found is not None else at
        if end == len(data):
            return end
        if data[end : end + 1] == b'"':
            self._is_string = False
        else:
            self._is_escaped = True  # a backslash in last place
        return end + 1

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._max_bytes:
            raise UpstreamInvalid(f"The provider's stream holds an element of over {self._max_bytes} bytes.")
        self._parts.append(piece)

    def _take(self) -> bytes:
        element = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts, self._size = [], 0
        return element
