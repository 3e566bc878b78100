"""What callers are told of their limits with every answer: how much is left, and when it is whole again.

As far as this worker knows: it has asked the counter when it last needed more, and what other workers have taken since
then it learns when it asks again. The nearer a limit is, the more often that happens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stellwerk.core.ledger import remaining
from stellwerk.core.scope import LimitSpec, Metric
from stellwerk.dialects.rate_headers import anthropic_fields, openai_fields

if TYPE_CHECKING:
    from stellwerk.gateway.meters import Meter

ANTHROPIC = frozenset({"anthropic_messages", "anthropic_count_tokens"})
"""Dialects whose callers look for Anthropic's fields; those of all others know OpenAI's, or none."""
_TOLD = ((Metric.REQUESTS, b"requests"), (Metric.TOKENS, b"tokens"))


def allowance(meters: Sequence[Meter], dialect: str, now_s: float) -> bytes:
    """Header lines of the tightest limit on requests and of that on tokens. ``now_s`` is Unix time."""
    lines = b""
    for metric, kind in _TOLD:
        found: tuple[int, float, int] | None = None
        for meter in meters:
            if isinstance(meter.spec, LimitSpec) and meter.spec.metric is metric:
                purse = meter.purse
                left, reset_s = remaining(purse.account, purse.free, purse.left, purse.left_s, now_s)
                if found is None or left < found[0]:
                    found = left, reset_s, purse.account.capacity
        if found is not None:
            left, reset_s, limit = found
            if dialect in ANTHROPIC:
                lines += anthropic_fields(kind, limit, left, reset_s, now_s)
            else:
                lines += openai_fields(kind, limit, left, reset_s)
    return lines
