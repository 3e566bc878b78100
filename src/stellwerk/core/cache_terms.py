"""What a provider's prompt cache takes and gives for one target: how it is asked, from which length on, at which rates.

Sources: the providers' documentation of prompt caching as of November 2026, and the price list. A model that the price
list does not know is taken to have the ratios that all models of its maker have had, where these are known.
"""

from __future__ import annotations

import enum
import re
from typing import Final

import msgspec

from stellwerk.core.catalog import ModelCard
from stellwerk.core.price import MILLION
from stellwerk.core.prompt_memory import LONG, MIDDLE, SHORT

MOST_MARKS: Final = 4
LOOK_BACK_BLOCKS: Final = 20
"""A mark finds what was kept behind so many blocks before it, and no farther."""
STEP_BLOCKS: Final = 16
"""How far before the last mark another one stands, for the next request to find it."""


class Style(enum.Enum):
    """How a provider is told what to keep."""

    MARKS = "marks"
    """It keeps what is marked, and nothing else: Claude, with its maker or on Bedrock."""
    BREAKPOINTS = "breakpoints"
    """It keeps the end of the prompt by itself, at a price, and what is marked: OpenAI from GPT-5.6 on."""
    KEY = "key"
    """It keeps beginnings by itself for nothing; a key keeps those together that share one: OpenAI before that."""
    IMPLICIT = "implicit"
    """It keeps beginnings by itself, and there is nothing to say: Gemini, DeepSeek, xAI and others."""


class CacheTerms(msgspec.Struct, frozen=True):
    """The terms for one target. Rates are nano-dollars for a million tokens, those of a fresh one among them."""

    style: Style
    minimum: int = 1_024
    """A shorter beginning is not kept."""
    fresh: int = MILLION
    read: int = MILLION // 10
    write: int = MILLION + MILLION // 4
    write_long: int | None = None
    """Of what is kept for an hour; ``None`` where that is not offered."""
    horizon: int = SHORT
    """How long it is kept where nothing is said: a place in ``HORIZONS_S``."""

    @property
    def least_chance(self) -> float:
        """From which chance of one read on a write pays."""
        return (self.write - self.fresh) / (self.fresh - self.read) if self.fresh > self.read else 2.0

    def pays(self, chance: float) -> bool:
        """Whether a write pays where the beginning comes again with this chance while it is kept."""
        return chance > self.least_chance

    def pays_long(self, short: float, long: float) -> bool:
        """Whether an hour pays better: at least two reads are expected then, and each time costs less on average."""
        if self.write_long is None or long < _TWO_READS:
            return False
        cost_long = long * self.read + (1 - long) * self.write_long
        cost_short = short * self.read + (1 - short) * self.write
        return cost_long < min(cost_short, self.fresh)

    def surcharge(self, tokens: int, *, is_long: bool) -> int:
        """What writing so many tokens costs beyond reading them as fresh ones, in nano-dollars."""
        rate = self.write_long if is_long and self.write_long is not None else self.write
        return tokens * (rate - self.fresh) // MILLION


_TWO_READS: Final = 2 / 3
"""Reads are expected from the first to the first that fails: ``p / (1 - p)`` of them."""
_CLAUDE_MINIMA: Final = (
    (re.compile(r"(?:opus|fable|mythos)-5(?:$|[^-\d.]|-\d{3,}|-v)"), 512),
    (re.compile(r"haiku-4-5|opus-4-[567]"), 4_096),
    (re.compile(r"haiku-3|3-haiku|3-5-haiku"), 2_048),
)
_UNCACHED: Final = re.compile(r"claude-(?:v?[12]|instant)|claude-3-(?:opus|sonnet|haiku)|claude-3-5-sonnet-20240620")
"""Models on Bedrock that refuse a mark, or do not heed it."""
_KEYED: Final = frozenset({"openai_chat", "openai_responses"})


def terms_of(kind: str, dialect: str, model: str, card: ModelCard | None) -> CacheTerms | None:
    """The terms for a model of a provider of this kind that is asked in a dialect; ``None`` where there is no cache."""
    rates = card.price.rows[0].rates if card is not None and card.price is not None else None
    name = model.lower()
    if dialect == "anthropic_messages" or (dialect == "bedrock_converse" and "anthropic.claude" in name):
        if dialect == "bedrock_converse" and _UNCACHED.search(name):
            return None
        minimum = next((least for pattern, least in _CLAUDE_MINIMA if pattern.search(name)), 1_024)
        if rates is None or rates.input is None or rates.cache_read is None or rates.cache_write is None:
            # Rates are unknown; the ratios are the same for every model of the maker. An hour may not be offered.
            is_own = kind == "anthropic" and rates is None
            return CacheTerms(Style.MARKS, minimum, write_long=2 * MILLION if is_own else None)
        long = rates.cache_write_1h
        return CacheTerms(Style.MARKS, minimum, rates.input, rates.cache_read, rates.cache_write, long)
    if dialect in _KEYED and kind in {"openai", "azure"}:
        is_charged = rates is not None and rates.input and rates.cache_read is not None and rates.cache_write
        if kind == "openai" and rates is not None and is_charged:
            fresh, read, write = rates.input or 0, rates.cache_read or 0, rates.cache_write or 0
            return CacheTerms(Style.BREAKPOINTS, 1_024, fresh, read, write, horizon=MIDDLE)
        return CacheTerms(Style.KEY, horizon=LONG)
    return CacheTerms(Style.IMPLICIT) if dialect in {*_KEYED, "gemini"} else None
