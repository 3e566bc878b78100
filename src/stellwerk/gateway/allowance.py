"""What callers are told of their limits with every answer: how much is left, and when it is whole again.

As far as this worker knows: it has asked the counter when it last needed more, and what other workers have taken since
then it learns when it asks again. The nearer a limit is, the more often that happens.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from stellwerk.core.ledger import remaining
from stellwerk.dialects.rate_headers import anthropic_fields, openai_fields

if TYPE_CHECKING:
    from stellwerk.gateway.meters import Metering

ANTHROPIC = frozenset({"anthropic_messages", "anthropic_count_tokens"})
"""Dialects whose callers look for Anthropic's fields; those of all others know OpenAI's, or none."""


def allowance(found: Metering, dialect: str, wall: Callable[[], float]) -> bytes:
    """Header lines of the tightest limit on requests and of that on tokens. ``wall`` gives Unix time in seconds."""
    lines, now_s = b"", wall()
    for kind, purses in found.told:
        purse = purses[0]
        left, reset_s = remaining(purse.account, purse.free, purse.left, purse.left_s, now_s)
        for other in purses[1:]:
            its_left, its_reset_s = remaining(other.account, other.free, other.left, other.left_s, now_s)
            if its_left < left:
                purse, left, reset_s = other, its_left, its_reset_s
        if dialect in ANTHROPIC:
            lines += anthropic_fields(kind, purse.account.capacity, left, reset_s, now_s)
        else:
            lines += openai_fields(kind, purse.account.capacity, left, reset_s)
    return lines
