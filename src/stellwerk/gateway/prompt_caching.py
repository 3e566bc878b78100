"""What a worker does for providers' prompt caches: it marks what is worth keeping, and learns from what came of it.

What was seen is remembered by digests of tenant and prompt under the host's secret, for all workers of the host. While
that secret cannot be read nothing is marked, and requests go on as they came.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from stellwerk.core import savings
from stellwerk.core.cache_terms import CacheTerms, Style, terms_of
from stellwerk.core.prompt_reuse import Arrival, PromptReuse
from stellwerk.dialects.json_splice import find, insertion, splice
from stellwerk.dialects.prompt_outline import Outline, outline
from stellwerk.errors import InvalidRequest, StoreUnavailable
from stellwerk.optimizing import cache_breakpoints
from stellwerk.optimizing.cache_breakpoints import Placement, Prefix, application_of, prefixes

if TYPE_CHECKING:
    from collections.abc import Callable

    from stellwerk.core.identity import Principal
    from stellwerk.core.prompt_memory import PromptMemory
    from stellwerk.core.usage import Usage
    from stellwerk.core.wire import WireRequest
    from stellwerk.gateway.configuration import Route
    from stellwerk.ports.clock import Clock

KEY_MEMBER = "prompt_cache_key"
KEPT_TOGETHER_A_MINUTE = 15
"""OpenAI keeps so many requests a minute with one key on one machine."""
MOST_BYTES = 2_097_152
"""Longer bodies are handed on as they are: to read them would keep others waiting."""
UNMARKED_S = 3_600.0
"""How long a target is sent no marks that has refused some."""
_MOST_TERMS = 1_024


class PromptCaching:
    """The part of a worker that does it."""

    __slots__ = ("_clock", "_reuse", "_secret", "_terms", "_unmarked")

    def __init__(self, secret: Callable[[], bytes], clock: Clock, memory: PromptMemory) -> None:
        """``secret`` is the host's; it may raise ``StoreUnavailable``."""
        self._secret = secret
        self._clock = clock
        self._reuse = PromptReuse(memory)
        self._terms: dict[tuple[str, str, str, int], CacheTerms | None] = {}
        self._unmarked: dict[str, float] = {}
        """Targets that have refused marks, and until when they are sent none, in the clock's seconds."""

    def begin(self, principal: Principal, *, is_session: bool) -> Marking:
        """Marks one request; ``is_session`` where its caller names the conversation that it belongs to."""
        return Marking(self, tenant_of(principal), is_session)

    @property
    def now(self) -> float:
        """Seconds of a monotonic clock."""
        return self._clock()

    @property
    def reuse(self) -> PromptReuse:
        """What was seen."""
        return self._reuse

    @property
    def secret(self) -> bytes:
        """The host's secret. Raises ``StoreUnavailable``."""
        return self._secret()

    def takes_marks(self, target: str) -> bool:
        """Whether a target has not refused marks of late."""
        return self._unmarked.get(target, 0.0) <= self._clock()

    def leave_alone(self, target: str) -> None:
        """The target has refused marks: it is sent none for a while."""
        if len(self._unmarked) >= _MOST_TERMS:
            self._unmarked.clear()
        self._unmarked[target] = self._clock() + UNMARKED_S

    def terms(self, route: Route, dialect: str) -> CacheTerms | None:
        """What the target's cache takes and gives."""
        key = route.kind, dialect, route.target.model, id(route.target.card)
        try:
            return self._terms[key]
        except KeyError:
            if len(self._terms) >= _MOST_TERMS:
                self._terms.clear()
            found = self._terms[key] = terms_of(route.kind, dialect, route.target.model, route.target.card)
            return found


