"""A streamed answer on its way from a provider to a caller."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from stellwerk.core.shape import NO_SHAPE, Shape
from stellwerk.errors import StellwerkError, UpstreamError, UpstreamInvalid, UpstreamUnavailable
from stellwerk.gateway.masking import mask_body
from stellwerk.gateway.translation import Translation
from stellwerk.http.chunk_passer import ChunkPasser
from stellwerk.http.deadlines import NEVER, Deadlines
from stellwerk.http.fields import Headers

if TYPE_CHECKING:
    from stellwerk.core.usage import Usage
    from stellwerk.gateway.attempt import Attempt
    from stellwerk.gateway.dialect import Relay
    from stellwerk.gateway.errand import Errand
    from stellwerk.gateway.foreseen import Foresight
    from stellwerk.gateway.gate import Gate
    from stellwerk.gateway.reply import Reply
    from stellwerk.http.outbox import Outlet
    from stellwerk.http.upstream import UpstreamConnection

HOLD_S = 5.0
"""How long a preamble without content is held back, so that a late error can still go to another target."""
HOLD_BYTES = 65_536
LOOK_S = 0.25
"""How often a stream is looked at that a hard budget pays for."""
SLACK_TOKENS = 64
"""Events of a stream that carry no token are fewer than these."""
LONGEST_TOKENS = 4
"""So many times as long as usual are the tokens of an answer at most."""
JUDGED_BYTES = 1_048_576
"""A stream that is longer goes to the caller unjudged."""


class StreamReply:
    """Sink of one streamed call.

    Until content comes, nothing is sent: an error or an end before that is a failed attempt, as good as a refused
    connection. From the first content on, every byte goes straight through.
    """

    __slots__ = (
        "_attempt",
        "_deadlines",
        "_errand",
        "_events",
        "_feed",
        "_has_begun",
        "_held",
        "_is_held",
        "_kept_rest",
        "_most_tokens",
        "_opening",
        "_outlet",
        "_over",
        "_passer",
        "_raw",
        "_relay",
        "_reply",
        "_shape",
        "deadline",
        "foresight",
        "gate",
        "is_judged_whole",
        "is_on_hold",
        "tap",
    )

    def __init__(self, attempt: Attempt, reply: Reply, relay: Relay, deadlines: Deadlines) -> None:
        self._attempt = attempt
        self._reply = reply
        self._relay = relay
        if isinstance(relay, Translation):
            relay.hide = reply.hide
        self._feed = relay.feed
        self._held = b""
        self._is_held = True
        self._has_begun = False
        self._shape: Shape | None = None
        self._raw = b""
        self._events = 0
        self._opening = 0, 0
        self._most_tokens: int | None = None
        """Beyond this nobody pays for the answer."""
        self.is_on_hold = False
        """Whether nothing may go to the caller yet, whatever comes: see ``go_on``."""
        self.is_judged_whole = False
        """Whether that is so until all of it has come and has been judged."""
        self._kept_rest: bytes | None = None
        """The rest of a stream that has become whole while it was on hold."""
        self.foresight: Foresight | None = None
        """Looks at long texts of an answer that goes out as a whole, before the stream goes on."""
        self._errand: Errand | None = None
        """That look, while it is being taken."""
        self._over: UpstreamError | None = None
        """Why the provider says no more, while that is so."""
        self.gate: Gate | None = None
        """Judges the whole stream before any of it goes to the caller, where an answer has to be something."""
        self.tap: Callable[[bytes], None] | None = None
        """Hears all that the provider sends, as it comes."""
        self._outlet: Outlet | None = None
        self._passer: ChunkPasser | None = None
        self._deadlines = deadlines
        self.deadline = deadlines.clock() + HOLD_S
        deadlines.watch(self)

    # -- what the upstream says

    def on_body(self, data: bytes) -> None:
        """Bytes that did not come as one whole chunk."""
        try:
            out = self._feed(data)
        except UpstreamInvalid as error:
            self._give_up(error)
        else:
            if self.gate is not None:
                self._raw += data
                if len(self._raw) > JUDGED_BYTES:
                    self.gate = None
            if self.tap is not None:
                self.tap(data)
            self._hand_on(out)

    def on_end(self) -> None:
        """The provider says that this was all; whether it was, the closing event would have told."""
        self._hear_no_more(UpstreamInvalid("The provider's stream ended without its closing event."))

    def on_failure(self, error: UpstreamError) -> None:
        """The stream broke off."""
        self._hear_no_more(error)

    def on_head(self, status: int, headers: Headers) -> bool:
        """Never called: the head has been read before this sink takes over."""
        raise AssertionError(status, headers)

    def on_answer(self, status: int, headers: Headers, body: bytes) -> None:
        """Never called: this sink streams."""
        raise AssertionError(status, headers, body)

    def hearer(self, connection: UpstreamConnection, idle_s: float) -> Callable[[bytes], None] | None:
        """Makes what hears the chunks from the first content on; ``None`` for a caller that takes none (HTTP/1.0)."""
        self._outlet = outlet = self._reply.request.outlet
        if outlet is None:
            return None
        self._passer = ChunkPasser(connection, outlet, idle_s, self._read_chunk)
        return self._passer.hearer()

    # -- what the caller and time say

    def cancel(self) -> None:
        """The caller has gone; the call is cancelled by whoever says so."""
        told = self.foresight.usage if self.foresight is not None else None
        self._leave()
        self._reply.cancel(told or self._used(), self._relay.finish)

    def abandon(self) -> None:
        """Another target answers: nothing of this stream has gone to the caller, and nothing will."""
        self._leave()

    def go_on(self) -> None:
        """What has come may go to the caller, and what will."""
        if not self.is_on_hold:
            return
        self.is_on_hold = False
        rest, self._kept_rest = self._kept_rest, None
        if rest is not None:
            self._complete(rest)
        elif self.gate is None and (self._relay.has_content or len(self._held) > HOLD_BYTES):
            self._attempt.resume()
            self._release(b"")
            self._move_on()
        elif self.gate is None:  # only a preamble has come: it is held for as long as any other
            self.deadline = self._deadlines.clock() + HOLD_S
            self._deadlines.watch(self)

    def on_deadline(self, now: float) -> None:
        """The preamble has been held long enough. A head alone is none: another target may do better than silence.

        Later, where a budget has limited the answer: a look at whether the provider keeps to that.
        """
        if not self._is_held:
            self.deadline = now + LOOK_S
            self._look_at_length()
        elif not self._held:
            self.deadline = now + HOLD_S
        elif self.gate is None and not self.is_on_hold:
            self._release(b"")
        else:
            self.deadline = NEVER

    # -- helpers

    def _hand_on(self, out: bytes) -> None:
        relay = self._relay
        if relay.error is not None:
            out = self._discreet(out)
        if not self._is_held:
            self._send(out)
        elif relay.error is not None and not relay.has_content:
            self._attempt.hang_up()
            self._fail(self._told())
            return
        elif relay.is_complete and not relay.has_content:
            self._attempt.hang_up()
            self._fail(UpstreamInvalid("The provider's stream is complete, and no answer is in it."))
            return
        elif self.is_on_hold or self.gate is not None:
            self._held += out
            if relay.has_content:
                self._attempt.begin()
            if self.is_judged_whole and len(self._held) > JUDGED_BYTES:
                self._give_up(UpstreamInvalid("The provider's answer is too long to be judged."))
                return
            if self.is_on_hold and not self.is_judged_whole and self.gate is None and len(self._held) > HOLD_BYTES:
                self._attempt.pause()
        elif relay.has_content or len(self._held) + len(out) > HOLD_BYTES:
            self._release(out)
        else:
            self._held += out
        self._move_on()

    def _hear_no_more(self, error: UpstreamError) -> None:
        """Ends the stream, once all that it has said has been looked at."""
        self._over = error
        if self.foresight is not None and self._errand is None:
            try:
                self.foresight.close()
            except UpstreamInvalid as fault:
                self._over = fault
        if not self._waits():
            self._break_off(self._over)

    def _waits(self) -> bool:
        """Whether what has come has to be looked at before anything goes on."""
        if self._errand is not None:
            return True
        foresight = self.foresight
        if foresight is None:
            return False
        self._errand = errand = foresight.begun(self._go_on_reading)
        if errand is None:
            return False
        self._attempt.begin()
        errand.start(foresight.deadline_s)
        return True

    def _go_on_reading(self) -> None:
        """What was awaited is known."""
        self._errand = None
        self.on_body(b"")
        over = self._over
        if over is not None and not self._waits() and not self._relay.is_complete:
            self._hear_no_more(over)

    def _read_chunk(self, chunk: bytes, data: bytes) -> None:
        """Reads a chunk after the first content that is not typical: ``data`` is what it carries."""
        try:
            out = self._feed(data)
        except UpstreamInvalid as error:
            self._give_up(error)
            return
        if self.tap is not None:
            self.tap(data)
        if self._relay.error is not None:
            out = self._discreet(out)
        if out is data and self._outlet is not None:
            self._outlet.emit(chunk)
            self._count(data)
        else:
            self._send(out)
        self._move_on()

    def _move_on(self) -> None:
        """Draws conclusions from what was read last."""
        relay = self._relay
        if self.foresight is not None and self._waits():
            return
        if relay.is_complete:
            self._conclude()
        elif relay.has_content and self.gate is None and not self.is_on_hold:
            if not self._has_begun:
                self._has_begun = True
                self._attempt.hear(self)
            shape = relay.shape
            if shape is not self._shape and self._passer is not None and self.tap is None:
                self._shape = shape
                self._passer.reshape(shape or NO_SHAPE)

    def _conclude(self) -> None:
        """The closing event has passed: the caller has all of it, whatever else the provider's connection does."""
        relay = self._relay
        if self._over is None and self._is_cut:
            self._attempt.hang_up()
        elif self._over is None:
            self._attempt.let_finish()
        if relay.error is not None:
            self._break_off(self._told())
            return
        rest = self._rest()
        gate, self.gate = self.gate, None
        if gate is not None:
            try:
                why = self._attempt.judge(gate, self._raw)
            except UpstreamInvalid as fault:
                self._fail(fault)
                return
            if why or gate.wants_another(self._attempt.route):
                self._leave()
                self._attempt.turn_down(why, relay.usage, partial(self._complete, rest))
                return
        self._complete(rest)

    def _complete(self, rest: bytes) -> None:
        if self.is_on_hold:
            self._kept_rest = rest
            if self.is_judged_whole:
                self._attempt.whole(self._used() if self._is_cut else self._relay.usage, self.go_on)
            return
        if self._is_held:
            self._release(rest)
        else:
            self._send(rest)
        self._leave()
        self._attempt.stream_ended(None)
        self._reply.end(self._used() if self._is_cut else self._relay.usage, self._relay.finish)

    def _send(self, out: bytes) -> None:
        if out:
            self._count(out)
            self._reply.request.send(out)

    def _count(self, out: bytes) -> None:
        self._reply.size += len(out)
        self._events += out.count(self._relay.mark)

    def _release(self, out: bytes) -> None:
        self._is_held = False
        admission = self._reply.lease.admission
        self._most_tokens = admission.output_tokens if admission is not None else None
        if self._most_tokens is None:
            self.deadline = NEVER
            self._deadlines.forget(self)
        else:
            self.deadline = self._deadlines.clock() + LOOK_S
            self._deadlines.watch(self)
        held, self._held = self._held, b""
        self._attempt.win()
        first = held + out
        self._opening = first.count(self._relay.mark), len(first)
        self._reply.start(first)

    def _look_at_length(self) -> None:
        """Breaks off an answer that is longer than it was to be.

        An event is at least a token; that a token can have many bytes, such as a dozen spaces, is allowed for.
        """
        most, passer, relay = self._most_tokens, self._passer, self._relay
        if most is None:
            return
        events = self._events + (passer.events if passer is not None else 0)
        size = self._reply.size + (passer.passed if passer is not None else 0) - self._opening[1]
        counted, likely = relay.likely_tokens(events, 0), relay.likely_tokens(events, size)
        if counted > most + SLACK_TOKENS or likely > LONGEST_TOKENS * most + SLACK_TOKENS:
            self._give_up(UpstreamInvalid("The provider's answer is longer than it was asked to be."))

    def _give_up(self, error: UpstreamError) -> None:
        """What the provider sends is not the dialect's: it is not listened to any longer."""
        self._attempt.hang_up()
        self._break_off(error)

    def _break_off(self, error: UpstreamError) -> None:
        """Ends the stream with an error: for the next target while nothing was sent, else for the caller.

        A provider that has told of an error itself is believed, and its words are not repeated.
        """
        relay = self._relay
        rest = self._rest()
        if relay.is_complete and relay.error is None and (relay.has_content or not self._is_held):
            self._complete(rest)
            return
        if relay.error is not None:
            error = self._told()
        if self._is_held:
            self._fail(error)
            return
        self._leave()
        self._attempt.stream_ended(error)
        if relay.error is None:
            rest += self._fault(self._reply.masked(error))
        self._reply.break_off(rest, error, self._used(), relay.finish)

    def _fault(self, error: StellwerkError) -> bytes:
        """The event that tells the caller of an error."""
        relay, reply = self._relay, self._reply
        if isinstance(relay, Translation):
            return relay.fault(error)
        envelope = reply.lease.envelope
        return reply.dialect.stream_error(error, envelope, close_half_event=not relay.is_between_events)

    @property
    def _is_cut(self) -> bool:
        """Whether a guardrail has ended the stream, so that the provider has not told what it used."""
        return getattr(self._relay, "is_cut", False)

    def _told(self) -> UpstreamUnavailable:
        """The error that the provider told of."""
        return UpstreamUnavailable(self._relay.error or "")

    def _rest(self) -> bytes:
        """What was held back of the stream; nothing when it cannot be read."""
        try:
            return self._discreet(self._relay.flush())
        except UpstreamInvalid:
            return b""

    def _discreet(self, out: bytes) -> bytes:
        """What is handed on; an error in our own words, where a provider's would show what it was called with."""
        told, reply = self._relay.error, self._reply
        if told is None or (reply.hide(told) == told and mask_body(out, *reply.secrets) == out):
            return out
        return self._fault(reply.masked(self._told()))

    def _fail(self, error: UpstreamError) -> None:
        self._leave()
        self._attempt.stream_failed(error)

    def _leave(self) -> None:
        """The stream is over: nothing may fire any more, and nothing holds a cycle of objects together."""
        self._deadlines.forget(self)
        self.deadline = NEVER
        self.is_on_hold = False
        errand, self._errand = self._errand, None
        if errand is not None:
            errand.cancel()
        self.foresight = self._over = None
        passer, self._passer = self._passer, None
        if passer is not None:
            self._reply.size += passer.passed
            self._events += passer.events

    def _used(self) -> Usage | None:
        """What the provider has used of a stream that was broken off: estimated, unless it has told of its end."""
        relay, reply = self._relay, self._reply
        if relay.finish and not self._is_cut:
            return relay.usage
        opening_events, opening_bytes = self._opening  # mostly a preamble, whose size tells nothing
        later = relay.likely_tokens(self._events, reply.size - opening_bytes)
        return reply.estimated(relay.usage, opening_events + later)
