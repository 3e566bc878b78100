"""Requests and tokens a minute, as a provider counts them: buckets that fill steadily, one for each key and model."""

from __future__ import annotations

from collections import OrderedDict

import msgspec

MOST_BUCKETS = 10_000


class Standing(msgspec.Struct, frozen=True, gc=False):
    """What a caller has left of one limit, after the request at hand."""

    limit: int
    remaining: int
    reset_s: float
    """Until the bucket is full again."""
    wait_s: float
    """Until the request would be let in; 0 when it is."""


class Bucket:
    """A bucket that holds a minute's allowance."""

    __slots__ = ("_at", "_level", "limit")

    def __init__(self, limit: int, now: float) -> None:
        self.limit = limit
        self._level = float(limit)
        self._at = now

    def standing(self, amount: int, now: float) -> Standing:
        """How things stand if ``amount`` were taken now. Takes nothing."""
        per_second = self.limit / 60.0
        self._level = min(float(self.limit), self._level + (now - self._at) * per_second)
        self._at = now
        lack = min(amount, self.limit) - self._level
        left = self._level if lack > 0 else max(self._level - amount, 0.0)
        return Standing(self.limit, int(left), (self.limit - left) / per_second, max(lack, 0.0) / per_second)

    def take(self, amount: int) -> None:
        """Takes ``amount``, which ``standing`` found to be there."""
        self._level = max(self._level - amount, 0.0)


class RateLimits:
    """The buckets of one provider. Forgets the ones not used for longest when there are too many."""

    def __init__(self, rpm: int | None, tpm: int | None) -> None:
        self._rpm = rpm
        self._tpm = tpm
        self._buckets: OrderedDict[tuple[str, str], tuple[Bucket | None, Bucket | None]] = OrderedDict()

    @property
    def is_limiting(self) -> bool:
        """Whether there is any limit."""
        return self._rpm is not None or self._tpm is not None

    def take(self, key: str, model: str, tokens: int, now: float) -> tuple[Standing | None, Standing | None]:
        """Where a request of ``tokens`` stands with the requests and with the tokens; takes them if both let it in."""
        requests, volume = self._of(key, model, now)
        by_requests = requests.standing(1, now) if requests is not None else None
        by_tokens = volume.standing(tokens, now) if volume is not None else None
        if not any(standing is not None and standing.wait_s > 0 for standing in (by_requests, by_tokens)):
            if requests is not None:
                requests.take(1)
            if volume is not None:
                volume.take(tokens)
        return by_requests, by_tokens

    def _of(self, key: str, model: str, now: float) -> tuple[Bucket | None, Bucket | None]:
        pair = self._buckets.get((key, model))
        if pair is None:
            pair = (
                Bucket(self._rpm, now) if self._rpm is not None else None,
                Bucket(self._tpm, now) if self._tpm is not None else None,
            )
            self._buckets[key, model] = pair
            if len(self._buckets) > MOST_BUCKETS:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end((key, model))
        return pair
