"""One target asked once: the call, its answer, and what the target's standing learns of it."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from stellwerk.core.wire import WireRequest
from stellwerk.dialects.rate_headers import rest_s
from stellwerk.errors import (
    ContentBlocked,
    GuardrailUnavailable,
    InvalidRequest,
    StellwerkError,
    UpstreamCredentials,
    UpstreamError,
    UpstreamInvalid,
)
from stellwerk.gateway.masking import mask_body
from stellwerk.gateway.media import Fetching, Found
from stellwerk.gateway.oddity import is_encoded, oddity
from stellwerk.gateway.refusal import error_of
from stellwerk.gateway.reply import JSON
from stellwerk.gateway.stream import StreamReply
from stellwerk.gateway.unheard import UNHEARD
from stellwerk.http.call import Call, frame
from stellwerk.http.deadlines import NEVER
from stellwerk.http.fields import Headers, media_type

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stellwerk.core.media import Link
    from stellwerk.core.reply import ReplyFacts
    from stellwerk.core.usage import Usage
    from stellwerk.gateway.configuration import Route
    from stellwerk.gateway.custody import Custody, Handed
    from stellwerk.gateway.dialect import Interpretation
    from stellwerk.gateway.errand import Errand, Work
    from stellwerk.gateway.exchange import Exchange
    from stellwerk.gateway.gate import Gate
    from stellwerk.gateway.inspecting import Inspecting
    from stellwerk.gateway.reply import Reply

REFUSED = 400
FINISH_S = 5.0
"""How long a provider may take to end a stream after its closing event."""


class Attempt(msgspec.Struct, eq=False):
    """Sink of one call's answer. It ends once: as the caller's answer, as a failure, or left by its caller."""

    _exchange: Exchange
    _reply: Reply
    route: Route
    _custody: Custody | None
    _interpreter: Interpretation | None
    """Who translates; ``None`` where the target speaks the caller's dialect."""
    _reader: Interpretation | None
    """Who reads its answer: who translates, or looks at it all the same."""
    _expires: float
    sent: float = 0.0
    """When the target was asked, in the event loop's clock; 0 while it has not been."""
    warning: bytes = b""
    """A rendered header line: what of the request the target is not told."""
    owes: bool = False
    """Whether its answer is here, and waits for leave to go to the caller."""
    unpaid: Usage | None = None
    """What an answer has used that waits for leave to go to the caller."""
    _call: Call | None = None
    _stream: StreamReply | None = None
    _is_judged: bool = False
    """Whether the target's standing has learned how it went."""
    _pending: Fetching | Errand | Inspecting | None = None
    """Media without which the target cannot be asked, or an answer without one, on their way."""

    def start(self, trace: bytes) -> None:
        """Asks the target, as soon as everything it needs is here."""
        exchange, reply, route, interpreter = self._exchange, self._reply, self.route, self._interpreter
        envelope = reply.lease.envelope if self._custody is None else self._custody.envelope
        try:
            if interpreter is None:
                wire = route.provider.prepare(envelope, route.target, route.credential, trace)
            else:
                missing = interpreter.missing(route)
                if missing:
                    self._fetch(missing)
                    return
                translated = interpreter.prepare(route, trace)
                self._warn(interpreter)
                if not isinstance(translated, WireRequest):
                    self._work_out(interpreter, translated)
                    return
                wire = translated
            if reply.marking is not None:
                wire = reply.marking.mark(
                    wire, route, envelope.dialect if interpreter is None else route.provider.dialect
                )
            if route.sign is not None:
                wire = route.sign(wire, time.time())
                reply.signed = wire.fields
        except (UpstreamCredentials, InvalidRequest) as error:
            exchange.attempt_failed(self, error)
            return
        except StellwerkError as error:
            exchange.fail(error)
            return
        except Exception as error:  # noqa: BLE001  # a plugin's defect ends its request, and no other
            exchange.fail_by_defect(error)
            return
        self.sent = exchange.clock()
        route.standing.begin(self.sent)
        body, model = wire.body, exchange.model
        self._call = call = Call(
            frame(wire.method, wire.path, route.authority, wire.fields, len(body)),
            body,
            self,
            envelope.is_stream,
            model.stream_patience if envelope.is_stream else model.whole_patience,
            self._expires,
        )
        route.lane.send(call)

    def cancel(self) -> None:
        """Nobody waits for the answer any more: the provider's work on it ends."""
        self._end()
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.abandon()
        if self._pending is not None:
            self._pending.cancel()
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def depart(self) -> bool:
        """The caller has gone. Returns whether its answer was under way, and is settled with this."""
        stream, self._stream = self._stream, None
        self.cancel()
        if stream is not None:
            stream.cancel()
        elif self.unpaid is not None:
            self._reply.cancel(self.unpaid, "")
        else:
            return False
        return True

    def pause(self) -> None:
        """The caller reads slowly: so do we."""
        if self._call is not None:
            self._call.pause()

    def resume(self) -> None:
        """The caller has caught up."""
        if self._call is not None:
            self._call.resume()

    # -- what the provider says

    def on_head(self, status: int, headers: Headers) -> bool:
        """An event stream is streamed; everything else is an answer to be read whole."""
        if status != 200 or is_encoded(headers) or not self._is_stream(media_type(headers)):
            return False
        self._heed(headers)
        if self._call is not None:
            self._call.sink = self.take_stream()
        return True

    def take_stream(self) -> StreamReply:
        """Makes what takes the pieces of a stream."""
        exchange, reply, route, reader = self._exchange, self._reply, self.route, self._reader
        relay = reply.dialect.relay(reply.lease.envelope) if reader is None else reader.stream(route)
        if self._interpreter is None and self._custody is not None:
            relay = self._custody.relay(route, relay)
        self._stream = stream = StreamReply(self, reply, relay, exchange.scheduler.deadlines)
        if exchange.screening is not None:
            stream.foresight = exchange.screening.foreseeing.of_stream(exchange, exchange.screening.deadline_s)
        if (screening := exchange.screening) is not None and screening.holds_answers:
            screening.hold(stream)
        if exchange.is_gated:
            stream.gate = exchange.gate_for(self)
        if exchange.leading is not None:
            stream.tap = exchange.leading.tap(route)
        return stream

    def on_answer(self, status: int, headers: Headers, body: bytes) -> None:
        """A whole answer: the caller's, or a reason to ask someone else."""
        self._call = None
        self._conclude(body, partial(self._take, status, headers, body))

    def _take(self, status: int, headers: Headers, body: bytes) -> None:
        exchange, is_stream = self._exchange, self._reply.lease.envelope.is_stream
        marking = self._reply.marking
        if status == REFUSED and marking is not None and marking.is_refused(self.route, body):
            self._ask_unmarked()
        elif status != 200:
            exchange.attempt_failed(self, self._refusal(status, headers, body))
        elif (odd := oddity(headers, is_stream=is_stream)) is not None:
            exchange.attempt_failed(self, UpstreamInvalid(odd))
        elif self._custody is not None and self._interpreter is None:
            self._hand(self._custody, headers, body)
        else:
            self._foresee(body, partial(self._read, headers, body))

    def _conclude(self, body: bytes, step: Callable[[], None]) -> None:
        """Goes on with an answer, and tells of what is wrong with it."""
        exchange = self._exchange
        try:
            step()
        except UpstreamInvalid as error:
            exchange.attempt_failed(self, error)
        except (ContentBlocked, GuardrailUnavailable) as error:  # it has answered, and is paid
            self.unpaid = self._reply.dialect.facts(body).usage
            exchange.refuse(error)
        except StellwerkError as error:
            exchange.fail(error)
        except Exception as error:  # noqa: BLE001  # nobody above a callback would answer the caller
            exchange.fail_by_defect(error)

    def _foresee(self, body: bytes, read: Callable[[], None]) -> None:
        """Reads an answer: a long one when checks have looked at it, which others need not wait for."""
        exchange, reader, screening = self._exchange, self._reader, self._exchange.screening
        work = None
        if screening is not None and reader is not None:
            go_on = partial(self._go_on, body, read)
            work = screening.foreseeing.begun(exchange, reader, self.route, body, go_on)
        if work is None or screening is None:
            read()
            return
        self._pending, self.unpaid = work  # it is paid, whoever leaves meanwhile
        exchange.begin()
        work[0].start(screening.deadline_s)

    def _go_on(self, body: bytes, read: Callable[[], None]) -> None:
        self._pending = self.unpaid = None
        self._conclude(body, read)

    def _read(self, headers: Headers, body: bytes) -> None:
        exchange, reply = self._exchange, self._reply
        dialect, reader = reply.dialect, self._reader
        answer = (body, dialect.facts(body)) if reader is None else reader.answer(self.route, body)
        if exchange.leading is not None:
            exchange.leading.heard(self.route, body)
        if exchange.is_gated:
            self._weigh(*answer, exchange.gate_for(self), body)
            return
        if (screening := exchange.screening) is not None and screening.holds_answers:
            screening.answered(screening.said, self._settled(*answer))
            return
        now = exchange.settle_on(self)
        if self._answered(now):
            self._heed(headers)
        self._end()
        exchange.finish()
        reply.respond(*answer, now)

    def on_failure(self, error: UpstreamError) -> None:
        """No answer."""
        self._call = None
        self._exchange.attempt_failed(self, error)

    def on_body(self, data: bytes) -> None:
        """Never called: a streamed body has a sink of its own."""
        raise AssertionError(data)

    def on_end(self) -> None:
        """Never called: a streamed body has a sink of its own."""
        raise AssertionError

    # -- what the stream says

    def win(self) -> None:
        """The stream's first bytes go to the caller: from here on nobody else can answer."""
        now = self._exchange.settle_on(self)
        if not self._is_judged:
            self._answered(now)
        if self._exchange.leading is not None:
            self._exchange.leading.won(self.route)

    def begin(self) -> None:
        """Content has come, and is held: the target is not slow."""
        self._exchange.begin()

    def hear(self, stream: StreamReply) -> None:
        """Content has come: from here on only the pauses between events are bounded."""
        if self._call is not None:
            self._call.hand_to(stream, expires=NEVER, hearer=stream.hearer)

    def hang_up(self) -> None:
        """Breaks the call off."""
        if self._call is not None:
            self._call.cancel()

    def let_finish(self) -> None:
        """The answer is complete: the call may end by itself, so that its connection can be used again."""
        call = self._call
        if call is not None:
            call.resume()
            call.hand_to(UNHEARD, expires=self._exchange.clock() + FINISH_S)

    def stream_ended(self, error: UpstreamError | None) -> None:
        """The stream is over, for better or worse."""
        self._call = self._stream = None
        if error is not None:
            self.route.standing.failed(self._exchange.clock(), self.sent, error)
        self._end()
        self._exchange.finish()

    def whole(self, usage: Usage | None, go_on: Callable[[], None]) -> None:
        """A stream that was held is whole; it goes to the caller once its texts have been judged."""
        self.owes, self.unpaid = True, usage
        screening = self._exchange.screening
        if screening is not None:
            screening.answered(screening.said, go_on)

    def judge(self, gate: Gate, raw: bytes) -> str:
        """Why a whole stream, as the target sent it, does not do. Raises ``UpstreamInvalid``."""
        return gate.verdict_on_stream(self.route, raw)

    def turn_down(self, why: str, usage: Usage | None, deliver: Callable[[], None]) -> None:
        """The stream is whole, and does not do, or is only the first of two; it is held, and can still be delivered."""
        self._call = self._stream = None
        self._answered(self._exchange.clock())
        self._end()
        self._exchange.turn_down(self, why, usage, self._once_judged(usage, deliver))

    def stream_failed(self, error: UpstreamError) -> None:
        """The stream came to nothing before anything of it went to the caller."""
        self._stream = None
        self._exchange.attempt_failed(self, error)

    # -- helpers

    def fail(self, error: StellwerkError, now: float, *, is_hurried: bool) -> bool:
        """Takes note of why there is no answer; of a caller in a hurry the target learns nothing.

        Returns whether the target may have done the work, and will want to be paid.
        """
        is_lost = bool(self.sent) and isinstance(error, UpstreamError) and error.may_be_billed
        if is_lost:
            self._reply.lose(self.route)
        if self.sent and isinstance(error, UpstreamError) and not is_hurried:
            self._is_judged = True
            self.route.standing.failed(now, self.sent, error)
        self.cancel()
        return is_lost

    def _answered(self, now: float) -> bool:
        """Takes note that the target has answered; whether its answer is one to look at closely."""
        self._is_judged = True
        return self.route.standing.answered(now, self.sent)

    def _end(self) -> None:
        """Gives back what the attempt holds of its target, once."""
        if self.sent:
            standing = self.route.standing
            if not self._is_judged:
                standing.left(self._exchange.clock(), self.sent)
            standing.end()
            self.sent = 0.0

    def _weigh(self, body: bytes, facts: ReplyFacts, gate: Gate | None, raw: bytes) -> None:
        """A whole answer goes to the caller, if it does; ``raw`` is as the target gave it."""
        exchange, reply = self._exchange, self._reply
        why = gate.verdict(self.route, raw) if gate is not None else ""

        def respond() -> None:
            reply.respond(body, facts, exchange.settle_on(self))
            exchange.finish()

        deliver = self._once_judged(facts.usage, respond)
        self._answered(exchange.clock())
        self._end()
        if gate is None or not (why or gate.wants_another(self.route)):
            deliver()
        else:
            exchange.turn_down(self, why, facts.usage, deliver)

    def _once_judged(self, usage: Usage | None, deliver: Callable[[], None]) -> Callable[[], None]:
        """Hands on an answer that is here, now or later, once the request and its texts have been judged."""
        exchange, screening = self._exchange, self._exchange.screening
        if screening is None:
            return deliver
        said = screening.said

        def hand_on() -> None:
            exchange.settle_on(self)
            self.owes, self.unpaid = True, usage
            screening.answered(said, deliver)

        return hand_on

    def _settled(self, body: bytes, facts: ReplyFacts, kind: bytes = JSON) -> Callable[[], None]:
        """The answer is here, and nobody else's is wanted: what hands it on, once it is known that this may be done."""
        exchange, reply = self._exchange, self._reply
        self._answered(exchange.settle_on(self))
        self._end()
        self.owes, self.unpaid = True, facts.usage

        def deliver() -> None:
            reply.respond(body, facts, exchange.clock(), kind)
            exchange.finish()

        return deliver

    def _heed(self, headers: Headers) -> None:
        """Leaves the target alone while its answers say that nothing is left."""
        field = self.route.rate_field
        if field and field in headers and (pause_s := rest_s(headers, time.time())) > 0:
            self.route.standing.block(self._exchange.clock(), pause_s)

    def _hand(self, custody: Custody, headers: Headers, body: bytes) -> None:
        """An answer under sealed ids, or the next question that it takes: one attempt, however many these are."""
        exchange, reply = self._exchange, self._reply
        handed = custody.hand(self.route, headers, body, reply.dialect.facts(body))
        if handed is not None:
            self._foresee(handed.body, partial(self._hand_on, handed))
            return
        self._answered(exchange.settle_on(self))
        self._end()
        reply.attempts -= 1
        exchange.ask_on(self)

    def _hand_on(self, handed: Handed) -> None:
        body, screening = handed.body, self._exchange.screening
        if self._reader is not None:
            body = self._reader.answer(self.route, body)[0]
        deliver = self._settled(body, handed.facts, handed.fields)
        if screening is None:
            deliver()
        else:
            screening.answered(screening.said, deliver)

    def _ask_unmarked(self) -> None:
        """Asks once more, without the marks that the target does not take: the caller is not to suffer from these."""
        exchange, reply = self._exchange, self._reply
        exchange.begin()
        self._answered(exchange.clock())
        self._end()
        reply.attempts -= 1
        exchange.ask_on(self)

    def _fetch(self, missing: Sequence[Link]) -> None:
        """Puts the attempt off until its media are here: its provider has not been asked yet."""
        self._reply.attempts -= 1
        body = self._reply.lease.envelope.body
        # Told at once where everything is at hand, so it has to be known before it starts.
        self._pending = fetching = Fetching(self._exchange.scheduler.media, missing, body, self._on_media)
        fetching.start(self._expires)

    def _work_out(self, interpreter: Interpretation, work: Work) -> None:
        """Answers without asking a provider, after work that others need not wait for."""
        from stellwerk.gateway.errand import Errand  # few requests are answered by work alone

        exchange, route = self._exchange, self.route

        def respond() -> None:
            self._warn(interpreter)
            now = exchange.settle_on(self)
            self._reply.respond(*interpreter.answer(route, b""), now)
            exchange.finish()

        scheduler = exchange.scheduler
        errand = Errand(work, scheduler.compute, scheduler.call_later, respond, exchange.fail_by_defect)
        self._pending = errand
        errand.start(self._expires - exchange.clock())

    def _warn(self, interpreter: Interpretation) -> None:
        """Takes note of what the caller has to know of this target's answer."""
        if interpreter.warning:
            self.warning = b"x-stellwerk-warning: %b\r\n" % interpreter.warning.encode()

    def _on_media(self, found: Found) -> None:
        self._pending = None
        if self._interpreter is not None:
            self._interpreter.learn(found)
        self._exchange.ask_on(self)

    def _is_stream(self, kind: bytes) -> bool:
        """Whether an answer of this media type is the stream that was asked for."""
        if self._reader is not None:
            return kind == self.route.speech.stream_type
        return kind == self._reply.dialect.stream_type(self._reply.lease.envelope)

    def _refusal(self, status: int, headers: Headers, body: bytes) -> UpstreamError:
        route = self.route
        told = mask_body(body, route.credential, *self._reply.secrets)
        return error_of(route.provider.classify(status, headers, told, time.time()))
