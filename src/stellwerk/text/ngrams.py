"""Linear models over hashed n-grams of bytes: how a text is hashed, and how the weights of a model are kept.

A text is folded to lower case and single spaces. Each run of 3 to 6 neighbouring bytes is hashed into one of 2**20
buckets, all arithmetic modulo 2**32. A text's score is the sum of the weights of its buckets over the square root of
their number, so that length by itself does not move it.

numpy is loaded by the first call, not by an import of this module: who needs no model never pays for it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stellwerk.text.traits import Trait

    Buckets = NDArray[np.int32]
    Weights = NDArray[np.float16]

BITS = 20
LENGTHS = range(3, 7)
BASE = 0x01000193
"""Multiplies the hash of a run for each byte that joins it."""
KINDS = {3: 0x85EBCA6B, 4: 0xC2B2AE35, 5: 0x27D4EB2F, 6: 0x165667B1}
"""What the runs of each length are mixed with, so that the lengths do not share buckets by rule."""
SPREAD = 0x9E3779B1
LONGEST_TEXT = 65_536
"""Bytes that are looked at."""
WINDOWS = (48, 96, 192, 384)
"""Bytes of the windows in which something buried in a long text is looked for."""
STEP = 8
_MASK_BYTES = (1 << BITS) // 8


def folded(text: str) -> bytes:
    """The text as it is hashed: one space before, between and after its words. Never shorter than the longest run."""
    plain = f" {' '.join(text[:LONGEST_TEXT].lower().split())} "
    return plain.encode("utf-8", "replace")[:LONGEST_TEXT].ljust(LENGTHS[-1])


def runs(data: bytes) -> tuple[Buckets, ...]:
    """For each length the buckets of the runs that begin at the first byte, the second, and so on."""
    import numpy as np

    letters = np.frombuffer(data, np.uint8).astype(np.uint32)
    hashed = letters
    found = []
    for length in range(2, LENGTHS.stop):
        hashed = hashed[:-1] * np.uint32(BASE) + letters[length - 1 :]
        if length in LENGTHS:
            mixed = (hashed ^ (hashed >> np.uint32(15))) * np.uint32(KINDS[length])
            mixed ^= mixed >> np.uint32(13)
            found.append((mixed * np.uint32(SPREAD) >> np.uint32(32 - BITS)).astype(np.int32))
    return tuple(found)


class Calibration(msgspec.Struct, frozen=True):
    """Which raw scores 1 % and 0.1 % of ordinary texts reach. On the scale from 0 to 1 they are 0.5 and 0.9."""

    one_percent: float
    one_permille: float

    def scale(self, raw: float) -> float:
        """The raw score between 0 and 1."""
        steepness = math.log(9) / max(1e-6, self.one_permille - self.one_percent)
        exponent = min(500.0, max(-500.0, -steepness * (raw - self.one_percent)))
        return 1 / (1 + math.exp(exponent))


class Head(msgspec.Struct, frozen=True):
    """The weights for one question, in one array over all buckets."""

    name: str
    bias: float
    calibration: Calibration
    weights: Weights
    least: tuple[int, int, int] = (1, 1, 1)
    """A whole text counts as if it had at least so many traits of each kind: a few words tell too little for a score
    that is high."""

    def whole(self, kinds: Sequence[Buckets]) -> float:
        """The raw score of a text by the distinct buckets of each kind of its traits."""
        total = sum(
            float(self.weights.take(buckets).sum(dtype="float32")) / math.sqrt(max(least, len(buckets)))
            for least, buckets in zip(self.least, kinds, strict=True)
        )
        return total + self.bias

    def anywhere(self, kinds: Sequence[Trait], size: int) -> float:
        """The greatest raw score of any window of a text of so many bytes: what is buried in it does not drown."""
        import numpy as np

        sums = [_sums(each, size, self.weights.take(each.buckets)) for each in kinds]
        counts = [_sums(each, size) for each in kinds]
        best = sum(part[-1] / math.sqrt(max(1, count[-1])) for part, count in zip(sums, counts, strict=True))
        for length in WINDOWS:
            if length < size:
                scores = np.zeros((size - length) // STEP + 1)
                for part, count in zip(sums, counts, strict=True):
                    number = count[length::STEP] - count[: size - length + 1 : STEP]
                    np.sqrt(np.maximum(1, number, out=number), out=number)
                    scores += (part[length::STEP] - part[: size - length + 1 : STEP]) / number
                best = max(best, scores.max())
        return float(best) + self.bias


def _sums(trait: Trait, size: int, weights: Weights | None = None) -> NDArray[np.float64]:
    """For each place what stands before it, in sum."""
    import numpy as np

    if not trait.rows:
        return np.concatenate(([0.0], np.cumsum(np.bincount(trait.places, weights, minlength=size))))
    sums, start = np.zeros(size + 1), 0
    for row in trait.rows:
        sums[1 : row + 1] += 1.0 if weights is None else weights[start : start + row]
        start += row
    return np.cumsum(sums, out=sums)


class _Entry(msgspec.Struct, frozen=True):
    name: str
    bias: float
    calibration: Calibration
    count: int
    least: tuple[int, int, int] = (1, 1, 1)


def dump(heads: tuple[Head, ...]) -> bytes:
    """The heads as a file: a line of JSON, then for each a bit for every bucket that has a weight, and the weights."""
    import numpy as np

    entries, parts = [], []
    for head in heads:
        used = head.weights != 0
        entries.append(_Entry(head.name, head.bias, head.calibration, int(used.sum()), head.least))
        parts += [np.packbits(used).tobytes(), head.weights[used].astype("<f2").tobytes()]
    return b"".join([msgspec.json.encode(entries), b"\n", *parts])


def load(data: bytes) -> dict[str, Head]:
    """The heads of a file by name. Raises ``ValueError`` on what is none."""
    import numpy as np

    line, _, rest = data.partition(b"\n")
    heads: dict[str, Head] = {}
    place = 0
    for entry in msgspec.json.decode(line, type=list[_Entry]):
        used = np.unpackbits(np.frombuffer(rest, np.uint8, _MASK_BYTES, place)).view(np.bool_)
        weights = np.zeros(1 << BITS, np.float16)
        weights[used] = np.frombuffer(rest, "<f2", entry.count, place + _MASK_BYTES)
        place += _MASK_BYTES + 2 * entry.count
        heads[entry.name] = Head(entry.name, entry.bias, entry.calibration, weights, entry.least)
    if place != len(rest):
        raise ValueError(f"expected {place} bytes of weights, found {len(rest)}")
    return heads
