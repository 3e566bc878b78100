"""One target asked once: the call, its answer, and what the target's standing learns of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from stellwerk.core.wire import WireRequest
from stellwerk.dialects.rate_headers import rest_s
from stellwerk.errors import InvalidRequest, StellwerkError, UpstreamCredentials, UpstreamError
from stellwerk.gateway.answering import Answering
from stellwerk.gateway.masking import mask_body
from stellwerk.gateway.media import Fetching, Found
from stellwerk.gateway.oddity import is_encoded
from stellwerk.gateway.refusal import error_of
from stellwerk.gateway.stream import StreamReply
from stellwerk.gateway.unheard import UNHEARD
from stellwerk.http.call import Call, frame
from stellwerk.http.deadlines import NEVER
from stellwerk.http.fields import Headers, media_type

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stellwerk.core.media import Link
    from stellwerk.core.usage import Usage
    from stellwerk.gateway.configuration import Route
    from stellwerk.gateway.custody import Custody
    from stellwerk.gateway.dialect import Interpretation
    from stellwerk.gateway.errand import Errand, Work
    from stellwerk.gateway.exchange import Exchange
    from stellwerk.gateway.gate import Gate
    from stellwerk.gateway.inspecting import Inspecting
    from stellwerk.gateway.reply import Reply

FINISH_S = 5.0
"""How long a provider may take to end a stream after its closing event."""


class Attempt(msgspec.Struct, eq=False):
    """Sink of one call's answer. It ends once: as the caller's answer, as a failure, or left by its caller."""

    exchange: Exchange
    reply: Reply
    route: Route
    custody: Custody | None
    interpreter: Interpretation | None
    """Who translates; ``None`` where the target speaks the caller's dialect."""
    reader: Interpretation | None
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
    pending: Fetching | Errand | Inspecting | None = None
    """Media without which the target cannot be asked, or an answer without one, on their way."""

    def start(self, trace: bytes) -> None:
        """Asks the target, as soon as everything it needs is here."""
        exchange, reply, route, interpreter = self.exchange, self.reply, self.route, self.interpreter
        envelope = reply.lease.envelope if self.custody is None else self.custody.envelope
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
        self.release()
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.abandon()
        if self.pending is not None:
            self.pending.cancel()
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
            self.reply.cancel(self.unpaid, "")
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
        self.heed(headers)
        if self._call is not None:
            self._call.sink = self.take_stream()
        return True

    def take_stream(self) -> StreamReply:
        """Makes what takes the pieces of a stream."""
        exchange, reply, route, reader = self.exchange, self.reply, self.route, self.reader
        relay = reply.dialect.relay(reply.lease.envelope) if reader is None else reader.stream(route)
        if self.interpreter is None and self.custody is not None:
            relay = self.custody.relay(route, relay)
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
        Answering(self, headers, body).take(status)

    def on_failure(self, error: UpstreamError) -> None:
        """No answer."""
        self._call = None
        self.exchange.attempt_failed(self, error)

    def on_body(self, data: bytes) -> None:
        """Never called: a streamed body has a sink of its own."""
        raise AssertionError(data)

    def on_end(self) -> None:
        """Never called: a streamed body has a sink of its own."""
        raise AssertionError

    # -- what the stream says

    def win(self) -> None:
        """The stream's first bytes go to the caller: from here on nobody else can answer."""
        now = self.exchange.settle_on(self)
        if not self._is_judged:
            self.answered(now)
        if self.exchange.leading is not None:
            self.exchange.leading.won(self.route)

    def begin(self) -> None:
        """Content has come, and is held: the target is not slow."""
        self.exchange.begin()

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
            call.hand_to(UNHEARD, expires=self.exchange.clock() + FINISH_S)

    def stream_ended(self, error: UpstreamError | None) -> None:
        """The stream is over, for better or worse."""
        self._call = self._stream = None
        if error is not None:
            self.route.standing.failed(self.exchange.clock(), self.sent, error)
        self.release()
        self.exchange.finish()

    def whole(self, usage: Usage | None, go_on: Callable[[], None]) -> None:
        """A stream that was held is whole; it goes to the caller once its texts have been judged."""
        self.owes, self.unpaid = True, usage
        screening = self.exchange.screening
        if screening is not None:
            screening.answered(screening.said, go_on)

    def judge(self, gate: Gate, raw: bytes) -> str:
        """Why a whole stream, as the target sent it, does not do. Raises ``UpstreamInvalid``."""
        return gate.verdict_on_stream(self.route, raw)

    def turn_down(self, why: str, usage: Usage | None, deliver: Callable[[], None]) -> None:
        """The stream is whole, and does not do, or is only the first of two; it is held, and can still be delivered."""
        self._call = self._stream = None
        self.answered(self.exchange.clock())
        self.release()
        self.exchange.turn_down(self, why, usage, self.once_judged(usage, deliver))

    def stream_failed(self, error: UpstreamError) -> None:
        """The stream came to nothing before anything of it went to the caller."""
        self._stream = None
        self.exchange.attempt_failed(self, error)

    # -- what becomes of it

    def fail(self, error: StellwerkError, now: float, *, is_hurried: bool) -> bool:
        """Takes note of why there is no answer; of a caller in a hurry the target learns nothing.

        Returns whether the target may have done the work, and will want to be paid.
        """
        is_lost = bool(self.sent) and isinstance(error, UpstreamError) and error.may_be_billed
        if is_lost:
            self.reply.lose(self.route)
        if self.sent and isinstance(error, UpstreamError) and not is_hurried:
            self._is_judged = True
            self.route.standing.failed(now, self.sent, error)
        self.cancel()
        return is_lost

    def answered(self, now: float) -> bool:
        """Takes note that the target has answered; whether its answer is one to look at closely."""
        self._is_judged = True
        return self.route.standing.answered(now, self.sent)

    def release(self) -> None:
        """Gives back what the attempt holds of its target, once."""
        if self.sent:
            standing = self.route.standing
            if not self._is_judged:
                standing.left(self.exchange.clock(), self.sent)
            standing.end()
            self.sent = 0.0

    def heed(self, headers: Headers) -> None:
        """Leaves the target alone while its answers say that nothing is left."""
        field = self.route.rate_field
        if field and field in headers and (pause_s := rest_s(headers, time.time())) > 0:
            self.route.standing.block(self.exchange.clock(), pause_s)

    def once_judged(self, usage: Usage | None, deliver: Callable[[], None]) -> Callable[[], None]:
        """Hands on an answer that is here, now or later, once the request and its texts have been judged."""
        exchange, screening = self.exchange, self.exchange.screening
        if screening is None:
            return deliver
        said = screening.said

        def hand_on() -> None:
            exchange.settle_on(self)
            self.owes, self.unpaid = True, usage
            screening.answered(said, deliver)

        return hand_on

    def ask_unmarked(self) -> None:
        """Asks once more, without the marks that the target does not take: the caller is not to suffer from these."""
        exchange, reply = self.exchange, self.reply
        exchange.begin()
        self.answered(exchange.clock())
        self.release()
        reply.attempts -= 1
        exchange.ask_on(self)

    def refusal(self, status: int, headers: Headers, body: bytes) -> UpstreamError:
        """What an answer with another status than 200 means."""
        route = self.route
        told = mask_body(body, route.credential, *self.reply.secrets)
        return error_of(route.provider.classify(status, headers, told, time.time()))

    # -- helpers

    def _fetch(self, missing: Sequence[Link]) -> None:
        """Puts the attempt off until its media are here: its provider has not been asked yet."""
        self.reply.attempts -= 1
        body = self.reply.lease.envelope.body
        # Told at once where everything is at hand, so it has to be known before it starts.
        self.pending = fetching = Fetching(self.exchange.scheduler.media, missing, body, self._on_media)
        fetching.start(self._expires)

    def _work_out(self, interpreter: Interpretation, work: Work) -> None:
        """Answers without asking a provider, after work that others need not wait for."""
        from stellwerk.gateway.errand import Errand  # few requests are answered by work alone

        exchange, route = self.exchange, self.route

        def respond() -> None:
            self._warn(interpreter)
            now = exchange.settle_on(self)
            self.reply.respond(*interpreter.answer(route, b""), now)
            exchange.finish()

        scheduler = exchange.scheduler
        errand = Errand(work, scheduler.compute, scheduler.call_later, respond, exchange.fail_by_defect)
        self.pending = errand
        errand.start(self._expires - exchange.clock())

    def _warn(self, interpreter: Interpretation) -> None:
        """Takes note of what the caller has to know of this target's answer."""
        if interpreter.warning:
            self.warning = b"x-stellwerk-warning: %b\r\n" % interpreter.warning.encode()

    def _on_media(self, found: Found) -> None:
        self.pending = None
        if self.interpreter is not None:
            self.interpreter.learn(found)
        self.exchange.ask_on(self)

    def _is_stream(self, kind: bytes) -> bool:
        """Whether an answer of this media type is the stream that was asked for."""
        if self.reader is not None:
            return kind == self.route.speech.stream_type
        return kind == self.reply.dialect.stream_type(self.reply.lease.envelope)