class Marking(msgspec.Struct, eq=False):
    """What is marked of one request, whoever it goes to; its prompt is taken note of once."""

    _caching: PromptCaching
    _tenant: bytes
    _is_session: bool
    _dialect: str = ""
    _arrival: Arrival | None = None
    _beginnings: tuple[Prefix, ...] = ()
    _placed: dict[str, tuple[Placement, CacheTerms]] = {}
    """By target, and on which terms."""
    _changed: frozenset[str] = frozenset()
    """Targets that were sent something else than what came."""

    def mark(self, wire: WireRequest, route: Route, dialect: str) -> WireRequest:
        """The request with marks for its target, in whose ``dialect`` it is."""
        caching = self._caching
        terms = caching.terms(route, dialect)
        target = route.target.identity
        is_idle = terms is None or terms.style is Style.IMPLICIT or len(wire.body) > MOST_BYTES
        if terms is None or is_idle or not caching.takes_marks(target):
            self._changed -= {target}
            return wire
        parts = outline(dialect, wire.body)
        if parts is None:
            return wire
        try:
            secret = caching.secret
        except StoreUnavailable:
            return wire
        placement, edits = self._place(parts, route, dialect, terms, secret), []
        if terms.style is not Style.MARKS and route.standing.factors.likely(wire.body) >= terms.minimum:
            try:
                if (key := self._key(parts, secret)) is not None:
                    edits.append(insertion(wire.body, KEY_MEMBER, b'"%b"' % key))
            except InvalidRequest:  # it names two keys: its provider says so
                return wire
        self._placed = {**self._placed, target: (placement, terms)}
        edits += placement.edits
        if not edits:
            return wire
        self._changed |= {target}
        return msgspec.structs.replace(wire, body=splice(wire.body, edits))

    def is_refused(self, route: Route, told: bytes) -> bool:
        """Whether a target has refused a request for its marks, after what it has ``told``. It is then sent no more."""
        target = route.target.identity
        if target not in self._changed or b"cache" not in told.lower():
            return False
        self._forget(target)
        self._changed -= {target}
        self._caching.leave_alone(target)
        return True

    def reason(self, route: Route | None) -> str:
        """Why its target was sent marks, or none; empty where that was no question."""
        placed = self._placed.get(route.target.identity) if route is not None else None
        if placed is None:
            return ""
        count, reason = placed[0].count, placed[0].reason
        return f"{count} mark{'s' * (count > 1)}: {reason}" if count else reason

    def settle(self, route: Route, usage: Usage, at_ms: int) -> int:
        """What marks at the target that has answered have saved, in nano-dollars; negative is lost."""
        placed, terms = self._placed.get(route.target.identity, (None, None))
        if placed is None or terms is None or not placed.count or terms.style is not Style.MARKS:
            return 0  # a provider that caches by itself might have read as much without marks: nobody can tell
        nanos = savings.of_marks(usage, route.target.card, at_ms)
        # What was staked when it was placed is in what has come of it.
        net = placed.staked_nanos + (nanos or _by_ratio(usage, terms))
        self._caching.reuse.settle(self._account(route.target.identity), net)
        return nanos

    def close(self, route: Route | None) -> None:
        """The request is over; ``route`` has answered it, or nobody has. Others keep nothing, and take no stake."""
        answered = route.target.identity if route is not None else ""
        for target in [target for target in self._placed if target != answered]:
            self._forget(target)

    # -- helpers

    def _place(self, parts: Outline, route: Route, dialect: str, terms: CacheTerms, secret: bytes) -> Placement:
        caching, now = self._caching, self._caching.now
        beginnings = self._beginnings = prefixes(parts, secret, self._tenant)
        reuse = caching.reuse
        if self._arrival is None or dialect != self._dialect or len(self._arrival.known) != len(beginnings):
            told = [(each.digest, each.is_kept) for each in beginnings]
            application = application_of(parts, beginnings) or self._tenant
            self._dialect = dialect
            self._arrival = reuse.arrive(told, application, self._tenant, parts.depth, now)
        tokens = route.standing.factors.likely(parts.body)
        target = route.target.identity
        account = self._account(target)
        credit = reuse.credit(account)
        placed = cache_breakpoints.place(
            parts, beginnings, self._arrival, terms, target, tokens, now, credit, is_session=self._is_session
        )
        if placed.staked_nanos:
            reuse.settle(account, -placed.staked_nanos)
        for digest, kept_s in placed.kept:
            reuse.warm(digest, target, now, now + kept_s)
        return placed

    def _forget(self, target: str) -> None:
        """What was placed at a target has come to nothing."""
        reuse = self._caching.reuse
        placed, _ = self._placed.pop(target, (None, None))
        if placed is not None:
            reuse.settle(self._account(target), placed.staked_nanos)
            for digest, _ in placed.kept:
                reuse.warm(digest, "", self._caching.now, 0.0)

    def _account(self, target: str) -> bytes:
        return self._tenant + b"\0" + target.encode()

    def _key(self, parts: Outline, secret: bytes) -> bytes | None:
        """What keeps requests with this beginning together; ``None`` where the caller has a key of its own.

        It is a digest of the tenant and of what its application always begins with. Where more requests come than one
        machine takes, conversations are spread over several keys, each with its own.
        """
        if find(parts.body, KEY_MEMBER) is not None:
            return None
        beginnings = self._beginnings
        application = application_of(parts, beginnings)
        a_minute = self._caching.reuse.per_minute(application) if application else 0.0
        spread = 1
        while spread * KEPT_TOGETHER_A_MINUTE < a_minute and spread < _MOST_TERMS:
            spread *= 2
        opening = next((each.digest for each in beginnings if each.turn >= parts.leading), b"")
        share = int.from_bytes(opening[:4]) % spread if application else opening
        state = hashlib.blake2b(self._tenant, key=secret[:64], digest_size=16, person=b"prompt-key")
        state.update(application + repr(share).encode())
        return state.hexdigest().encode()


def tenant_of(principal: Principal) -> bytes:
    """Whose prompts are learned from together: those of a team, or of a key that has none."""
    if principal.team:
        return b"team\0" + principal.organization.encode() + b"\0" + principal.team.encode()
    return b"key\0" + principal.key_name.encode()


def _by_ratio(usage: Usage, terms: CacheTerms) -> int:
    """What marks have saved at the assumed rates of a model without a price."""
    read, written = usage.cache_read_tokens, usage.cache_write_tokens
    return (read * (terms.fresh - terms.read) - written * (terms.write - terms.fresh)) // 1_000_000
