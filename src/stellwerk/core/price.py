"""What a model's units cost: whole nano-dollars per million units, by prompt size, service tier and time."""

from __future__ import annotations

import msgspec

DAY_MS = 86_400_000
MINUTE_MS = 60_000
MILLION = 1_000_000
"""Rates are for so many units."""


class Rates(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Nano-dollars for a million units of each kind.

    ``None`` means that the price list names no rate of its own for that kind: a part then costs what its whole does
    (cached input what input does, an hour's cache write what a cache write does, reasoning what output does), and a
    whole without a rate is unpriced. Zero is a rate: free.
    """

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None
    input_audio: int | None = None
    cache_read_audio: int | None = None
    output_audio: int | None = None
    input_image: int | None = None
    output_image: int | None = None
    reasoning: int | None = None
    web_search: int | None = None
    request: int | None = None


class Tier(msgspec.Struct, frozen=True, gc=False):
    """Rates of the whole call once its prompt has more than ``above`` tokens, cached ones counted."""

    above: int
    rates: Rates


class Row(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Rates for one service tier, from a moment on, perhaps at some hours of the day only.

    ``service`` is the tier's name, empty for the standard one. ``since_s`` is Unix time in seconds. ``hours`` are
    minutes of the UTC day, start included and end not; a start after its end runs over midnight. ``tiers`` ascend.
    """

    rates: Rates
    tiers: tuple[Tier, ...] = ()
    service: str = ""
    since_s: int = 0
    hours: tuple[int, int] | None = None

    def holds(self, at_ms: int) -> bool:
        """Whether this row is in force at a moment, Unix time in milliseconds."""
        if at_ms < self.since_s * 1000:
            return False
        if self.hours is None:
            return True
        start, end = self.hours
        minute = at_ms % DAY_MS // MINUTE_MS
        return start <= minute < end if start <= end else minute >= start or minute < end

    def for_prompt(self, tokens: int) -> Rates:
        """The rates for a prompt of so many tokens."""
        found = self.rates
        for tier in self.tiers:
            if tokens > tier.above:
                found = tier.rates
        return found


class Price(msgspec.Struct, frozen=True, gc=False):
    """A model's rows, never none: of those in force the last one counts, and when none is, the first of all."""

    rows: tuple[Row, ...]

    @property
    def flat(self) -> Rates | None:
        """The rates, where they are the same at all times, for every tier and size of prompt, and only by token."""
        row = self.rows[0]
        if len(self.rows) > 1 or row.tiers or row.rates.reasoning is not None or row.rates.request is not None:
            return None
        return row.rates

    @property
    def per_token(self) -> tuple[int, int, int] | None:
        """Whole nano-dollars for a token of fresh input, of cached input and of output, where there is no more to say.

        ``None`` where rates vary, where one is missing, or where a token costs a fraction.
        """
        rates = self.flat
        if rates is None or rates.input is None or rates.output is None:
            return None
        read = rates.input if rates.cache_read is None else rates.cache_read
        if rates.input % MILLION or read % MILLION or rates.output % MILLION:
            return None
        return rates.input // MILLION, read // MILLION, rates.output // MILLION

    def row(self, at_ms: int, service: str = "") -> Row:
        """The row for a moment and a service tier; a tier without rows of its own costs what the standard one does."""
        rows = self.rows
        if len(rows) == 1:
            return rows[0]
        for wanted in (service, "") if service else ("",):
            for row in reversed(rows):
                if row.service == wanted and row.holds(at_ms):
                    return row
        return rows[0]

    def from_then_on(self, at_ms: int) -> Price:
        """The same price without the rows that are over at a moment: what somebody needs who looks ahead only."""
        kept: list[Row] = []
        closed: set[str] = set()
        for row in reversed(self.rows):
            if row.service in closed:
                continue
            kept.append(row)
            if row.hours is None and row.holds(at_ms):
                closed.add(row.service)
        kept.reverse()
        # The first of all stays first: it is what counts where no other is in force.
        standard = next((row for row in kept if not row.service), self.rows[0])
        return Price((standard, *(row for row in kept if row is not standard)))
