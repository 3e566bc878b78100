"""The shape of a typical event of a stream: what stays the same from one to the next while only its text changes."""

from __future__ import annotations

from typing import TypeAlias

Shape: TypeAlias = tuple[bytes, bytes, bytes]
"""What stands before the text, what follows it, and what follows the padding where the host pads, else nothing."""

NO_SHAPE: Shape = (b"\0", b"\0", b"")
"""Nothing that a stream can be is of this shape."""
