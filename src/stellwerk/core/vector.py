"""A vector as it is stored and sent: a factor, then a signed byte for each dimension.

The factor is a float of 32 bits, little endian; times the bytes it gives the vector, which was of unit length before.
"""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Sequence
from operator import mul

LARGEST = 127
LEAST_DIMENSIONS = 8
MOST_DIMENSIONS = 8_192
HEAD_BYTES = 4

_head = struct.Struct("<f")


def packed(values: Sequence[float]) -> bytes:
    """A vector of any length but zero, packed. Raises ``ValueError`` for one that has no direction, or is too long."""
    if not LEAST_DIMENSIONS <= len(values) <= MOST_DIMENSIONS:
        raise ValueError(f"a vector of {len(values)} dimensions")
    length = math.hypot(*values)
    largest = max(map(abs, values))
    if not math.isfinite(length) or not largest:
        raise ValueError("a vector without a direction")
    factor = largest / LARGEST
    whole = array("b", [round(value / factor) for value in values])
    return head(factor / length) + whole.tobytes()


def head(factor: float) -> bytes:
    """What stands before the bytes of a vector."""
    return _head.pack(factor)


def unpacked(vector: bytes) -> tuple[float, ...]:
    """The vector, each element off by at most half the factor. Raises ``ValueError`` as ``dimensions`` does."""
    dimensions(vector)
    factor = float(_head.unpack_from(vector)[0])
    return tuple(factor * value for value in array("b", vector[HEAD_BYTES:]))


def dimensions(vector: bytes) -> int:
    """How many it has. Raises ``ValueError`` for bytes that are no packed vector, or one without a direction."""
    size = len(vector) - HEAD_BYTES
    if not LEAST_DIMENSIONS <= size <= MOST_DIMENSIONS or not any(memoryview(vector)[HEAD_BYTES:]):
        raise ValueError("no packed vector")
    if not 0 < _head.unpack_from(vector)[0] < math.inf:
        raise ValueError("a packed vector with no such factor")
    return size


def cosine(one: bytes, other: bytes) -> float:
    """Of two packed vectors. Raises ``ValueError`` where they are none, or not of the same dimensions."""
    if dimensions(one) != dimensions(other):
        raise ValueError("vectors of two kinds")
    a, b = array("b", one[HEAD_BYTES:]), array("b", other[HEAD_BYTES:])
    product: int = sum(map(mul, a, b))
    return product / (math.hypot(*a) * math.hypot(*b))
