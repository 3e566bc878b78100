"""What callers are told of their limits with every answer: how much is left, and when it is whole again.

As far as this worker knows: it has asked the counter when it last needed more, and what other workers have taken since
then it learns when it asks again. The nearer a limit is, the more often that happens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stellwerk.core.ledger import remaining
from stellwerk.dialects.rate_headers import anthropic_fields, openai_fields

if TYPE_CHECKING:
    from stellwerk.gateway.purses import Purse

ANTHROPIC = frozenset({"anthropic_messages", "anthropic_count_tokens"})
"""Dialects whose callers look for Anthropic's fields; those of all others know OpenAI's, or none."""


def allowance(requests: Sequence[Purse], tokens: Sequence[Purse], dialect: str, now_s: float) -> bytes:
    """Header lines of the tightest limit on requests and of that on tokens. ``now_s`` is Unix time."""
    lines = b""
    for kind, purses in ((b"requests", requests), (b"tokens", tokens)):
        if purses:
            left, reset_s, limit = _standing(purses[0], now_s)
            for purse in purses[1:]:
                other = _standing(purse, now_s)
                if other[0] < left:
                    left, reset_s, limit = other
            if dialect in ANTHROPIC:
                lines += anthropic_fields(kind, limit, left, reset_s, now_s)
            else:
                lines += openai_fields(kind, limit, left, reset_s)
    return lines


def _standing(purse: Purse, now_s: float) -> tuple[int, float, int]:
    account = purse.account
    left, reset_s = remaining(account, purse.free, purse.left, purse.left_s, now_s)
    return left, reset_s, account.capacity
