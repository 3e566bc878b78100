"""The order of the stages, written once: who calls, what is asked, where it goes, and the exchange that answers."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from stellwerk.core.envelope import Envelope
from stellwerk.core.identity import Principal
from stellwerk.core.route import Ask, Plan, Target
from stellwerk.core.warm_route import keep_warm
from stellwerk.errors import AuthenticationFailed, StellwerkError
from stellwerk.gateway.configuration import Configuration, Model
from stellwerk.gateway.conversations import Conversations, conversation_of
from stellwerk.gateway.dialect import Dialect, Ids
from stellwerk.gateway.exchange import Exchange
from stellwerk.gateway.reply import Reply
from stellwerk.gateway.scheduler import Scheduler
from stellwerk.gateway.stages.account import Account
from stellwerk.gateway.stages.authenticate import authenticate
from stellwerk.gateway.stages.route import concerns, find, last_text, likely_tokens, route, route_able
from stellwerk.gateway.terms import Terms, terms_of
from stellwerk.gateway.vault import Vault
from stellwerk.http.request import Request

if TYPE_CHECKING:
    from stellwerk.core.acceptance import Acceptance
    from stellwerk.gateway.aside import Aside
    from stellwerk.gateway.custody import Custody
    from stellwerk.gateway.meters import Meters
    from stellwerk.gateway.prompt_caching import PromptCaching
    from stellwerk.gateway.recalling import Heard, Recalling
    from stellwerk.gateway.recollection import Caching, Recollection
    from stellwerk.gateway.stages.optimize import Optimization
    from stellwerk.screening.guards import Guards

    Admit = Callable[[Meters, Configuration, Exchange, Reply, Acceptance | None, Custody | None], None]

NOBODY = Principal("", "", frozenset())
MAX_MODEL_CHARACTERS = 256
MOST_ASIDES = 32
"""So many answers are asked for anew at once."""
_NONE, _KEPT = Ids.NONE, Ids.KEPT


class Pipeline:
    """Runs requests under the configuration of the moment in which each of them starts."""

    __slots__ = (
        "_account",
        "_admit",
        "_aside",
        "_clock",
        "_conversations",
        "_prompt_caching",
        "_vault",
        "catch_up",
        "configuration",
        "counting",
        "meters",
        "recollection",
        "scheduler",
    )

    def __init__(self, configuration: Configuration, account: Account, scheduler: Scheduler, vault: Vault) -> None:
        self.configuration = configuration
        """The current configuration: replaced by one assignment, taken once per request."""
        self.meters: Meters | None = None
        """What limits and budgets are counted with, from the first request on that has any."""
        self.counting: Callable[[], Meters] = _nothing_to_count_with
        """Makes them."""
        self.catch_up: Callable[[], None] = _nothing_new
        """Takes what is new in the directory of keys, if anything is."""
        self.recollection: Recollection | None = None
        """What is remembered of answers, where they are kept."""
        self._account = account
        self._aside: Aside | None = None
        """Requests of our own, for fresh answers."""
        self.scheduler = scheduler
        self._vault = vault
        self._clock = scheduler.deadlines.clock
        self._conversations = Conversations()
        self._prompt_caching: PromptCaching | None = None

    def caller(self, request: Request, dialect: str) -> Principal:
        """Who calls. Raises what ``authenticate`` raises.

        A key may be a moment old, and another worker may have been told of it first: before it is called unknown, the
        directory is looked at once more, which costs two ``stat``.
        """
        configuration = self.configuration
        try:
            return authenticate(request.headers, configuration.directory, request.peer, dialect)
        except AuthenticationFailed:
            self.catch_up()
            if self.configuration is configuration:
                raise
        return authenticate(request.headers, self.configuration.directory, request.peer, dialect)

    def run(self, request: Request, dialect: Dialect, request_id: str, started_ms: int) -> None:
        """Answers ``request`` now or later. ``started_ms`` is Unix time in milliseconds."""
        configuration = self.configuration
        known = request.known
        terms = known.notes if known is not None else None
        principal, envelope = NOBODY, None
        try:
            if type(terms) is Terms and terms.configuration is configuration:
                principal = terms.principal
            else:
                principal = self.caller(request, dialect.name)
                configuration = self.configuration
                terms = terms_of(principal, request.headers, configuration)
                principal = terms.principal
                if known is not None and not principal.is_fleeting:
                    known.notes = terms
            envelope = dialect.read(request)
            custody, why, acceptance = None, "", None
            ids = dialect.ids
            if ids is not _NONE and (ids is _KEPT or _may_name(request.body)):
                if ids is _KEPT and self._reads_batch_file(request, dialect, request_id, started_ms, terms, envelope):
                    return
                envelope, model, targets, custody = self._place(dialect, principal, envelope, request, terms.session)
            else:
                model = find(principal, envelope, configuration)
                plan = model.fixed
                if plan is None or (model.is_choosy and concerns(model, envelope)):
                    plan = self._order(model, dialect, principal, envelope, terms.session)
                targets, why, acceptance = plan.targets, plan.reason, plan.acceptance
        except StellwerkError as error:
            self._refused(request, dialect, request_id, started_ms, principal, envelope).fail(error)
            return
        lease = self._account.open(request_id, started_ms, principal, envelope, terms.tags)
        reply = Reply(request, dialect, lease, self._clock, why)
        if model.strategy.minds_conversations or model.warmth is not None:
            reply.conversation = conversation_of(principal, terms.session, envelope)
            reply.conversations = self._conversations
        reply.reference = model.reference
        if model.marks_prompts:
            reply.marking = (self._prompt_caching or self._begin_to_mark()).begin(
                principal, is_session=bool(terms.session)
            )
        timeout_s, allowed_s = model.timeout_s, terms.timeout_s
        exchange = Exchange(
            reply,
            model,
            targets,
            self.scheduler,
            self._clock,
            request.received + (min(allowed_s, timeout_s)),
            allowed_s < timeout_s,
            terms.trace,
            custody,
        )
        self._start(configuration, exchange, reply, acceptance, custody, terms.cache)
        mirror = model.mirror
        if mirror is not None and custody is None and not reply.is_cached and mirror.takes(random.random()):  # noqa: S311  # no secret
            copy, clock = mirror.reply_to(reply, self._clock), self._clock
            shadow = mirror.model
            aside = Exchange(copy, shadow, shadow.targets, self.scheduler, clock, clock() + shadow.timeout_s)
            self._start(configuration, aside, copy, None, None)

    def _start(
        self,
        configuration: Configuration,
        exchange: Exchange,
        reply: Reply,
        acceptance: Acceptance | None,
        custody: Custody | None,
        directive: bytes = b"",
        heard: Heard | None = None,
    ) -> None:
        """Starts an exchange when its limits, budgets and guardrails allow it."""
        guards, caching = exchange.model.guards, exchange.model.caching
        if guards is not None:
            _screen(exchange, reply, guards, configuration, self._vault, custody)
        if caching is not None and self.recollection is not None:
            recalling = _recalling(caching, self.recollection, reply, directive)
            recalling.ask_again, recalling.on_answer = self._ask_again, heard
            exchange.recalling = recalling
        if exchange.model.optimization is not None:
            _optimize(exchange, reply, exchange.model.optimization, custody)
        if reply.lease.principal.scopes or configuration.is_metered:
            self._admitted(configuration, exchange, reply, acceptance, custody)
        else:
            exchange.start(acceptance)

    def _ask_again(self, original: Exchange, reply: Reply, acceptance: Acceptance | None, heard: Heard | None) -> bool:
        """Asks for a fresh answer to a request that was answered from the cache; not where enough of that is under way.

        Its caller pays for it, within its limits and budgets. ``heard`` is told of the answer.
        """
        if self._aside is None:
            from stellwerk.gateway.aside import Aside  # loaded when the first answer is asked for anew

            self._aside = Aside("refresh", MOST_ASIDES, self._account.record)
        if not self._aside.has_room:
            return False
        clock, model = self._clock, original.model
        copy = self._aside.reply_to(reply, reply.lease.principal, clock, f"a fresh answer to {reply.lease.request_id}")
        exchange = Exchange(copy, model, original.targets, self.scheduler, clock, clock() + model.timeout_s)
        self._start(self.configuration, exchange, copy, acceptance, None, b"no-cache", heard)
        return True

    def _admitted(
        self,
        configuration: Configuration,
        exchange: Exchange,
        reply: Reply,
        acceptance: Acceptance | None,
        custody: Custody | None,
    ) -> None:
        meters = self.meters or self._begin_to_count()
        self._admit(meters, configuration, exchange, reply, acceptance, custody)

    def _begin_to_mark(self) -> PromptCaching:
        """Loaded when the first prompt may be marked."""
        from pathlib import Path

        from stellwerk.gateway.prompt_caching import PromptCaching
        from stellwerk.gateway.prompt_memory import prompt_memory

        vault, clock = self._vault, self._clock
        memory = prompt_memory(Path(self.configuration.snapshot.state.directory), clock)
        self._prompt_caching = caching = PromptCaching(lambda: vault.prompt_key, clock, memory)
        return caching

    def _begin_to_count(self) -> Meters:
        """Loaded when the first request with limits or budgets comes."""
        from stellwerk.gateway.admitting import admit

        self._admit: Admit = admit
        self.meters = self.counting()
        return self.meters

    def _place(
        self, dialect: Dialect, principal: Principal, envelope: Envelope, request: Request, session: bytes
    ) -> tuple[Envelope, Model, tuple[Target, ...], Custody | None]:
        """Where a request goes that may name what providers keep. Loaded when the first of them comes."""
        from stellwerk.gateway.custody import Custody
        from stellwerk.gateway.stages.place import owner_of, place

        def order(model: Model, envelope: Envelope) -> Plan:
            return self._order(model, dialect, principal, envelope, session)

        envelope, model, targets = place(principal, envelope, request.headers, self.configuration, self._vault, order)
        if dialect.ids is not _KEPT:
            return envelope, model, targets, None
        return envelope, model, targets, Custody(self._vault, owner_of(principal), envelope)

    def _reads_batch_file(
        self, request: Request, dialect: Dialect, request_id: str, started_ms: int, terms: Terms, envelope: Envelope
    ) -> bool:
        """Whether the upload of a batch's file is read first; what is said of it then comes later."""
        from stellwerk.dialects.openai_passage.batch import BatchFile
        from stellwerk.dialects.openai_passage.envelope import Passage
        from stellwerk.gateway.custody import Custody
        from stellwerk.gateway.reading import Reading
        from stellwerk.gateway.stages.place import Keys, owner_of, place_batch_file

        if not isinstance(envelope, Passage) or envelope.file is None:
            return False
        principal, owner = terms.principal, owner_of(terms.principal)
        keys = Keys(self._vault.sealer, owner)
        file = BatchFile(envelope.body, envelope.file, keys.open)
        reply = Reply(
            request, dialect, self._account.open(request_id, started_ms, principal, envelope, terms.tags), self._clock
        )

        def go() -> None:
            placed, model, targets = place_batch_file(
                principal, envelope, request.headers, terms.configuration, keys, file
            )
            expires, is_hurried = (
                request.received + min(model.timeout_s, terms.timeout_s),
                terms.timeout_s < model.timeout_s,
            )
            custody = Custody(self._vault, owner, placed)
            reply.lease.envelope = placed
            exchange = Exchange(
                reply, model, targets, self.scheduler, self._clock, expires, is_hurried, terms.trace, custody
            )
            self._start(terms.configuration, exchange, reply, None, custody)

        Reading(reply, file, go).start()
        return True

    def _order(self, model: Model, dialect: Dialect, principal: Principal, envelope: Envelope, session: bytes) -> Plan:
        """The order of a model's targets for one request."""
        kept = None
        if model.strategy.minds_conversations or model.warmth is not None:
            kept = self._conversations.find(conversation_of(principal, session, envelope))
        tokens = partial(likely_tokens, model, envelope)
        draw, at_ms = random.random(), int(time.time() * 1000)  # noqa: S311  # no secret
        ask = Ask(envelope, draw, self._clock(), tokens, kept, at_ms, partial(last_text, dialect, envelope))
        is_able = not model.is_choosy or not concerns(model, envelope)
        plan = route(model, ask) if is_able else route_able(model, dialect, ask)
        return plan if model.warmth is None else keep_warm(plan, model.targets, ask, model.warmth)

    def refuse(
        self, request: Request, dialect: Dialect, request_id: str, started_ms: int, error: StellwerkError
    ) -> None:
        """Puts a request on record that ended before it was whole."""
        request.received = request.received or self._clock()
        self._refused(request, dialect, request_id, started_ms, NOBODY, None).note(error)

    def _refused(
        self,
        request: Request,
        dialect: Dialect,
        request_id: str,
        started_ms: int,
        principal: Principal,
        envelope: Envelope | None,
    ) -> Reply:
        """A reply that can only fail. What the caller named is cut: it goes on record without having been looked up."""
        model = envelope.model[:MAX_MODEL_CHARACTERS] if envelope is not None else ""
        is_stream = envelope is not None and envelope.is_stream
        known = Envelope(dialect.name, model, is_stream, request.body)
        lease = self._account.open(request_id, started_ms, principal, known, "")
        return Reply(request, dialect, lease, self._clock)


