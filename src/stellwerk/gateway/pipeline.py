"""The order of the stages, written once: who calls, what is asked, where it goes, and the exchange that answers."""

from __future__ import annotations

import hashlib
import random
import re
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from stellwerk.core.envelope import Envelope
from stellwerk.core.identity import Principal
from stellwerk.core.route import Ask, Plan, Target
from stellwerk.errors import InvalidRequest, StellwerkError
from stellwerk.gateway.configuration import Configuration, Model
from stellwerk.gateway.conversations import Conversations, conversation_of
from stellwerk.gateway.dialect import Dialect, Ids
from stellwerk.gateway.exchange import Exchange
from stellwerk.gateway.reply import Reply
from stellwerk.gateway.scheduler import Scheduler
from stellwerk.gateway.stages.account import Account
from stellwerk.gateway.stages.authenticate import authenticate
from stellwerk.gateway.stages.route import concerns, find, last_text, likely_tokens, route, route_able
from stellwerk.gateway.vault import Vault
from stellwerk.http.deadlines import NEVER
from stellwerk.http.fields import Headers, render
from stellwerk.http.request import Request

if TYPE_CHECKING:
    from stellwerk.core.acceptance import Acceptance
    from stellwerk.gateway.custody import Custody
    from stellwerk.gateway.meters import Meters
    from stellwerk.screening.guards import Guards

    Admit = Callable[[Meters, Configuration, Exchange, Reply, Acceptance | None, Custody | None], None]

NOBODY = Principal("", "", frozenset())
MAX_TAGS_BYTES = 1024
MAX_MODEL_CHARACTERS = 256
MAX_SESSION_BYTES = 256
MAX_USER_BYTES = 128
MAX_IDEMPOTENCY_KEY_BYTES = 255
_TRACE_PARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_WORD = rb"[\x20-\x2b\x2d-\x3c\x3e-\x7e]"
"""Printable ASCII without the comma and the equals sign."""
_TAGS = re.compile(rb"%b+=%b*(?:,%b+=%b*)*" % ((_WORD,) * 4))
_USER = re.compile(rb"(?!\*$)%b+" % _WORD)
_SECONDS = re.compile(rb"[0-9]{1,9}(?:\.[0-9]{0,9})?|\.[0-9]{1,9}")


_NONE, _KEPT = Ids.NONE, Ids.KEPT


class Terms(msgspec.Struct, frozen=True):
    """What the head of a request comes to under one configuration: who calls, and on which terms."""

    configuration: Configuration
    principal: Principal
    timeout_s: float
    """What ``x-stellwerk-timeout`` allows; ``NEVER`` without it."""
    tags: str
    trace: bytes
    """Rendered header lines that go along to providers."""
    session: bytes
    """What ``x-stellwerk-session`` names; empty without it."""


class Pipeline:
    """Runs requests under the configuration of the moment in which each of them starts."""

    __slots__ = (
        "_account",
        "_admit",
        "_clock",
        "_conversations",
        "_vault",
        "configuration",
        "counting",
        "meters",
        "scheduler",
    )

    def __init__(self, configuration: Configuration, account: Account, scheduler: Scheduler, vault: Vault) -> None:
        self.configuration = configuration
        """The current configuration: replaced by one assignment, taken once per request."""
        self.meters: Meters | None = None
        """What limits and budgets are counted with, from the first request on that has any."""
        self.counting: Callable[[], Meters] = _nothing_to_count_with
        """Makes them."""
        self._account = account
        self.scheduler = scheduler
        self._vault = vault
        self._clock = scheduler.deadlines.clock
        self._conversations = Conversations()

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
                principal = authenticate(request.headers, configuration.directory, request.peer, dialect.name)
                terms = _terms(principal, request.headers, configuration)
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
        if model.strategy.minds_conversations:
            reply.conversation = conversation_of(principal, terms.session, envelope)
            reply.conversations = self._conversations
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
        self._start(configuration, exchange, reply, acceptance, custody)
        mirror = model.mirror
        if mirror is not None and custody is None and mirror.takes(random.random()):  # noqa: S311  # no secret
            copy, clock = mirror.reply_to(reply, dialect, self._clock), self._clock
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
    ) -> None:
        """Starts an exchange when its limits, budgets and guardrails allow it."""
        guards = exchange.model.guards
        if guards is not None:
            _screen(exchange, reply, guards, configuration, self._vault, custody)
        if reply.lease.principal.scopes or configuration.is_metered:
            self._admitted(configuration, exchange, reply, acceptance, custody)
        else:
            exchange.start(acceptance)

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
            exchange = Exchange(
                reply, model, targets, self.scheduler, self._clock, expires, is_hurried, terms.trace, custody
            )
            self._start(terms.configuration, exchange, reply, None, custody)

        Reading(reply, file, go).start()
        return True

    def _order(self, model: Model, dialect: Dialect, principal: Principal, envelope: Envelope, session: bytes) -> Plan:
        """The order of a model's targets for one request."""
        kept = None
        if model.strategy.minds_conversations:
            kept = self._conversations.find(conversation_of(principal, session, envelope))
        tokens = partial(likely_tokens, model, envelope)
        draw, at_ms = random.random(), int(time.time() * 1000)  # noqa: S311  # no secret
        ask = Ask(envelope, draw, self._clock(), tokens, kept, at_ms, partial(last_text, dialect, envelope))
        is_able = not model.is_choosy or not concerns(model, envelope)
        return route(model, ask) if is_able else route_able(model, dialect, ask)

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


