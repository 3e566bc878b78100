"""One request and the cache: an answer that is there is handed on, one that is on its way is shared, a new one is kept.

Who asks first for an answer leads: it alone calls a provider. Others with the same request, the same key and the same
user follow it: they have the stream as it comes, or the answer once it is whole. When a leader comes to nothing, one
follower asks in its place; when its caller leaves, its call goes on for the others.

Whatever is the matter with the cache is a miss.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from stellwerk.core.cache_record import answered_from, judged, kept_under
from stellwerk.core.cached import Entry, Recorded, Tier
from stellwerk.core.reply import ReplyFacts
from stellwerk.core.request_key import Asked, digest
from stellwerk.gateway.flight import Flight
from stellwerk.gateway.keeping import text_of
from stellwerk.gateway.leading import Leading
from stellwerk.gateway.passenger import Passenger
from stellwerk.gateway.recollection import Caching, Recollection
from stellwerk.gateway.replaying import can_replay, hand_on, tells_ids
from stellwerk.gateway.speeches import is_spoken
from stellwerk.gateway.stages.recall import Look, look, owners, question_of

if TYPE_CHECKING:
    from stellwerk.core.acceptance import Acceptance
    from stellwerk.core.meaning import Considered
    from stellwerk.gateway.configuration import Route
    from stellwerk.gateway.exchange import Exchange
    from stellwerk.gateway.reply import Reply
    from stellwerk.ports.cache import Fetching
    from stellwerk.ports.compute import Pending

Heard: TypeAlias = Callable[["Route", Recorded], None]
AskAgain: TypeAlias = Callable[["Exchange", "Reply", "Acceptance | None", Heard | None], bool]

FETCH_S = 0.005
"""How long an answer is looked for outside of this process."""
MOST_REFRESHING = 10_000
RETRY_S = 60.0
"""An old answer is not asked for anew more often, whatever became of that."""
NO_STORE, NO_CACHE = b"no-store", b"no-cache"


class Recalling:
    """Owner of the caller's request while its answer is looked for."""

    __slots__ = (
        "_acceptance",
        "_caching",
        "_considered",
        "_exchange",
        "_fetching",
        "_go",
        "_is_done",
        "_look",
        "_passenger",
        "_raw",
        "_reply",
        "_shared",
        "_thinking",
        "ask_again",
        "directive",
        "on_answer",
    )

    def __init__(self, caching: Caching, shared: Recollection, reply: Reply, directive: bytes) -> None:
        """``directive`` is what the caller says of the cache: ``no-store``, ``no-cache`` or nothing."""
        self.directive = directive
        self.ask_again: AskAgain | None = None
        """Asks for a fresh answer, which goes to nobody."""
        self.on_answer: Heard | None = None
        """Hears the answer that was asked for, once it is whole."""
        self._caching = caching
        self._shared = shared
        self._reply = reply
        self._is_done = False
        self._exchange: Exchange
        self._go: Callable[[], None] = _nothing
        self._acceptance: Acceptance | None = None
        self._passenger: Passenger | None = None
        self._raw = b""
        """A digest of the request's very bytes."""
        self._look: Look | None = None
        self._fetching: Fetching | None = None
        self._thinking: Pending | None = None
        self._considered: Considered | None = None
        """What was thought of answers to other questions."""

    # -- before anybody is asked

    def looks_first(self, exchange: Exchange, acceptance: Acceptance | None) -> bool:
        """Whether the exchange has to wait, or is over: where it has to go on, it is started again."""
        if self._is_done:
            return False
        self._is_done = True
        self._exchange = exchange
        self._go = partial(exchange.start, acceptance)
        self._acceptance = acceptance
        if self.directive == NO_STORE:
            return self._pass_by("no-store")
        if exchange.is_in_custody and not is_spoken(self._reply.lease.envelope.dialect):
            return self._pass_by("references")
        return self._recall_at_once() or self._search()

    def _recall_at_once(self) -> bool:
        """Serves a request that has come before, byte for byte, as long as its answer is at hand."""
        lease, shared = self._reply.lease, self._shared
        envelope = lease.envelope
        who = owners(lease.principal, self._caching.spec.scope)[0]
        path = self._reply.request.path
        self._raw = digest(self._caching.base, who, b"raw", self._caching.mark, path, envelope.body)
        if self.directive == NO_CACHE:
            return False
        key = shared.shortcuts.find(self._raw)
        entry = shared.cache.peek(key, lease.started_ms) if key is not None else None
        return entry is not None and self._serve(entry, Tier.EXACT)

    def _search(self) -> bool:
        question = self._question()
        if isinstance(question, str):
            return self._pass_by(question)
        lease, spec = self._reply.lease, self._caching.spec
        normal = self._normal(question) if spec.is_normalizing else None
        self._look = found = look(self._caching.base, owners(lease.principal, spec.scope), question, normal)
        if self.directive == NO_CACHE:
            self._lead(found, None)
            return False
        cache = self._shared.cache
        for key, tier in found.places:
            entry = cache.peek(key, lease.started_ms)
            if entry is not None and self._serve(entry, tier):
                return True
        if self._board(found):
            return True
        if not cache.is_shared:
            return self._think()
        self._reply.request.owner = self
        keys = tuple(key for key, _ in found.places)
        self._fetching = cache.fetch(keys, lease.started_ms, FETCH_S, self._on_fetched)
        return True

    def _question(self) -> Asked | str:
        """What the answer depends on; or why there is no looking for it, in a word."""
        reply, routes = self._reply, self._exchange.model.routes.values()
        envelope = reply.lease.envelope
        is_keeping = any(route.provider.speaks(envelope.dialect) for route in routes)
        return question_of(reply.dialect, envelope, reply.request.path, self._caching, is_keeping=is_keeping)

    def _normal(self, question: Asked) -> str | None:
        from stellwerk.semantic.normal import normal_form  # loaded when the first model wants it

        return normal_form(question.question) if question.question is not None else None

    def _on_fetched(self, entry: Entry | None) -> None:
        self._fetching = None
        try:
            if entry is not None and self._is_found(entry):
                return
            if not self._think():
                self._go()
        except Exception as error:  # noqa: BLE001  # nobody above a callback would answer the caller
            self._exchange.fail_by_defect(error)

    def _is_found(self, entry: Entry) -> bool:
        """Serves what was found elsewhere to all who wait for it; whether that can be done."""
        tiers = dict(self._look.places) if self._look is not None else {}
        tier = next((tiers[key] for key in (entry.key, *entry.aliases) if key in tiers), None)
        return tier is not None and self._serve(entry, tier)

    # -- an answer to another question

    def _think(self) -> bool:
        """Asks whether an answer to another question serves; whether the exchange has to wait."""
        look, caching, scheduler = self._look, self._caching, self._exchange.scheduler
        if look is None or not caching.spec.semantic or not look.is_plain:
            return False
        meanings, now_ms = self._shared.meanings, self._reply.lease.started_ms
        self._thinking = meanings.consider(caching, look, scheduler, now_ms, self._on_considered)
        if self._thinking is None:
            return False
        self._reply.request.owner = self
        return True

    def _on_considered(self, considered: Considered | None) -> None:
        self._thinking = None
        self._considered = considered
        if considered is not None:
            self._reply.cache = f"{Tier.MISS.value}; {_thought(considered)}{self._kept}"
        if self._exchange.leading is not None:
            self._exchange.leading.considered = considered
        try:
            if considered is None or not considered.is_hit:
                self._go()
                return
            cache, now_ms = self._shared.cache, self._reply.lease.started_ms
            entry = cache.peek(considered.key, now_ms)
            if entry is None and cache.is_shared:
                self._fetching = cache.fetch((considered.key,), now_ms, FETCH_S, self._on_meant)
            else:
                self._on_meant(entry)
        except Exception as error:  # noqa: BLE001  # nobody above a callback would answer the caller
            self._exchange.fail_by_defect(error)

    def _on_meant(self, entry: Entry | None) -> None:
        self._fetching = None
        try:
            considered, reply = self._considered, self._reply
            if entry is None and considered is not None and self._look is not None:
                self._shared.forgetting.doubt(considered.key, self._look.scopes, self._exchange.scheduler)
            oldest_ms = reply.lease.started_ms - int(self._caching.spec.semantic_ttl_s * 1e3)
            if entry is None or entry.stored_ms < oldest_ms or not self._serve(entry, Tier.SEMANTIC, considered):
                self._go()
                return
            if considered is not None and considered.is_audited and self.ask_again is not None:
                self.ask_again(self._exchange, reply, self._acceptance, partial(self._audit, entry, considered))
        except Exception as error:  # noqa: BLE001  # nobody above a callback would answer the caller
            self._exchange.fail_by_defect(error)

    def _audit(self, entry: Entry, considered: Considered, _: Route, recorded: Recorded) -> None:
        """A fresh answer has come to a question that another answer was served for."""
        fresh, kept = text_of(recorded, self._caching), text_of(entry, self._caching)
        if fresh and kept and considered.evidence is not None and self._look is not None:
            self._shared.meanings.learn(
                self._caching,
                self._look,
                considered.evidence,
                (b"", fresh),
                (entry.key, kept),
                self._exchange.scheduler,
                is_audit=True,
            )

    # -- an answer that is there

    def _serve(self, entry: Entry, tier: Tier, considered: Considered | None = None) -> bool:
        """Hands on what is kept; whether that can be done. ``considered`` is why, where it is another's answer."""
        reply, exchange = self._reply, self._exchange
        route = exchange.model.routes.get(entry.target)
        recorded = Recorded(entry.dialect, entry.is_stream, entry.answer)
        now_ms = reply.lease.started_ms
        if route is None or now_ms >= entry.stale_ms or not can_replay(reply, recorded):
            return False
        if tier is Tier.EXACT:
            self._shared.shortcuts.note(self._raw, entry.key)
        if tier is not Tier.SEMANTIC and self._caching.spec.semantic and self._look is not None:
            self._shared.meanings.hit(self._caching, self._look)
        self._note(tier, max(0, now_ms - entry.stored_ms))
        if considered is None:
            reply.cache = f"{tier.value}; {answered_from(entry)}"
        else:
            reply.cache = f"{tier.value}; {_thought(considered)} {judged(entry, considered.evidence)}"
        reply.is_cached, reply.cached_nanos = True, entry.nanos
        leading, exchange.leading = exchange.leading, None
        if leading is not None:
            leading.land(route, recorded)
        answer = self._as_it_is(entry)
        if answer is not None:
            reply.turn_to(route)  # mostly; what follows is the same, whatever stands in between
            reply.respond(answer, ReplyFacts(None, entry.finish), exchange.clock())
        else:
            hand_on(exchange, reply, route, recorded, self._caching.limits, self._caching.spec.ignore)
        if now_ms >= entry.fresh_ms:
            self._refresh(entry.key)
        return True

    def _as_it_is(self, entry: Entry) -> bytes | None:
        """The answer where it goes to the caller as it was kept, but for what it is called; else nothing."""
        reply, envelope = self._reply, self._reply.lease.envelope
        is_whole = not (envelope.is_stream or entry.is_stream) and entry.dialect == envelope.dialect
        if not is_whole or self._exchange.screening is not None:
            return None
        if not tells_ids(reply):
            return entry.answer
        if self._caching.spec.ignore:
            return None
        from stellwerk.gateway.renewing import under_another_id  # loaded with the first caller of that dialect

        return under_another_id(entry.answer)

    def _refresh(self, key: bytes) -> None:
        """Has an answer that has become old fetched anew, but not over and over."""
        refreshing, now = self._shared.refreshing, self._exchange.clock()
        if self.ask_again is None or refreshing.get(key, 0.0) > now:
            return
        if self.ask_again(self._exchange, self._reply, self._acceptance, None):
            refreshing[key] = now + RETRY_S
            if len(refreshing) > MOST_REFRESHING:
                refreshing.popitem(last=False)

    # -- an answer that is on its way, or has to be asked for

    def _board(self, look: Look) -> bool:
        """Waits for an answer that somebody has asked for; if nobody has, this one does."""
        flights, key, exchange = self._shared.flights, look.exact[0], self._exchange
        flight = flights.get(key)
        if flight is None:
            flights[key] = flight = Flight(self._caching.store.max_entry_bytes)
            self._lead(look, flight)
            return False
        self._note(Tier.EXACT, 0)
        self._reply.cache += f";{self._kept}"
        limits, ignore = self._caching.limits, self._caching.spec.ignore
        passenger = Passenger(
            self._shared, key, flight, exchange, self._reply, limits, ignore, partial(self._take_over, look)
        )
        self._passenger = passenger
        if passenger.board():
            return True
        self._passenger = None
        self._lead(look, None)
        return False

    def _take_over(self, look: Look, flight: Flight | None) -> None:
        """Asks, now that nobody else does."""
        if flight is not None:
            self._shared.flights.setdefault(look.exact[0], flight)
        self._lead(look, flight)
        self._go()

    def _lead(self, look: Look, flight: Flight | None) -> None:
        exchange = self._exchange
        exchange.leading = leading = Leading(
            self._caching, self._shared, exchange, self._reply, look, self._raw, flight
        )
        leading.on_answer = self.on_answer
        self._reply.is_cached = False
        self._note(Tier.MISS)
        self._reply.cache += f";{self._kept}"

    def asks(self) -> None:
        """A target is asked: what was to be handed on instead could not be."""
        if self._reply.is_cached:
            self._reply.is_cached = False
            self._note(Tier.MISS)

    # -- what the caller says meanwhile

    def on_gone(self) -> None:
        """The caller has left: nobody is interested any more."""
        if self._exchange.leading is not None:
            self._exchange.leading.give_up()
        self._reply.leave()
        self._exchange.finish()

    def withdraw(self) -> None:
        """The request is over, however it went: nothing that is still looked for concerns it any more."""
        if self._fetching is not None:
            self._fetching.cancel()
            self._fetching = None
        if self._thinking is not None:
            self._thinking.cancel()
            self._thinking = None
        if self._passenger is not None:
            self._passenger.withdraw()

    def on_pause(self) -> None:
        """Nothing is written yet."""

    def on_resume(self) -> None:
        """Nothing is written yet."""

    # -- helpers

    @property
    def _kept(self) -> str:
        """Where the answer is going to be, for the record."""
        look = self._look
        return f" {kept_under(look.exact, look.owners)}" if look is not None else ""

    def _pass_by(self, why: str) -> bool:
        self._note(Tier.BYPASS, why=why)
        return False

    def _note(self, tier: Tier, age_ms: int | None = None, why: str = "") -> None:
        reply = self._reply
        reply.cache = f"{tier.value}: {why}" if why else tier.value
        fields = b"x-stellwerk-cache: %b\r\n" % tier.value.encode()
        if age_ms is not None:
            fields += b"age: %d\r\n" % (age_ms // 1000)
        reply.cache_fields = fields + b"x-stellwerk-cache-reason: %b\r\n" % why.encode() if why else fields


def _thought(considered: Considered) -> str:
    """Why another question's answer served, or did not, for the record."""
    reason = considered.reason.replace(" ", "_")
    if not considered.key:
        return f"reason={reason}"
    return (
        f"reason={reason} entry={considered.key.hex()} chance={considered.chance:.4f} "
        f"threshold={considered.threshold:.4f} bound={considered.bound:.4f} audited={considered.is_audited:d}"
    )


def _nothing() -> None:
    """Before anything has begun."""
