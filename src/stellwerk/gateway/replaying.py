"""An answer that was given before, or is being given to somebody else, on its way to another caller."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stellwerk.core.cached import Recorded
from stellwerk.core.replay import events_of, gather
from stellwerk.errors import InvalidRequest, StellwerkError, UpstreamError, UpstreamInvalid
from stellwerk.gateway.attempt import Attempt
from stellwerk.gateway.dialect import Ids
from stellwerk.gateway.interpreter import Interpreter
from stellwerk.gateway.reading_answers import Again
from stellwerk.gateway.speeches import Speech, is_spoken, speech_of

if TYPE_CHECKING:
    from stellwerk.core.chat import ChatRequest
    from stellwerk.core.reply import Reply as Answer
    from stellwerk.core.snapshot import LimitsSpec
    from stellwerk.core.stream import StreamEvent
    from stellwerk.gateway.configuration import Route
    from stellwerk.gateway.dialect import Interpretation
    from stellwerk.gateway.exchange import Exchange
    from stellwerk.gateway.reply import Reply


MOST_AHEAD = 4_194_304
"""So many bytes a stream may be ahead of somebody who reads it slowly."""


class Replay(Attempt):
    """Stands where a target is asked, which is asked nothing: the answer is there, or comes by somebody else's call.

    The target learns nothing of it, and is paid nothing.
    """

    _is_slow: bool = False
    _ahead: int = 0
    """Bytes that have come since the caller reads slowly."""

    def hand_on(self, recorded: Recorded) -> None:
        """All of the answer is there."""
        if self.reply.lease.envelope.is_stream:
            self.begin_stream()
            self.feed(recorded.answer)
            self.end()
        else:
            self.on_answer(200, {}, recorded.answer)

    def begin_stream(self) -> None:
        """The answer comes piece by piece."""
        self.take_stream()

    def feed(self, data: bytes) -> None:
        """More of it; nothing happens when its caller has left. One who reads much too slowly is left behind."""
        if self._stream is None:
            return
        if self._is_slow:
            self._ahead += len(data)
            if self._ahead > MOST_AHEAD:
                self.break_off(UpstreamInvalid("The answer was read too slowly."))
                return
        self._stream.on_body(data)

    def pause(self) -> None:
        """The caller reads slowly: nobody waits for it."""
        self._is_slow = True

    def resume(self) -> None:
        """The caller has caught up."""
        self._is_slow, self._ahead = False, 0

    def end(self) -> None:
        """That was all."""
        if self._stream is not None:
            self._stream.on_end()

    def break_off(self, error: UpstreamError) -> None:
        """There is no more, and it is not whole."""
        if self._stream is not None:
            self._stream.on_failure(error)

    def answered(self, now: float) -> bool:
        """The target has not been asked, and learns nothing."""
        del now
        self._is_judged = True
        return False

    def stream_ended(self, error: UpstreamError | None) -> None:
        """The stream is over; whoever called the target has learned from it."""
        del error
        self._stream = None
        self.exchange.finish()


def replay(
    exchange: Exchange, reply: Reply, route: Route, recorded: Recorded, limits: LimitsSpec, ignore: tuple[str, ...]
) -> Replay:
    """Somebody who hands on what is recorded, as guardrails let it through.

    ``ignore`` are members of requests that callers may say differently.

    Raises ``InvalidRequest`` where it cannot be put into the form that the caller wants.
    """
    envelope, screening = reply.lease.envelope, exchange.screening
    reader: Interpretation | None = None
    is_renewed = tells_ids(reply)
    is_same = not is_renewed and recorded.dialect == envelope.dialect and recorded.is_stream == envelope.is_stream
    if not is_same or (envelope.is_stream and not _is_usual(reply, limits)):
        inner = _interpreter(reply, recorded)
        if screening is not None:
            screening.reader(inner)
        speech = speech_of(recorded.dialect, limits)
        speech = speech if recorded.is_stream == envelope.is_stream else crossed(speech)
        if is_renewed:
            from stellwerk.gateway.renewing import renewed  # loaded with the first caller of that dialect

            speech = renewed(speech, envelope.body, ignore)
        reader = Again(inner, speech)
    elif screening is not None:
        reader = screening.reader(None)
    return Replay(exchange, reply, route, None, None, reader, exchange.expires)


def hand_on(
    exchange: Exchange, reply: Reply, route: Route, recorded: Recorded, limits: LimitsSpec, ignore: tuple[str, ...]
) -> None:
    """Hands all of a recorded answer on."""
    reply.turn_to(route)
    try:
        attempt = replay(exchange, reply, route, recorded, limits, ignore)
        exchange.replay(attempt)
        attempt.hand_on(recorded)
    except StellwerkError as error:
        exchange.fail(error)
    except Exception as error:  # noqa: BLE001  # nobody above a callback would answer the caller
        exchange.fail_by_defect(error)


def tells_ids(reply: Reply) -> bool:
    """Whether the caller's answers are called by ids that it may name again: then each has one of its own."""
    return reply.dialect.ids is Ids.KEPT


def can_replay(reply: Reply, recorded: Recorded) -> bool:
    """Whether what is recorded can be brought into the form that a caller wants."""
    envelope = reply.lease.envelope
    if recorded.dialect == envelope.dialect and recorded.is_stream == envelope.is_stream:
        return True
    return is_spoken(recorded.dialect) and getattr(reply.dialect, "decode", None) is not None


def _is_usual(reply: Reply, limits: LimitsSpec) -> bool:
    """Whether the caller wants a stream as providers of its dialect send it."""
    dialect = reply.dialect
    if not is_spoken(dialect.name):
        return True
    return dialect.stream_type(reply.lease.envelope) == speech_of(dialect.name, limits).stream_type


def _interpreter(reply: Reply, recorded: Recorded) -> Interpreter:
    inner = reply.dialect.interpret(reply.lease.envelope, reply.lease.request_id)
    if not isinstance(inner, Interpreter) or not is_spoken(recorded.dialect):
        raise InvalidRequest("This answer cannot be put into another form.")
    inner.read()
    return inner


def crossed(speech: Speech) -> Speech:
    """Reads streams as whole answers, and whole answers as streams."""

    def decode(body: bytes, asked: ChatRequest, identity: str) -> Answer:
        decoder = speech.decoder(asked, identity)
        reply = gather([*decoder.feed(body), *decoder.flush()])
        if reply is None:
            raise UpstreamInvalid("The provider's stream ended without an answer.")
        return reply

    return replace(speech, decode=decode, decoder=lambda asked, identity: _Whole(speech, asked, identity))


class _Whole:
    """Takes a whole answer at once, and yields the events of a stream."""

    def __init__(self, speech: Speech, asked: ChatRequest, identity: str) -> None:
        self._speech = speech
        self._asked = asked
        self._identity = identity

    def feed(self, data: bytes) -> list[StreamEvent]:
        """The events of the whole answer. Raises ``UpstreamInvalid``."""
        return events_of(self._speech.decode(data, self._asked, self._identity))

    def flush(self) -> list[StreamEvent]:
        """Nothing is left."""
        return []
