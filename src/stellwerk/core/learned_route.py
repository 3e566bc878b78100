"""A learned route: how likely a weak model is good enough for a prompt, and how much quality each threshold keeps."""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Iterable

import msgspec

from stellwerk.core.prompt_features import features
from stellwerk.errors import ConfigurationError

FORMAT = 1
"""Version of the file: another one is refused, not guessed at."""
MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_CUTS = 1_000
MOST_EXPONENT = 30.0
"""Beyond this a sigmoid is 0 or 1 for all that matters."""


class Cut(msgspec.Struct, frozen=True):
    """A threshold: prompts of at least this probability go to the weak model."""

    probability: float
    share: float
    """The share of all prompts that these are."""
    at_least: float
    """The least share of the strong model's quality that was shown to be kept, here and at every stricter threshold."""


class Head(msgspec.Struct, frozen=True):
    """One logistic regression: a weight for each feature, as 32-bit floats, little end first."""

    intercept: float
    weights: bytes


class LearnedRoute(msgspec.Struct, frozen=True):
    """What was learned, as it stands in a file (msgpack).

    ``features`` are 32-bit hashes, little end first. Two heads tell how likely the weak model does worse than the
    strong one, and how likely better; ``slope`` and ``offset`` make a probability of the difference.
    """

    format: int
    features: bytes
    worse: Head
    better: Head
    slope: float
    offset: float
    rows: int
    """How many outcomes it was learned from."""
    cuts: tuple[Cut, ...] = ()
    """From strict to loose."""
    confidence: float = 0.0
    """How sure ``at_least`` is."""

    def cut(self, floor: float) -> Cut | None:
        """The loosest threshold that keeps this share of the strong model's quality; ``None`` where none does."""
        fit = [cut for cut in self.cuts if cut.at_least >= floor]
        return fit[-1] if fit else None


class Scorer:
    """Judges prompts by a learned route. Takes some 0.2 ms for two kilobytes of text."""

    __slots__ = ("_better", "_offset", "_place", "_slope", "_weights_better", "_weights_worse", "_worse")

    def __init__(self, route: LearnedRoute) -> None:
        self._place = {feature: place for place, feature in enumerate(_unpacked("I", route.features))}.get
        self._weights_worse = array("f", _unpacked("f", route.worse.weights))
        self._weights_better = array("f", _unpacked("f", route.better.weights))
        self._worse, self._better = route.worse.intercept, route.better.intercept
        self._slope, self._offset = route.slope, route.offset

    def probability(self, text: str) -> float:
        """How likely the weak model is good enough for this prompt."""
        return sigmoid(self._slope * self.advantage(features(text)) + self._offset)

    def advantage(self, found: list[int]) -> float:
        """What the weak model is expected to do better or, below zero, worse, uncalibrated.

        Features that were never learned from still count in the scale, so that a strange text is judged as the average.
        """
        places = [place for place in map(self._place, found) if place is not None]
        value = scale(len(found))
        worse = self._worse + value * sum(map(self._weights_worse.__getitem__, places))
        better = self._better + value * sum(map(self._weights_better.__getitem__, places))
        return sigmoid(better) - sigmoid(worse)


def scale(count: int) -> float:
    """The value of each feature of a text that has so many: short and long texts weigh the same."""
    return 1.0 / math.sqrt(count) if count else 0.0


def sigmoid(value: float) -> float:
    """The logistic function, for values of any size."""
    return 1.0 / (1.0 + math.exp(-max(-MOST_EXPONENT, min(MOST_EXPONENT, value))))


def packed(kind: str, numbers: Iterable[float]) -> bytes:
    """32-bit numbers, little end first: ``I`` for integers, ``f`` for floats."""
    values = tuple(numbers)
    return struct.pack(f"<{len(values)}{kind}", *values)


def encode(route: LearnedRoute) -> bytes:
    """The content of a file."""
    return msgspec.msgpack.encode(route)


def decode(content: bytes) -> LearnedRoute:
    """What stands in a file. Raises ``ConfigurationError`` for what is no learned route of this version, or damaged."""
    try:
        found = msgspec.msgpack.decode(content, type=_Layout).format
        if found != FORMAT:
            raise ConfigurationError((f"expected a model of format {FORMAT}, found format {found}; learn it again",))
        route = msgspec.msgpack.decode(content, type=LearnedRoute)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ConfigurationError((f"this is no model that `stellwerk models learn` made: {error}",)) from error
    if fault := _fault(route):
        raise ConfigurationError((f"the model is damaged: {fault}",))
    return route


class _Layout(msgspec.Struct):
    format: int


def _fault(route: LearnedRoute) -> str:
    sizes = {len(route.features), len(route.worse.weights), len(route.better.weights)}
    if len(sizes) != 1 or sizes.pop() % 4:
        return "its features and weights are not of one length"
    weights = (*_unpacked("f", route.worse.weights), *_unpacked("f", route.better.weights))
    numbers = (route.worse.intercept, route.better.intercept, route.slope, route.offset, *weights)
    if not all(map(math.isfinite, numbers)):
        return "a weight is no number"
    if len(route.cuts) > MAX_CUTS:
        return f"it has more than {MAX_CUTS:,} thresholds"
    if not all(0.0 <= cut.probability <= 1.0 and math.isfinite(cut.at_least) for cut in route.cuts):
        return "a threshold is no probability"
    return ""


def _unpacked(kind: str, data: bytes) -> tuple[float, ...]:
    return struct.unpack(f"<{len(data) // 4}{kind}", data)