def _screen(
    exchange: Exchange,
    reply: Reply,
    guards: Guards,
    configuration: Configuration,
    vault: Vault,
    custody: Custody | None,
) -> None:
    """Has a request and its answer looked at. Loaded when the first guardrail is due."""
    from stellwerk.gateway.screening import Screening
    from stellwerk.gateway.watcher import Watcher

    watcher = Watcher(guards, reply, configuration.snapshot.server.limits, vault)
    exchange.screening = Screening(guards, configuration.services, reply, watcher, custody)
    reply.report, reply.told = watcher.report, watcher.fields
    if watcher.is_needed or guards.pseudonymizes:
        reply.words = watcher.words


def _recalling(caching: Caching, shared: Recollection, reply: Reply, directive: bytes) -> Recalling:
    """Looks for the answer. Loaded with the first model whose answers are kept."""
    from stellwerk.gateway.recalling import Recalling

    return Recalling(caching, shared, reply, directive)


def _optimize(exchange: Exchange, reply: Reply, optimization: Optimization, custody: Custody | None) -> None:
    """Has a request written in fewer tokens. Loaded when the first model wants that."""
    from stellwerk.gateway.optimizing import Optimizing

    exchange.optimizing = Optimizing(optimization, reply, custody)


def _may_name(body: bytes) -> bool:
    """Whether a JSON object may hold a sealed id. One character is found ten times faster than three."""
    at = body.find(b"_")
    return at >= 2 and body.find(b"sw_", at - 2) >= 0


def _nothing_new() -> None:
    """Of a gateway whose callers are those of its file."""


def _nothing_to_count_with() -> Meters:
    raise StellwerkError("Nothing was said of how limits and budgets are counted.")
