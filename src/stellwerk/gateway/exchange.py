"""One request upstream: its attempts, its deadline, and who hears of it.

The order of an exchange: a target is asked; a failure that another target may not share moves on to the next one; when
none is left, the last is asked again after a pause, a bounded number of times; nothing is tried again once content has
gone to the caller, once the deadline has passed, or once the caller has left.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from stellwerk.core.backoff import full_jitter
from stellwerk.core.wire import WireRequest
from stellwerk.errors import (
    EgressDenied,
    InvalidRequest,
    MediaUnavailable,
    StellwerkError,
    UpstreamCredentials,
    UpstreamError,
    UpstreamInvalid,
    UpstreamTimeout,
)
from stellwerk.gateway.defect import report
from stellwerk.gateway.masking import mask_body
from stellwerk.gateway.media import Fetching, Found, Media
from stellwerk.gateway.refusal import error_of
from stellwerk.gateway.slices import Slices
from stellwerk.gateway.stream import StreamReply
from stellwerk.gateway.unheard import UNHEARD
from stellwerk.http.call import Call, frame
from stellwerk.http.deadlines import NEVER, Deadlines, Timer
from stellwerk.http.fields import Headers, media_type
from stellwerk.supervisor.log import Log

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stellwerk.core.media import Link
    from stellwerk.core.route import Target
    from stellwerk.gateway.configuration import Model, Route
    from stellwerk.gateway.custody import Custody
    from stellwerk.gateway.dialect import Interpretation
    from stellwerk.gateway.reply import Reply

MAX_RETRY_AFTER_S = 5.0
"""A provider that wants to be left alone for longer is not waited for."""
BACKOFF_S = 0.25
MAX_BACKOFF_S = 4.0
FINISH_S = 5.0
"""How long a provider may take to end a stream after its closing event."""
NEXT_TARGET_SHARE = 0.5
"""While another target remains, one attempt takes at most this share of the time that is left."""


class Scheduler:
    """What an exchange needs of its process: deadlines, a later call, a place to report a defect, a way to media."""

    __slots__ = ("call_later", "deadlines", "log", "media")

    def __init__(
        self, deadlines: Deadlines, call_later: Callable[[float, Callable[[], None]], Timer], log: Log, media: Media
    ) -> None:
        self.deadlines = deadlines
        self.call_later = call_later
        self.log = log
        self.media = media


class Exchange(msgspec.Struct, eq=False):
    """Owner of the caller's request and sink of the providers' answers. Built of callbacks: no task per request."""

    _reply: Reply
    _model: Model
    _targets: tuple[Target, ...]
    _scheduler: Scheduler
    _expires: float
    """When all attempts together must have led to an answer, in the event loop's clock."""
    _trace: bytes = b""
    _custody: Custody | None = None
    """Of a caller who may name, and is handed, what providers keep."""
    _index: int = 0
    _repeats: int = 0
    _attempt_sent: float = 0.0
    _call: Call | None = None
    _stream: StreamReply | None = None
    _timer: Timer | None = None
    _interpreter: Interpretation | None = None
    _is_translated: bool = False
    """Whether the target that is being asked speaks another dialect than the caller."""
    _pending: Fetching | Slices | None = None
    """Media without which the target cannot be asked, or an answer without one, on their way."""

    def start(self) -> None:
        """Asks the first target."""
        self._reply.request.owner = self
        self._attempt()

    # -- what the caller says

    def on_gone(self) -> None:
        """The caller has left: so does the provider's work for it."""
        if self._timer is not None:
            self._timer.cancel()
        if self._pending is not None:
            self._pending.cancel()
        if self._call is not None:
            self._call.cancel()
        self.stop_waiting()
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.cancel()
        else:
            self._reply.cancel(None, "")

    def on_pause(self) -> None:
        """The caller reads slowly: so do we."""
        if self._call is not None:
            self._call.pause()

    def on_resume(self) -> None:
        """The caller has caught up."""
        if self._call is not None:
            self._call.resume()

    # -- what the provider says

    def on_head(self, status: int, headers: Headers) -> bool:
        """An event stream is streamed; everything else is an answer to be read whole."""
        call, reply = self._call, self._reply
        route = reply.route
        if status != 200 or route is None or _is_encoded(headers) or not self._is_stream(route, media_type(headers)):
            return False
        if call is not None:
            interpreter = self._interpreter if self._is_translated else None
            envelope = reply.lease.envelope
            relay = reply.dialect.relay(envelope) if interpreter is None else interpreter.stream(route)
            if interpreter is None and self._custody is not None:
                relay = self._custody.relay(route, relay)
            call.sink = self._stream = StreamReply(self, reply, relay, self._scheduler.deadlines)
        return True

    def on_answer(self, status: int, headers: Headers, body: bytes) -> None:
        """A whole answer: the caller's, or a reason to ask someone else."""
        self._call = None
        reply = self._reply
        now = self._scheduler.deadlines.clock()
        reply.waited_s += now - self._attempt_sent
        self._attempt_sent = 0.0
        try:
            if status != 200:
                self.attempt_failed(self._refusal(status, headers, body))
            elif (oddity := _oddity(headers, is_stream=reply.lease.envelope.is_stream)) is not None:
                self.attempt_failed(UpstreamInvalid(oddity))
            elif self._is_translated and self._interpreter is not None and reply.route is not None:
                reply.respond(*self._interpreter.answer(reply.route, body), now)
            elif self._custody is not None and reply.route is not None:
                self._hand(self._custody, reply.route, headers, body, now)
            else:
                reply.respond(body, reply.dialect.facts(body), now)
        except UpstreamInvalid as error:
            self.attempt_failed(error)
        except StellwerkError as error:
            reply.fail(error)
        except Exception as error:  # noqa: BLE001  # nobody above a callback would answer the caller
            self._fail_by_defect(error)

    def on_failure(self, error: UpstreamError) -> None:
        """No answer."""
        self.stop_waiting()
        self._call = None
        self.attempt_failed(error)

    def on_body(self, data: bytes) -> None:
        """Never called: a streamed body has a sink of its own."""
        raise AssertionError(data)

    def on_chunk(self, data: bytes) -> bool:
        """Never called: a streamed body has a sink of its own."""
        raise AssertionError(data)

    def on_end(self) -> None:
        """Never called: a streamed body has a sink of its own."""
        raise AssertionError

    # -- what the stream says

    def hear(self, stream: StreamReply) -> None:
        """Content has come: from here on only the pauses between events are bounded. Again for a new ``on_chunk``."""
        if self._call is not None:
            self._call.hand_to(stream, expires=NEVER)

    def hang_up(self) -> None:
        """Breaks the call off."""
        if self._call is not None:
            self._call.cancel()

    def let_finish(self) -> None:
        """The answer is complete: the call may end by itself, so that its connection can be used again."""
        call = self._call
        if call is not None:
            call.resume()
            call.hand_to(UNHEARD, expires=self._scheduler.deadlines.clock() + FINISH_S)

    def stream_ended(self) -> None:
        """The stream is over, for better or worse."""
        self._call = self._stream = None

    def stop_waiting(self) -> None:
        """The provider has been waited for until now; counted once per attempt, and per pause between two."""
        if self._attempt_sent:
            self._reply.waited_s += self._scheduler.deadlines.clock() - self._attempt_sent
            self._attempt_sent = 0.0

    def attempt_failed(self, error: UpstreamError | MediaUnavailable) -> None:
        """An attempt came to nothing: ask the next target, or the last one again, or give up with the last reason."""
        self.stop_waiting()
        if self._call is not None:
            self._call.cancel()
            self._call = None
        self._stream = None
        reply, model = self._reply, self._model
        left_s = self._expires - self._scheduler.deadlines.clock()
        if not error.retryable or reply.attempts >= model.attempts or left_s <= 0:
            reply.fail(error)
        elif self._index + 1 < len(self._targets):
            self._index += 1
            self._attempt()
        else:
            self._repeat_later(error, left_s)

    # -- helpers

    def _attempt(self) -> None:
        reply, model = self._reply, self._model
        envelope = reply.lease.envelope if self._custody is None else self._custody.envelope
        reply.attempts += 1
        try:
            target = self._targets[self._index]
            reply.route = route = model.routes[target.identity]
            reply.warning = b""
            self._is_translated = not route.provider.speaks(envelope.dialect)
            if not self._is_translated:
                wire = route.provider.prepare(envelope, target, route.credential, self._trace)
            else:
                interpreter = self._interpreter or self._interpret(route)
                missing = interpreter.missing(route)
                if missing:
                    self._fetch(missing)
                    return
                translated = self._translate(interpreter, route)
                if not isinstance(translated, WireRequest):
                    self._work_out(interpreter, route, translated)
                    return
                wire = translated
            if route.sign is not None:
                wire = route.sign(wire, time.time())
        except (MediaUnavailable, UpstreamCredentials) as error:
            self.attempt_failed(error)
            return
        except StellwerkError as error:
            reply.fail(error)
            return
        except Exception as error:  # noqa: BLE001  # a plugin's defect ends its request, and no other
            self._fail_by_defect(error)
            return
        now = self._attempt_sent = self._scheduler.deadlines.clock()
        body = wire.body
        self._call = call = Call(
            frame(wire.method, wire.path, route.authority, wire.fields, len(body)),
            body,
            self,
            envelope.is_stream,
            model.stream_patience if envelope.is_stream else model.whole_patience,
            self._attempt_expires(now),
        )
        route.lane.send(call)

    def _attempt_expires(self, now: float) -> float:
        """Until when the target of the moment may take."""
        if self._index + 1 < len(self._targets):
            return now + (self._expires - now) * NEXT_TARGET_SHARE
        return self._expires

    def _hand(self, custody: Custody, route: Route, headers: Headers, body: bytes, now: float) -> None:
        """An answer under sealed ids, or the next question that it takes: one attempt, however many these are."""
        handed = custody.hand(route, headers, body, self._reply.dialect.facts(body))
        if handed is not None:
            self._reply.respond(handed.body, handed.facts, now, handed.fields)
            return
        self._reply.attempts -= 1
        self._attempt()

    def _interpret(self, route: Route) -> Interpretation:
        """Who translates this request, as soon as a target needs it."""
        lease = self._reply.lease
        interpreter = self._reply.dialect.interpret(lease.envelope, lease.request_id)
        if interpreter is None:
            message = f"The model's provider '{route.target.provider}' does not serve this path."
            raise InvalidRequest(message, param="model")
        self._interpreter = interpreter
        return interpreter

    def _translate(self, interpreter: Interpretation, route: Route) -> WireRequest | Iterator[object]:
        """The request for a provider of another dialect; where the answer needs none, the steps to it.

        What the provider cannot say is refused, or told in a header.
        """
        wire = interpreter.prepare(route, self._trace)
        warning = interpreter.warning
        self._reply.warning = b"x-stellwerk-warning: %b\r\n" % warning.encode() if warning else b""
        return wire

    def _work_out(self, interpreter: Interpretation, route: Route, steps: Iterator[object]) -> None:
        """Answers without asking anybody, after work that others need not wait for."""
        scheduler, respond = self._scheduler, self._reply.respond
        self._pending = slices = Slices(
            steps,
            scheduler.call_later,
            lambda: respond(*interpreter.answer(route, b""), scheduler.deadlines.clock()),
            self._fail_by_defect,
        )
        slices.start()

    def _fetch(self, missing: Sequence[Link]) -> None:
        """Puts the attempt off until its media are here: its provider has not been asked yet."""
        reply, scheduler = self._reply, self._scheduler
        reply.attempts -= 1
        now = self._attempt_sent = scheduler.deadlines.clock()
        # Told at once where everything is at hand, so it has to be known before it starts.
        self._pending = fetching = Fetching(scheduler.media, missing, reply.lease.envelope.body, self._on_media)
        fetching.start(self._attempt_expires(now))

    def _on_media(self, found: Found) -> None:
        self._pending = None
        self.stop_waiting()
        if self._interpreter is not None:
            self._interpreter.learn(found)
        self._attempt()

    def _is_stream(self, route: Route, kind: bytes) -> bool:
        """Whether an answer of this media type is the stream that was asked for."""
        if self._is_translated:
            return kind == route.speech.stream_type
        return kind == self._reply.dialect.stream_type(self._reply.lease.envelope)

    def _fail_by_defect(self, error: Exception) -> None:
        report(self._scheduler.log, error, self._reply.lease.request_id)
        self._reply.fail(StellwerkError("The gateway failed to serve this request."))

    def _repeat_later(self, error: UpstreamError | MediaUnavailable, left_s: float) -> None:
        """Asks the last target again after a pause, if it may be worth it."""
        if isinstance(error, MediaUnavailable):
            self._reply.fail(error)
            return
        pause_s = full_jitter(self._repeats, BACKOFF_S, MAX_BACKOFF_S, random.random())  # noqa: S311 (no secret)
        if error.retry_after_s is not None:
            pause_s = max(pause_s, error.retry_after_s)
        is_lasting = isinstance(error, UpstreamCredentials | UpstreamTimeout | EgressDenied)
        if is_lasting or pause_s > MAX_RETRY_AFTER_S or self._repeats >= self._model.repeats or pause_s >= left_s:
            self._reply.fail(error)
            return
        self._repeats += 1
        self._attempt_sent = self._scheduler.deadlines.clock()
        self._timer = self._scheduler.call_later(pause_s, self._repeat)

    def _repeat(self) -> None:
        self._timer = None
        self.stop_waiting()
        self._attempt()

    def _refusal(self, status: int, headers: Headers, body: bytes) -> UpstreamError:
        route = self._reply.route
        if route is None:
            raise AssertionError(status)
        told = mask_body(body, route.credential)
        return error_of(route.provider.classify(status, headers, told, time.time()))


def _oddity(headers: Headers, *, is_stream: bool) -> str | None:
    """Why an answer cannot be the one that was asked for, whatever its body says."""
    if _is_encoded(headers):
        coding = headers[b"content-encoding"].decode("ascii", "replace")[:40]
        return f"The provider's answer is encoded with {coding}, which was not asked for."
    if is_stream:
        kind = media_type(headers).decode("ascii", "replace") or "nothing"
        return f"The provider answered with {kind} where an event stream was due."
    return None


def _is_encoded(headers: Headers) -> bool:
    return headers.get(b"content-encoding", b"identity").strip().lower() != b"identity"
