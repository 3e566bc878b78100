"""One connection to an upstream: a call goes out, its answer comes in, and the connection is used again or not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import httptools

from stellwerk.errors import UpstreamError, UpstreamInvalid, UpstreamTimeout, UpstreamUnavailable
from stellwerk.http.call import Call
from stellwerk.http.deadlines import NEVER
from stellwerk.http.listener import Listener
from stellwerk.http.whole_answer import read_whole

if TYPE_CHECKING:
    from stellwerk.http.pool import Lane

MAX_HEAD_BYTES = 262_144
JOIN_BYTES = 65_536
"""Up to here head and body are copied into one write; above, they are written one after the other."""


class UpstreamConnection(asyncio.Protocol):
    """A keep-alive connection that carries one call at a time.

    It belongs to its call from ``start`` until the answer is whole; only then, and in one step, it goes back to its
    lane. It is used again only if both sides agreed, the request was written, and not a byte is left over.
    """

    __slots__ = (
        "_answer_bytes",
        "_at_chunk",
        "_call",
        "_deadlines",
        "_has_surplus",
        "_headers",
        "_hear",
        "_in_head",
        "_is_framed",
        "_is_paused",
        "_is_streaming",
        "_is_whole",
        "_keeps_alive",
        "_lane",
        "_listener",
        "_parser",
        "_pieces",
        "_status",
        "_used",
        "clock",
        "deadline",
        "transport",
        "write",
    )

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._deadlines = lane.deadlines
        self.clock = lane.deadlines.clock
        self._hear: Callable[[bytes], None] | None = None
        self._listener: Callable[[bytes], None] | None = None
        self._call: Call | None = None
        self._headers: dict[bytes, bytes] = {}
        self._pieces: list[bytes] = []
        self._parser = httptools.HttpResponseParser(self)
        self._answer_bytes = 0
        self._at_chunk = False
        self._is_framed = False
        self._is_paused = False
        self._is_streaming = False
        self._in_head = True
        self._is_whole = False
        self._has_surplus = False
        self._keeps_alive = False
        self._status = 0
        self._used = False
        self.deadline = NEVER

    # -- what the pool and the call's owner want

    def start(self, call: Call) -> None:
        """Sends ``call``. The connection must be free."""
        self._call = call
        call.connection = self
        self._is_whole = self._keeps_alive = False
        self._in_head = True
        self._answer_bytes = 0
        self._headers = {}
        body = call.body
        if len(body) <= JOIN_BYTES:
            self.write(call.head + body)
            first_byte_s = call.patience.first_byte_s
            if first_byte_s < NEVER:
                self._expire_in(first_byte_s)
            else:
                self.deadline = deadline = call.expires
                if deadline < self._deadlines.wake:
                    self._deadlines.hasten(deadline)
            return
        self.transport.writelines((call.head, body))
        is_stuck = self.transport.get_write_buffer_size() > JOIN_BYTES
        self._expire_in(call.patience.write_s if is_stuck else call.patience.first_byte_s)

    def abandon(self) -> None:
        """Gives the call up: the upstream sees the connection end at once."""
        self._call = None
        self._drop()

    def pause(self) -> None:
        """Stops reading. No deadline runs meanwhile: it is the caller that is slow, and the front bounds that."""
        if not self._is_paused and not self.transport.is_closing():
            self._is_paused = True
            self.deadline = NEVER if self._call is None else self._call.expires
            self.transport.pause_reading()

    def resume(self) -> None:
        """Goes on reading."""
        if self._is_paused and not self.transport.is_closing():
            self._is_paused = False
            self.transport.resume_reading()
            if self._call is not None:
                self._expire_in(self._call.patience.idle_s)

    def attend(self) -> None:
        """Takes note of who hears the call now and how long it may take; a pause in the answer begins anew."""
        call = self._call
        if call is not None:
            self._hear = None if call.hearer is None else call.hearer(self, call.patience.idle_s)
            self._listen()
            if not self._is_paused:
                self._expire_in(call.patience.idle_s)

    def rest(self, seconds: float) -> None:
        """Waits for the next call, for so long."""
        deadlines = self._deadlines
        self.deadline = deadline = deadlines.clock() + seconds
        if deadline < deadlines.wake:
            deadlines.hasten(deadline)

    def retire(self) -> None:
        """Takes no further call: ends with the one under way, or now."""
        self._has_surplus = True
        if self._call is None:
            self.close()

    def close(self) -> None:
        """Ends a free connection; what is still unsent of a request nobody waits for any more."""
        if self.transport.get_write_buffer_size() > 0:
            self.transport.abort()
        else:
            self.transport.close()

    # -- what the event loop says

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self.transport = cast("asyncio.Transport", transport)
        self._deadlines.watch(self)
        self.write = self._lane.outbox.writer(self.transport)

    def data_received(self, data: bytes) -> None:
        """Reads more of the answer."""
        call = self._call
        if call is None:
            self._drop()
            return
        is_plain = not (call.has_answer or call.is_streamed or self._is_paused or self._has_surplus)
        if is_plain and self._answers_at_once(call, data):
            return
        self._used = True
        call.has_answer = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError:
            if self._call is not None:
                raise
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(UpstreamInvalid(f"The provider's answer is not valid HTTP/1.1: {error}."))
        else:
            if self._call is not call:
                return
            if self._is_whole:
                self._finish(call)
            else:
                # A read that ends inside a size line has left the boundary without the parser having said so.
                self._at_chunk = self._at_chunk and data.endswith(b"\r\n")
                self._listen()
                self._await_rest(call, len(data))

    def eof_received(self) -> None:
        """The upstream has closed its side: whatever is missing will not come."""
        call = self._call
        if call is not None and self._ends_with_connection():
            self._finish(call)
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone; so is an answer that was not whole."""
        self._lane.forget(self)
        call = self._call
        if call is None:
            return
        if exc is None and self._ends_with_connection():
            self._finish(call)
        elif call.has_answer:
            self._fail(UpstreamInvalid("The provider's answer broke off."))
        elif self._used and call.repeats == 0:
            self._call = None
            call.connection = None
            call.repeats = 1
            self._lane.send_again(call)
        else:
            message = "The provider closed the connection without an answer."
            self._fail(UpstreamUnavailable(message, may_be_billed=True))

    def resume_writing(self) -> None:
        """The request is written: from here on the upstream is asked for its first byte."""
        if self._call is not None and not self._call.has_answer:
            self._expire_in(self._call.patience.first_byte_s)

    def on_deadline(self, now: float) -> None:
        """A phase took too long, or the connection has rested long enough."""
        self.deadline = NEVER
        call = self._call
        if call is None:
            self._drop()
            return
        if now >= call.expires:
            what = "the deadline passed"
        elif call.has_answer:
            what = f"nothing came for {call.patience.idle_s:g} s"
        elif self.transport.get_write_buffer_size() > JOIN_BYTES:
            what = f"the request could not be sent within {call.patience.write_s:g} s"
        else:
            what = f"no answer within {call.patience.first_byte_s:g} s"
        self._fail(UpstreamTimeout(f"The provider did not answer in time: {what}.", may_be_billed=True))

    # -- what the parser says

    def on_message_begin(self) -> None:
        """An answer begins; a second one to the same call is surplus, and spoils the connection."""
        if self._is_whole:
            self._has_surplus = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field of the head; trailers are read over."""
        if self._in_head and not self._is_whole:
            headers = self._headers
            name = name.lower()
            headers[name] = value if name not in headers else b"%b, %b" % (headers[name], value)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        call = self._call
        status = self._parser.get_status_code()
        if call is None or self._is_whole or 100 <= status < 200:
            return
        if not 200 <= status <= 599:
            self._fail(UpstreamInvalid(f"The provider's answer has the status {status}, which means nothing."))
            return
        self._in_head = False
        self._status = status
        headers = self._headers
        self._answer_bytes = 0
        coding = headers.get(b"transfer-encoding")
        if coding is not None:
            if coding.strip().lower() != b"chunked":
                self._fail(UpstreamInvalid("The provider's answer has a Transfer-Encoding that nobody asked for."))
                return
            self._is_framed = True
        if call.is_streamed:
            self._is_streaming = call.sink.on_head(status, headers)
            self._at_chunk = self._is_streaming and self._is_framed
            if call.hearer is not None:
                self.attend()

    def on_chunk_header(self) -> None:
        """A chunk begins that the parser reads itself."""
        self._at_chunk = False

    def on_chunk_complete(self) -> None:
        """The parser stands between two chunks."""
        self._at_chunk = self._is_streaming

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        call = self._call
        if call is None or self._is_whole:
            return
        if self._is_streaming:
            call.sink.on_body(data)
            return
        self._answer_bytes += len(data)
        if self._answer_bytes > self._lane.max_reply_bytes:
            self._fail(UpstreamInvalid(f"The provider's answer is over {self._lane.max_reply_bytes} bytes."))
            return
        self._pieces.append(data)

    def on_message_complete(self) -> None:
        """The answer is whole, unless it was only a provisional one."""
        if self._is_whole:
            return
        if self._parser.get_status_code() < 200:
            self._headers = {}
        else:
            self._is_whole = True
            self._keeps_alive = self._parser.should_keep_alive()

    # -- endings

    def _answers_at_once(self, call: Call, data: bytes) -> bool:
        """Finishes the call if its whole answer is here in the plainest form; the parser never learns of it."""
        whole = read_whole(data) if len(data) <= self._lane.max_reply_bytes else None
        if whole is None or (len(call.body) > JOIN_BYTES and self.transport.get_write_buffer_size() > 0):
            return False
        headers, body = whole
        self._used = call.has_answer = True
        self._call = call.connection = call.lane = None
        self._lane.give_back(self)
        call.sink.on_answer(200, headers, body)
        return True

    def _listen(self) -> None:
        """Lets the event loop tell whoever hears the stream directly of what comes, or this connection again.

        A stream mostly arrives as one whole chunk per read. Such a chunk can be taken together with its framing, so
        that it neither passes the parser nor is framed again; the parser stands at a chunk boundary before and after,
        and never learns of it.
        """
        hear = self._hear if self._at_chunk else None
        if hear is not self._listener:
            self._listener = hear
            self.transport.set_protocol(self if hear is None else Listener(self, hear))

    def _await_rest(self, call: Call, size: int) -> None:
        """The answer is not whole yet: bounds its head in bytes and the pause before the rest in time."""
        if self._in_head:
            self._answer_bytes += size
            if self._answer_bytes > MAX_HEAD_BYTES:
                self._fail(UpstreamInvalid(f"The provider's answer has a head over {MAX_HEAD_BYTES} bytes."))
                return
        if not self._is_paused:
            self._expire_in(call.patience.idle_s)

    def _finish(self, call: Call) -> None:
        """Hands the connection back first and the answer on second: its owner may start the next call at once."""
        status, headers = self._status, self._headers
        pieces = self._pieces
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        is_streaming = self._is_streaming
        is_reusable = self._keeps_alive and not self._has_surplus
        if self._is_paused:
            self.resume()
        self._call = None
        call.connection = None
        call.lane = None
        self._at_chunk = self._is_framed = self._is_streaming = False
        self._listen()
        if is_reusable and (len(call.body) <= JOIN_BYTES or self.transport.get_write_buffer_size() == 0):
            self._lane.give_back(self)
        else:
            self.close()
        if is_streaming:
            call.sink.on_end()
        else:
            call.sink.on_answer(status, headers, body)

    def _fail(self, error: UpstreamError) -> None:
        call, self._call = self._call, None
        self._drop()
        if call is not None:
            call.connection = None
            call.lane = None
            call.sink.on_failure(error)

    def _drop(self) -> None:
        self.deadline = NEVER
        self._at_chunk = False
        self._listen()
        self.transport.abort()

    def _ends_with_connection(self) -> bool:
        """Whether the answer under way is one whose end is the end of the connection."""
        headers = self._headers
        return not self._in_head and b"content-length" not in headers and not self._is_framed

    def _expire_in(self, seconds: float) -> None:
        call = cast("Call", self._call)
        deadlines = self._deadlines
        deadline = deadlines.clock() + seconds
        self.deadline = deadline = min(deadline, call.expires)
        if deadline < deadlines.wake:
            deadlines.hasten(deadline)
