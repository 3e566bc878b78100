"""Amounts as the command line shows them: in dollars, or in a currency that the configuration names a rate for."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from stellwerk.core.cost import format_usd

_DOLLARS = "USD"
_FINEST = Decimal("1e-9")


class Money:
    """Turns nano-dollars into text. Only what is shown is converted: costs are kept and compared in dollars."""

    __slots__ = ("_currency", "_per_usd")

    def __init__(self, currency: str = _DOLLARS, per_usd: float = 1.0) -> None:
        self._currency = currency
        self._per_usd = Decimal(repr(per_usd))

    def text(self, nanos: int | None) -> str:
        """The amount with its currency: exact in dollars, to the ninth place in others."""
        if nanos is None:
            return "unknown"
        if self._currency == _DOLLARS and self._per_usd == 1:
            return f"{format_usd(nanos).decode()} {_DOLLARS}"
        amount = (Decimal(nanos).scaleb(-9) * self._per_usd).quantize(_FINEST, ROUND_HALF_EVEN)
        digits = f"{amount:f}".rstrip("0").rstrip(".")
        return f"{digits} {self._currency}"
