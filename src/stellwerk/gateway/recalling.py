"""One request and the cache: an answer that is there is handed on, one that is on its way is shared, a new one is kept.

Who asks first for an answer leads: it alone calls a provider. Others with the same request, the same key and the same
user follow it: they have the stream as it comes, or the answer once it is whole. When a leader comes to nothing, one
follower asks in its place; when its caller leaves, its call goes on for the others.

Whatever is the matter with the cache is a miss.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from stellwerk.core.cached import Entry, Recorded, Tier
from stellwerk.core.request_key import Asked, asked, asked_of, digest
from stellwerk.core.savings import of_tier
from stellwerk.errors import InvalidRequest, StellwerkError, UpstreamError, UpstreamTimeout
from stellwerk.gateway.keeping import Keeping, text_of
from stellwerk.gateway.recollection import Caching, Flight, Recollection
from stellwerk.gateway.replaying import Replay, can_replay, replay
from stellwerk.gateway.stages.recall import LONGEST_BYTES, Look, look, owners, why_not, why_not_of
from stellwerk.http.deadlines import NEVER

if TYPE_CHECKING:
    from stellwerk.core.acceptance import Acceptance
    from stellwerk.core.event import RequestEvent
    from stellwerk.core.meaning import Considered
    from stellwerk.gateway.configuration import Route
    from stellwerk.gateway.exchange import Exchange
    from stellwerk.gateway.reply import Reply
    from stellwerk.ports.cache import Fetching
    from stellwerk.ports.compute import Pending

Heard: TypeAlias = Callable[["Route", Recorded], None]
AskAgain: TypeAlias = Callable[["Exchange", "Reply", Heard], None]

FETCH_S = 0.005
"""How long an answer is looked for outside of this process."""
RETRY_S = 60.0
"""An old answer is not asked for anew more often, whatever became of that."""
NO_STORE, NO_CACHE = b"no-store", b"no-cache"


class Recalling:
    """Owner of the caller's request while its answer is looked for, and a follower of somebody else's call."""

    __slots__ = (
        "_caching",
        "_considered",
        "_exchange",
        "_fetching",
        "_flight",
        "_go",
        "_heard",
        "_is_done",
        "_is_gone",
        "_is_leading",
        "_look",
        "_raw",
        "_replay",
        "_reply",
        "_shared",
        "_thinking",
        "_winner",
        "ask_again",
        "deadline",
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
        self._raw = b""
        """A digest of the request's very bytes."""
        self._look: Look | None = None
        self._fetching: Fetching | None = None
        self._thinking: Pending | None = None
        self._considered: Considered | None = None
        """What was thought of answers to other questions."""
        self._flight: Flight | None = None
        self._is_leading = self._is_gone = False
        self._heard: dict[str, bytearray | None] = {}
        """What targets have answered, by identity; ``None`` for more than is kept."""
        self._winner = ""
        self._replay: Replay | None = None
        self.deadline = NEVER
        """Until when it waits for an answer that somebody else has asked for."""

    # -- before anybody is asked

    def looks_first(self, exchange: Exchange, acceptance: Acceptance | None) -> bool:
        """Whether the exchange has to wait, or is over: where it has to go on, it is started again."""
        if self._is_done:
            return False
        self._is_done = True
        self._exchange = exchange
        self._go = partial(exchange.start, acceptance)
        if self.directive == NO_STORE:
            return self._pass_by("no-store")
        if exchange.is_in_custody:
            return self._pass_by("references")
        return self._recall_at_once() or self._search()

    def _recall_at_once(self) -> bool:
        """Serves a request that has come before, byte for byte, as long as its answer is at hand."""
        lease, shared = self._reply.lease, self._shared
        envelope = lease.envelope
        who = owners(lease.principal, self._caching.spec.scope)[0]
        self._raw = digest(self._caching.base, who, b"raw", envelope.dialect.encode(), envelope.body)
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
        self._note(Tier.MISS)
        if self.directive == NO_CACHE:
            self._lead(None)
            return False
        cache = self._shared.cache
        for key, tier in found.places:
            entry = cache.peek(key, lease.started_ms)
            if entry is not None and self._serve(entry, tier):
                return True
        if self._follow():
            return True
        if not cache.is_shared:
            return self._think()
        self._reply.request.owner = self
        keys = tuple(key for key, _ in found.places)
        self._fetching = cache.fetch(keys, lease.started_ms, FETCH_S, self._on_fetched)
        return True

    def _question(self) -> Asked | str:
        """What the answer depends on; or why there is no looking for it, in a word."""
        envelope, spec = self._reply.lease.envelope, self._caching.spec
        if len(envelope.body) > LONGEST_BYTES:
            return "long"
        decode = getattr(self._reply.dialect, "decode", None)
        if decode is None:
            members: Any = None
            try:
                members = msgspec.json.decode(envelope.body)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                return "unread"
            return why_not_of(members, spec) or asked_of(envelope.body, spec.ignore)
        try:
            request = decode(envelope)
        except InvalidRequest:
            return "unread"  # whoever is asked will say what is wrong with it
        return why_not(request, envelope, spec) or asked(request, spec.ignore)

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
        if tier is None or not self._serve(entry, tier):
            return False
        self._land(entry)
        return True

    def _land(self, entry: Entry) -> None:
        """Those who wait for the same answer have it, too."""
        flight = self._end_flight()
        route = self._exchange.model.routes.get(entry.target)
        if flight is not None and route is not None:
            flight.land(route, Recorded(entry.dialect, entry.is_stream, entry.answer))

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
            oldest_ms = reply.lease.started_ms - int(self._caching.spec.semantic_ttl_s * 1e3)
            if entry is None or entry.stored_ms < oldest_ms or not self._serve(entry, Tier.SEMANTIC):
                self._go()
                return
            self._land(entry)
            if considered is not None and considered.is_audited and self.ask_again is not None:
                self.ask_again(self._exchange, reply, partial(self._audit, entry, considered))
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

    def _serve(self, entry: Entry, tier: Tier) -> bool:
        """Hands on what is kept; whether that can be done."""
        reply, exchange = self._reply, self._exchange
        route = exchange.model.routes.get(entry.target)
        recorded = Recorded(entry.dialect, entry.is_stream, entry.answer)
        now_ms = reply.lease.started_ms
        if route is None or now_ms >= entry.stale_ms or not can_replay(reply, recorded):
            return False
        if tier is not Tier.SEMANTIC:
            self._shared.shortcuts.note(self._raw, entry.key)
            if self._caching.spec.semantic and self._look is not None:
                self._shared.meanings.hit(self._caching, self._look)
        self._note(tier, max(0, now_ms - entry.stored_ms))
        reply.is_cached, reply.on_settled, self._is_leading = True, None, False
        reply.save(of_tier(tier.value), entry.nanos or 0)
        self._hand_on(route, recorded)
        if now_ms >= entry.fresh_ms:
            self._refresh(entry.key)
        return True

    def _refresh(self, key: bytes) -> None:
        """Has an answer that has become old fetched anew, once."""
        refreshing = self._shared.refreshing
        if self.ask_again is None or key in refreshing:
            return
        refreshing.add(key)
        self._exchange.scheduler.call_later(RETRY_S, partial(refreshing.discard, key))
        self.ask_again(self._exchange, self._reply, lambda _route, _recorded: refreshing.discard(key))

    def _hand_on(self, route: Route, recorded: Recorded) -> None:
        exchange, reply = self._exchange, self._reply
        reply.turn_to(route)
        try:
            attempt = replay(exchange, reply, route, recorded, self._caching.limits)
            exchange.replay(attempt)
            attempt.hand_on(recorded)
        except StellwerkError as error:
            exchange.fail(error)
        except Exception as error:  # noqa: BLE001  # nobody above a callback would answer the caller
            exchange.fail_by_defect(error)

    # -- an answer that is on its way

    @property
    def listens(self) -> bool:
        """Whether it takes a stream as it comes."""
        return self._reply.lease.envelope.is_stream

    def _follow(self) -> bool:
        """Waits for an answer that somebody has asked for; if nobody has, this one does."""
        flights, key = self._shared.flights, self._key
        flight = flights.get(key)
        if flight is None:
            flights[key] = flight = Flight(self._caching.store.max_entry_bytes)
            self._lead(flight)
            return False
        self._flight = flight
        self._reply.request.owner = self
        self._reply.is_cached = True
        self.deadline = self._exchange.expires
        self._exchange.scheduler.deadlines.watch(self)
        self._note(Tier.EXACT, 0)
        if flight.follow(self):
            return True
        self._stop_waiting()
        self._lead(None)
        return False

    def _lead(self, flight: Flight | None) -> None:
        self._flight = flight
        self._is_leading = True
        self._reply.is_cached = False
        self._reply.on_settled = self._on_settled
        self._note(Tier.MISS)

    @property
    def _key(self) -> bytes:
        return self._look.exact[0] if self._look is not None else self._raw

    def join(self, route: Route, recorded: Recorded) -> None:
        """The answer has begun, as a stream."""
        self._stop_timer()
        exchange, reply = self._exchange, self._reply
        reply.turn_to(route)
        try:
            self._replay = attempt = replay(exchange, reply, route, recorded, self._caching.limits)
            exchange.replay(attempt)
            attempt.begin_stream()
            attempt.feed(recorded.answer)
        except StellwerkError as error:
            exchange.fail(error)
        except Exception as error:  # noqa: BLE001  # its leader goes on
            exchange.fail_by_defect(error)

    def hear(self, data: bytes) -> None:
        """More of it."""
        if self._replay is not None:
            try:
                self._replay.feed(data)
            except Exception as error:  # noqa: BLE001  # its leader goes on
                self._exchange.fail_by_defect(error)

    def take(self, route: Route, recorded: Recorded) -> None:
        """It is whole."""
        self._stop_timer()
        if can_replay(self._reply, recorded):
            self._hand_on(route, recorded)
        else:
            self.lead()

    def lose(self, error: UpstreamError) -> None:
        """It has begun, and will not be whole."""
        if self._replay is not None:
            self._replay.break_off(error)

    def lead(self) -> None:
        """Nobody asks for it any more: now this one does."""
        self._stop_timer()
        if self._is_gone:
            if (flight := self._shared.flights.get(self._key)) is not None:
                self._hand_over(flight)
            return
        self._lead(self._shared.flights.setdefault(self._key, Flight(self._caching.store.max_entry_bytes)))
        self._go()

    def on_deadline(self, now: float) -> None:
        """It has waited long enough."""
        del now
        self._stop_waiting()
        self._exchange.fail(UpstreamTimeout("The answer to an equal request did not come in time."))

    def _stop_waiting(self) -> None:
        self._stop_timer()
        if self._flight is not None and not self._is_leading:
            self._flight.leave(self)
            self._flight = None

    # -- what the caller says meanwhile

    def on_gone(self) -> None:
        """The caller has left: nobody is interested any more."""
        self._is_gone = True
        if self._fetching is not None:
            self._fetching.cancel()
            self._fetching = None
        if self._thinking is not None:
            self._thinking.cancel()
            self._thinking = None
        if self._is_leading:
            self._is_leading, self._reply.on_settled = False, None
            if self._flight is not None:
                self._hand_over(self._flight)
        self._stop_waiting()
        self._reply.leave()
        self._exchange.finish()

    def on_pause(self) -> None:
        """Nothing is written yet."""

    def on_resume(self) -> None:
        """Nothing is written yet."""

    # -- an answer that was asked for

    def asks(self) -> None:
        """A target is asked: what was to be handed on instead could not be."""
        if self._reply.is_cached:
            self._reply.is_cached = False
            self._note(Tier.MISS)

    @property
    def is_followed(self) -> bool:
        """Whether others wait for this request's answer."""
        return self._is_leading and self._flight is not None and self._flight.is_followed

    def tap(self, route: Route) -> Callable[[bytes], None] | None:
        """What hears the stream of a target; ``None`` where nobody is interested."""
        if not self._is_leading:
            return None
        self._heard[route.target.identity] = bytearray()
        return partial(self._on_piece, route.target.identity)

    def heard(self, route: Route, body: bytes) -> None:
        """A whole answer of a target."""
        if self._is_leading:
            self._heard[route.target.identity] = bytearray(body)

    def won(self, route: Route) -> None:
        """This target's stream goes to the caller."""
        self._winner = route.target.identity
        begun = self._heard.get(self._winner)
        if self._is_leading and self._flight is not None and begun is not None:
            self._flight.begin(route, self._dialect_of(route), bytes(begun))

    def forget(self) -> None:
        """What has come is for this caller alone."""
        self._heard = {}

    def _on_piece(self, identity: str, data: bytes) -> None:
        heard = self._heard.get(identity)
        if heard is not None:
            heard += data
            if len(heard) > self._caching.store.max_entry_bytes:
                self._heard[identity] = None
        if identity == self._winner and self._flight is not None:
            self._flight.hear(data)

    def _on_settled(self, event: RequestEvent) -> None:
        """The request is over: what came of it is kept, and told to those who wait for it."""
        reply = self._reply
        route, recorded = reply.route, None
        if event.outcome == "complete" and not event.is_estimated and route is not None:
            answer = self._heard.get(route.target.identity)
            if answer is not None:
                recorded = Recorded(self._dialect_of(route), reply.lease.envelope.is_stream, bytes(answer))
        self._heard = {}
        if self.on_answer is not None and recorded is not None and route is not None:
            self.on_answer(route, recorded)
        flight = self._flight
        if recorded is None or route is None or self._look is None:
            if flight is not None:
                self._hand_over(flight)
            return
        if flight is not None:
            flight.land(route, recorded)
        self._shared.shortcuts.note(self._raw, self._look.exact[-1])
        keeping = Keeping(
            self._caching, self._shared, self._exchange, reply, self._look, recorded, event, self._considered
        )
        keeping.start(self._end_flight)

    # -- helpers

    def _end_flight(self) -> Flight | None:
        """From here on the cache has the answer, or nobody has."""
        flight, self._flight = self._flight, None
        if flight is not None and self._shared.flights.get(self._key) is flight:
            del self._shared.flights[self._key]
        return flight

    def _hand_over(self, flight: Flight) -> None:
        """Somebody else has to ask now, if anybody is left. In a turn of its own: so may come many, one by one."""
        self._flight = None
        follower = flight.fail()
        if follower is None:
            if self._shared.flights.get(self._key) is flight:
                del self._shared.flights[self._key]
        else:
            self._exchange.scheduler.call_later(0.0, follower.lead)

    def _dialect_of(self, route: Route) -> str:
        """The dialect that a target answers this request in."""
        dialect = self._reply.lease.envelope.dialect
        return dialect if route.provider.speaks(dialect) else route.provider.dialect

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

    def _stop_timer(self) -> None:
        if self.deadline < NEVER:
            self.deadline = NEVER
            self._exchange.scheduler.deadlines.forget(self)


def _nothing() -> None:
    """Before anything has begun."""
