"""Name resolution under the egress policy: what is not allowed is not looked up, and no answer is used in part."""

from __future__ import annotations

from collections.abc import Sequence

from stellwerk.egress.guard import Guard
from stellwerk.errors import EgressDenied
from stellwerk.http.pool import Resolver


class GuardedResolver:
    """Judges a host before it is looked up, and then all that it resolved to.

    One address that may not be refuses the whole answer: whoever mixes inward addresses into an answer wants one of
    them to be connected to, sooner or later. Answers are judged each time they are used, so a new policy holds for
    remembered ones too. The pool connects to just what was judged here: that a name resolves to something else a moment
    later gains nothing.

    When name service is away, the resolver below decides: the system's goes on with the last answer of a name for as
    long as that lasts, and raises ``OSError`` for a name that never resolved.
    """

    def __init__(self, below: Resolver, guard: Guard) -> None:
        self._below = below
        self._guard = guard

    async def resolve(self, host: str, port: int) -> list[str]:
        """Addresses that may be connected to. Raises ``EgressDenied`` when not all may, ``OSError`` without any."""
        if self._guard.policy.mode == "enforce":
            self._require(host, (), port)
        addresses = await self._below.resolve(host, port)
        self._require(host, addresses, port)
        return addresses

    def _require(self, host: str, addresses: Sequence[str], port: int) -> None:
        refusal = self._guard.refusal(host, addresses, port)
        if refusal is not None:
            raise EgressDenied(f"The connection to {host} is not allowed: {refusal}.")
