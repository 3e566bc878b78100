"""What a call costs at most, before it is made: each token at the dearest rate that a token of its side can have."""

from __future__ import annotations

import msgspec

from stellwerk.core.price import MILLION, Price, Rates

_ROUNDING_NANOS = 8
"""Each line of a bill is rounded by itself: by half a nano-dollar, and no bill of tokens has more than twelve."""
_INPUT = ("input", "cache_read", "cache_write", "cache_write_1h", "input_audio", "cache_read_audio", "input_image")
_OUTPUT = ("output", "reasoning", "output_audio", "output_image")


class WorstCase(msgspec.Struct, frozen=True, gc=False):
    """The dearest rates of a model, in nano-dollars for a million units of prompt, answer, and calls."""

    input: int
    output: int
    request: int = 0

    def nanos(self, input_tokens: int, output_tokens: int) -> int:
        """What a call costs at most whose tokens are no more than these; rounded up."""
        units = input_tokens * self.input + output_tokens * self.output + self.request
        return -(-units // MILLION) + _ROUNDING_NANOS

    def output_tokens(self, nanos: int, input_tokens: int) -> int | None:
        """How many tokens of answer so much money pays for surely: less than 0 where the prompt alone is too dear.

        ``None`` where answers cost nothing, and the prompt can be paid.
        """
        left = (nanos - _ROUNDING_NANOS) * MILLION - input_tokens * self.input - self.request
        if not self.output:
            return None if left >= 0 else -1
        return left // self.output if left >= 0 else -1

    def meet(self, other: WorstCase) -> WorstCase:
        """What holds for a call of either."""
        return WorstCase(max(self.input, other.input), max(self.output, other.output), max(self.request, other.request))


def worst_case_of(price: Price | None) -> WorstCase | None:
    """The dearest rates of a price list, whatever the hour, the tier and the size of the prompt.

    ``None`` where a token can be without a price: of such a call nobody knows what it costs.
    """
    if price is None:
        return None
    found = None
    for row in price.rows:
        for rates in (row.rates, *(tier.rates for tier in row.tiers)):
            if rates.input is None or rates.output is None:
                return None
            here = WorstCase(_dearest(rates, _INPUT), _dearest(rates, _OUTPUT), rates.request or 0)
            found = here if found is None else found.meet(here)
    return found


def _dearest(rates: Rates, units: tuple[str, ...]) -> int:
    return max(getattr(rates, unit) or 0 for unit in units)