def _may_name(body: bytes) -> bool:
    """Whether a JSON object may hold a sealed id. One character is found ten times faster than three."""
    at = body.find(b"_")
    return at >= 2 and body.find(b"sw_", at - 2) >= 0


def _terms(principal: Principal, headers: Headers, configuration: Configuration) -> Terms:
    """Everything that the head alone decides. Raises ``InvalidRequest`` and ``PermissionDenied``."""
    if b"x-stellwerk-user" in headers:
        principal = configuration.directory.on_behalf(principal, _user(headers[b"x-stellwerk-user"]))
    trace = _trace(headers) if b"traceparent" in headers else b""
    if b"idempotency-key" in headers:
        trace += _idempotency(headers[b"idempotency-key"], principal)
    session = headers.get(b"x-stellwerk-session", b"")
    if len(session) > MAX_SESSION_BYTES:
        message = f"Invalid value for the header 'x-stellwerk-session': expected at most {MAX_SESSION_BYTES} bytes."
        raise InvalidRequest(message, param="x-stellwerk-session")
    return Terms(configuration, principal, _timeout_s(headers), _tags(headers, principal), trace, session)


def _timeout_s(headers: Headers) -> float:
    """What the caller allows for an answer."""
    wanted = headers.get(b"x-stellwerk-timeout")
    if wanted is None:
        return NEVER
    seconds = float(wanted) if _SECONDS.fullmatch(wanted) is not None else 0.0
    if seconds <= 0:
        message = "Invalid value for the header 'x-stellwerk-timeout': expected a positive number of seconds."
        raise InvalidRequest(message, param="x-stellwerk-timeout")
    return seconds


def _user(value: bytes) -> str:
    """Whom the caller sends a request for."""
    if len(value) > MAX_USER_BYTES or _USER.fullmatch(value) is None:
        message = (
            "Invalid value for the header 'x-stellwerk-user': expected printable ASCII characters without comma and "
            f"equals sign, at most {MAX_USER_BYTES} of them."
        )
        raise InvalidRequest(message, param="x-stellwerk-user")
    return value.decode("ascii")


def _tags(headers: Headers, principal: Principal) -> str:
    """Labels of a request, ``k=v,k=v``: its key's, and the caller's own beside them."""
    fixed = ",".join(f"{name}={value}" for name, value in principal.tags)
    tags = headers.get(b"x-stellwerk-tags")
    if tags is None or not tags.strip():
        return fixed
    if len(tags) > MAX_TAGS_BYTES or _TAGS.fullmatch(tags) is None:
        message = (
            f"Invalid value for the header 'x-stellwerk-tags': expected k=v,k=v in at most {MAX_TAGS_BYTES} bytes."
        )
        raise InvalidRequest(message, param="x-stellwerk-tags")
    own = tags.decode("ascii")
    if not fixed:
        return own
    names = {name for name, _ in principal.tags}
    return ",".join([fixed, *(tag for tag in own.split(",") if tag.partition("=")[0] not in names)])


def _trace(headers: Headers) -> bytes:
    """The caller's trace context, handed on as it came (W3C Trace Context); one that is malformed is dropped."""
    parent = headers[b"traceparent"]
    if _TRACE_PARENT.fullmatch(parent) is None:
        return b""
    pairs = [(b"traceparent", parent)]
    if b"tracestate" in headers:
        pairs.append((b"tracestate", headers[b"tracestate"]))
    try:
        return render(pairs)
    except ValueError:
        return b""


def _idempotency(key: bytes, principal: Principal) -> bytes:
    """The caller's idempotency key for providers that heed one, which then do the same work once.

    It is hashed with its owner's name: behind one credential, nobody gets an answer by another caller's key.
    """
    if not 0 < len(key) <= MAX_IDEMPOTENCY_KEY_BYTES:
        message = f"Invalid value for the header 'idempotency-key': expected 1 to {MAX_IDEMPOTENCY_KEY_BYTES} bytes."
        raise InvalidRequest(message, param="idempotency-key")
    owner = hashlib.blake2b(principal.key_name.encode()).digest()
    return b"idempotency-key: %b\r\n" % hashlib.blake2b(key, key=owner, digest_size=16).hexdigest().encode()


def _nothing_to_count_with() -> Meters:
    raise StellwerkError("Nothing was said of how limits and budgets are counted.")
