"""Made-up embeddings: unit vectors, and texts that share words lie close to each other."""

from __future__ import annotations

import math
import re
from array import array
from functools import lru_cache
from hashlib import blake2b

_WORD = re.compile(r"\w+|[^\w\s]")


def vector(text: str, length: int) -> array[float]:
    """Each word pushes a few coordinates, always the same ones."""
    values = [0.0] * length
    for word in _WORD.findall(text.lower()) or [text]:
        for place, push in _pushes(word):
            values[place % length] += push
    norm = math.sqrt(math.fsum(value * value for value in values))
    if norm == 0:
        values[0] = norm = 1.0
    return array("f", [value / norm for value in values])


@lru_cache(maxsize=65_536)
def _pushes(word: str) -> tuple[tuple[int, float], ...]:
    noise = blake2b(word.encode(), digest_size=48).digest()
    return tuple(
        (int.from_bytes(noise[at : at + 3], "big"), 1.0 if noise[at + 3] & 1 else -1.0) for at in range(0, 48, 4)
    )
