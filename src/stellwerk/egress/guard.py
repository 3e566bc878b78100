"""The guard of a process: holds the policy in force, decides on every outgoing connection, and remembers refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from stellwerk.core.egress_policy import Decision, Policy
from stellwerk.core.wire import Origin

MOST_REMEMBERED = 64
"""Refusals that are remembered, each with how often it occurred; the one that is longest ago makes room."""
INWARD = "the egress policy does not permit its address"
"""What callers hear when a name resolved to something inward: which address it was is none of their business."""
_NOWHERE = Origin("", "", 0)
"""The destination of a URL that has none."""


class Denial(msgspec.Struct, frozen=True):
    """A destination that the policy refuses. ``address`` is there when a name resolved to what may not be."""

    host: str
    port: int
    address: str
    reason: str
    is_enforced: bool
    """False in report mode: the connection was made all the same."""
    count: int = 1
    """How often it was decided; in report mode a connection is decided on when resolving and when connecting."""


class Guard:
    """Decides for one process. In report mode everything passes, and is counted and remembered as if it had not.

    It depends on nothing outside: what it decides on is its policy and its arguments.
    """

    def __init__(
        self, policy: Policy, clock: Callable[[], float], on_denial: Callable[[Denial], None] = lambda _: None
    ) -> None:
        """``clock`` gives seconds; ``on_denial`` hears of each remembered refusal once, not of its repetitions."""
        self._policy = policy
        self._clock = clock
        self._on_denial = on_denial
        self._settled: Policy | None = None
        """What is in force once the providers of the former configuration are no longer needed."""
        self._settles_at = 0.0
        self._denials: dict[tuple[str, str, int, str], Denial] = {}
        self.denied = 0
        """Decisions against a connection, those of report mode included."""

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        if self._settled is not None and self._clock() >= self._settles_at:
            self._policy, self._settled = self._settled, None
        return self._policy

    @property
    def denials(self) -> tuple[Denial, ...]:
        """The last refusals, the newest last."""
        return tuple(self._denials.values())

    def adopt(self, policy: Policy, *, grace_s: float = 0.0) -> None:
        """Decides by ``policy`` from now on.

        Requests under way finish with the configuration they began with, so origins of providers that are gone stay
        permitted for ``grace_s``. Everything else holds at once, also against connections to those.
        """
        parting = self.policy.origins - policy.origins
        self._policy = self._settled = policy
        if parting and grace_s > 0:
            self._policy = policy.with_origins(parting)
            self._settles_at = self._clock() + grace_s

    def judge_url(self, text: str, *, is_callers: bool = False) -> Decision:
        """Whether something may be fetched from a URL: to be asked before anything of it is used.

        Connect to the decision's ``origin``, never to the text. Malformed URLs are denied in report mode too. A URL
        that is a caller's gains nothing from what providers need: their hosts may lie inside, or hand out credentials.
        """
        policy = self.policy.for_callers if is_callers else self.policy
        decision = policy.judge_url(text)
        return decision if decision.is_allowed else self._denied(decision, decision.origin or _NOWHERE)

    def judge_answer(self, host: str, addresses: Iterable[str], port: int) -> Decision:
        """Whether ``host`` may be connected to with what it resolved to: one bad address refuses the whole answer."""
        decision = self.policy.judge_answer(host, addresses, port)
        return decision if decision.is_allowed else self._denied(decision, Origin("", host, port))

    def check(self, host: str, address: str, port: int) -> str | None:
        """The pool's check before and after each connection: ``None`` to permit, else the reason for refusing."""
        return self.refusal(host, (address,), port)

    def refusal(self, host: str, addresses: Iterable[str], port: int) -> str | None:
        """Why not to connect, in words that a caller may hear; the whole reason is kept for operators."""
        decision = self.judge_answer(host, addresses, port)
        if decision.is_allowed:
            return None
        return INWARD if decision.address else decision.reason

    def _denied(self, decision: Decision, origin: Origin) -> Decision:
        is_enforced = self._policy.mode != "report" or origin is _NOWHERE
        self._note(origin.host, decision.address, origin.port, decision.reason, is_enforced=is_enforced)
        return decision if is_enforced else msgspec.structs.replace(decision, is_allowed=True)

    def _note(self, host: str, address: str, port: int, reason: str, *, is_enforced: bool) -> None:
        self.denied += 1
        key = (host, address, port, reason)
        known = self._denials.pop(key, None)
        count = 1 if known is None else known.count + 1
        denial = self._denials[key] = Denial(host, port, address, reason, is_enforced, count)
        if known is None:
            if len(self._denials) > MOST_REMEMBERED:
                del self._denials[next(iter(self._denials))]
            self._on_denial(denial)
