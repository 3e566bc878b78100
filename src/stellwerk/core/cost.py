"""What a call cost: a line for each kind of unit, every unit in exactly one line, in whole nano-dollars."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import msgspec

from stellwerk.core.catalog import ModelCard
from stellwerk.core.price import MILLION, Rates
from stellwerk.core.usage import Usage

NANOS_PER_USD = 1_000_000_000
MOST_USD = 100_000
"""No single call costs more: whoever says so has mistaken the unit."""


class CostLine(msgspec.Struct, frozen=True, gc=False):
    """Units of one kind: how many, at how many nano-dollars a million, and what they cost together.

    ``unit`` is a field of ``Rates``. Rate and cost are ``None`` where the price list names no rate.
    """

    unit: str
    count: int
    rate: int | None
    nanos: int | None


class Cost(msgspec.Struct, frozen=True, gc=False):
    """What a call cost; ``nanos`` is ``None`` when all of it or a line is unpriced: unknown, which is not zero."""

    nanos: int | None
    lines: tuple[CostLine, ...] = ()


UNPRICED = Cost(None)


def cost_of(usage: Usage | None, card: ModelCard | None, at_ms: int) -> Cost:
    """The cost, after our own arithmetic, of a call that began at ``at_ms`` (Unix time in ms) on the card's model.

    A model without a card or a price is unpriced, and so is a call of which nobody said what it used.
    """
    if usage is None or card is None or card.price is None:
        return UNPRICED
    rates = card.price.row(at_ms, usage.service_tier).for_prompt(usage.input_tokens)
    lines = _input(usage, rates)
    lines += _output(usage, rates)
    if usage.web_searches or rates.request is not None:
        lines += _calls(usage, rates)
    total = 0
    for line in lines:
        if line.nanos is None:
            return Cost(None, tuple(lines))
        total += line.nanos
    return Cost(total, tuple(lines))


def nanos_of(usage: Usage, card: ModelCard | None, at_ms: int) -> int | None:
    """What counts as the cost of a call.

    That is what the provider says that it cost, where it does and the user has set no price; else the sum of
    ``cost_of``, which for most calls of most models is three multiplications.
    """
    if usage.reported_nanos is not None and (card is None or not card.has_own_price):
        return usage.reported_nanos
    if card is None or (price := card.price) is None:
        return None
    rates = price.flat
    if rates is None or rates.cache_read is None or not usage.is_plain:
        return cost_of(usage, card, at_ms).nanos
    fresh, read = usage.input_tokens, usage.cache_read_tokens
    total = 0
    for count, rate in ((fresh - read, rates.input), (read, rates.cache_read), (usage.output_tokens, rates.output)):
        if count:
            if rate is None:
                return None
            total += round_nanos(count * rate)
    return total


def format_usd(nanos: int) -> bytes:
    """Nano-dollars as an unrounded decimal of dollars without needless zeros: ``b"0.00123"``, ``b"2"``."""
    dollars, rest = divmod(abs(nanos), NANOS_PER_USD)
    sign = b"-" if nanos < 0 else b""
    return (b"%b%d.%09d" % (sign, dollars, rest)).rstrip(b"0").rstrip(b".")


def nanos_of_dollars(usd: Decimal) -> int | None:
    """Dollars, as somebody else writes them, in whole nano-dollars; ``None`` for what can be no cost of a call."""
    if not (usd.is_finite() and 0 <= usd <= MOST_USD):
        return None
    return int((usd * NANOS_PER_USD).to_integral_value(ROUND_HALF_EVEN))


def _input(usage: Usage, rates: Rates) -> list[CostLine]:
    """Parts of the prompt. What overlaps (cached audio) is taken once, and parts never add up to more than the whole.

    Cached and written tokens are taken first, so that audio and images pay their own rate only where they were not
    read from a cache.
    """
    read, write = usage.cache_read_tokens, usage.cache_write_tokens
    if not (read or write or usage.input_audio_tokens or usage.input_image_tokens):
        return _parts(usage.input_tokens, (), ("input", rates.input))
    cheap = min(usage.cache_read_audio_tokens, read) if rates.cache_read_audio is not None else 0
    heard_before = usage.cache_read_audio_tokens if rates.cache_read is not None else cheap
    kept_long = min(usage.cache_write_1h_tokens, write) if rates.cache_write_1h is not None else 0
    return _parts(
        usage.input_tokens,
        (
            ("cache_read_audio", cheap, rates.cache_read_audio),
            ("cache_read", read - cheap, rates.cache_read),
            ("cache_write_1h", kept_long, rates.cache_write_1h),
            ("cache_write", write - kept_long, rates.cache_write),
            ("input_audio", usage.input_audio_tokens - heard_before, rates.input_audio),
            ("input_image", usage.input_image_tokens, rates.input_image),
        ),
        ("input", rates.input),
    )


def _output(usage: Usage, rates: Rates) -> list[CostLine]:
    if not (usage.output_audio_tokens or usage.output_image_tokens or rates.reasoning is not None):
        return _parts(usage.output_tokens, (), ("output", rates.output))
    return _parts(
        usage.output_tokens,
        (
            ("output_audio", usage.output_audio_tokens, rates.output_audio),
            ("output_image", usage.output_image_tokens, rates.output_image),
            ("reasoning", usage.reasoning_tokens, rates.reasoning),
        ),
        ("output", rates.output),
    )


def _calls(usage: Usage, rates: Rates) -> list[CostLine]:
    """What is paid by the piece: searches, and on some hosts the call itself, if it was served at all."""
    lines = []
    if usage.web_searches:
        lines.append(_line("web_search", usage.web_searches, rates.web_search))
    if rates.request is not None and (usage.input_tokens or usage.output_tokens):
        lines.append(_line("request", 1, rates.request))
    return lines


def _parts(whole: int, parts: tuple[tuple[str, int, int | None], ...], rest: tuple[str, int | None]) -> list[CostLine]:
    """Lines whose counts add up to ``whole``: parts that have a rate of their own, then what is left of it."""
    lines = []
    for unit, count, rate in parts:
        if count > 0 and rate is not None and whole > 0:
            taken = min(count, whole)
            whole -= taken
            lines.append(_line(unit, taken, rate))
    if whole > 0:
        lines.append(_line(rest[0], whole, rest[1]))
    return lines


def _line(unit: str, count: int, rate: int | None) -> CostLine:
    if rate is None:
        return CostLine(unit, count, None, None)
    return CostLine(unit, count, rate, round_nanos(count * rate))


def round_nanos(millionths: int) -> int:
    """Millionths of nano-dollars as whole ones, a half to the even neighbour."""
    nanos, remainder = divmod(millionths, MILLION)
    twice = 2 * remainder
    return nanos + (twice > MILLION or (twice == MILLION and nanos & 1 == 1))
