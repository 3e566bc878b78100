"""One file on its way from its host: asked for without anything of the caller's, judged as it comes."""

from __future__ import annotations

import re
from typing import Protocol
from urllib.parse import quote

from stellwerk.core import url
from stellwerk.core.base64_text import Base64Text
from stellwerk.core.media import Link
from stellwerk.core.media_type import HEAD_BYTES, is_among, media_type_of, plain
from stellwerk.core.part import InlineSource
from stellwerk.core.snapshot import MediaSpec
from stellwerk.core.wire import Origin
from stellwerk.errors import EgressDenied, UpstreamError, UpstreamInvalid, UpstreamTimeout
from stellwerk.gateway.download_queue import DownloadQueue
from stellwerk.http.call import Call, Patience
from stellwerk.http.deadlines import NEVER
from stellwerk.http.fields import Headers
from stellwerk.http.pool import Pool

_ASCII = "".join(map(chr, range(0x21, 0x7F)))
_UNSHARED = re.compile(rb"no-store|no-cache|private")


class Receiver(Protocol):
    """Who waits for a file."""

    def on_bytes(self, size: int) -> str | None:
        """So many bytes have come. Returns why they are too many, if they are."""
        ...

    def on_file(self, link: Link, source: InlineSource, *, is_shared: bool) -> None:
        """The file is whole. ``is_shared`` says whether it may be kept for others."""
        ...

    def on_fault(self, link: Link, why: str) -> None:
        """There is no file. ``why`` is for the caller: it tells nothing of what lies behind a name."""
        ...


class Download:
    """Sink of one file. It has a connection of its own, which ends with it: callers name the hosts."""

    __slots__ = (
        "_call",
        "_declared",
        "_head",
        "_is_shared",
        "_link",
        "_origin",
        "_pool",
        "_queue",
        "_receiver",
        "_spec",
        "_text",
        "_type",
        "deadline",
    )

    def __init__(
        self, link: Link, origin: Origin, pool: Pool, queue: DownloadQueue, spec: MediaSpec, receiver: Receiver
    ) -> None:
        self.deadline = NEVER
        self._link = link
        self._queue = queue
        self._spec = spec
        self._receiver = receiver
        self._origin = origin
        self._pool = pool
        self._call: Call | None = None
        self._declared = ""
        self._head = b""
        self._is_shared = True
        self._text = Base64Text()
        self._type: str | None = None

    def start(self, expires: float) -> None:
        """Asks for the file when it is its turn; it must be here by ``expires`` in the clock of the pool."""
        self.deadline = expires
        self._queue.enter(self)

    def begin(self) -> None:
        """Asks for the file."""
        patience_s = self._spec.timeout_s
        patience = Patience(patience_s, patience_s, patience_s, patience_s)
        head = _question(self._link.url, self._origin.authority)
        self._call = Call(head, b"", self, is_streamed=True, patience=patience, expires=self.deadline)
        self._pool.send_alone(self._call, self._origin)

    def cancel(self) -> None:
        """Nobody wants the file any more."""
        if self._call is not None:
            self._call.cancel()
        self._queue.leave(self)

    def on_deadline(self, now: float) -> None:
        """Its turn did not come in time."""
        del now
        self.on_failure(UpstreamTimeout("The file could not be asked for in time."))

    def on_head(self, status: int, headers: Headers) -> bool:
        """Judges what can be judged before the first byte."""
        why = self._objection(status, headers)
        if why is not None:
            self._fail(why)
            return True
        self._declared = headers.get(b"content-type", b"").decode("latin-1")
        self._is_shared = _UNSHARED.search(headers.get(b"cache-control", b"").lower()) is None
        return True

    def on_body(self, data: bytes) -> None:
        """Takes more of the file: its type is judged as soon as it shows, its size all along."""
        self._text.feed(data)
        if self._text.size > self._spec.max_bytes:
            self._fail(self._too_large())
            return
        why = self._receiver.on_bytes(len(data))
        if why is not None:
            self._fail(why)
        elif len(self._head) < HEAD_BYTES:
            self._head += data[: HEAD_BYTES - len(self._head)]
            if len(self._head) == HEAD_BYTES:
                self._judge()

    def on_end(self) -> None:
        """The file is whole."""
        if len(self._head) < HEAD_BYTES and not self._judge():
            return
        self._queue.leave(self)
        if self._type is not None:
            source = InlineSource(self._type, self._text.finish())
            self._receiver.on_file(self._link, source, is_shared=self._is_shared)

    def on_answer(self, status: int, headers: Headers, body: bytes) -> None:
        """Never called: every answer is streamed."""
        raise AssertionError(status, headers, body)

    def on_failure(self, error: UpstreamError) -> None:
        """There is no answer, or it broke off. Its words may tell of addresses, so the caller gets others."""
        match error:
            case EgressDenied():
                why = "denied by egress policy"
            case UpstreamTimeout():
                why = f"timeout, it was not here within {self._spec.timeout_s:g} s or the request's own time"
            case UpstreamInvalid():
                why = "its host's answer broke off or is not valid HTTP"
            case _:
                why = "its host cannot be reached"
        self._fail(why)

    def _judge(self) -> bool:
        """Whether the file is what it has to be."""
        link = self._link
        found = media_type_of(link.noun, self._head, self._declared or link.media_type or "", link.url)
        if found is None:
            article = "an" if link.noun[0] in "ai" else "a"
            self._fail(f"not {article} {link.noun}")
        elif not is_among(found, self._spec.types):
            self._fail(f"{found} is not accepted")
        else:
            self._type = found
        return self._type is not None

    def _objection(self, status: int, headers: Headers) -> str | None:
        if 300 <= status < 400:
            return f"it redirects (status {status}), which is not followed"
        if status != 200:
            return f"status {status}"
        if plain(headers.get(b"content-encoding", b"identity").decode("latin-1")) != "identity":
            return "it is compressed, which was not asked for"
        length = headers.get(b"content-length", b"")
        return self._too_large() if length.isdigit() and int(length) > self._spec.max_bytes else None

    def _too_large(self) -> str:
        return f"too large, over {self._spec.max_bytes} bytes"

    def _fail(self, why: str) -> None:
        self.cancel()
        self._receiver.on_fault(self._link, why)


def _question(text: str, authority: str) -> bytes:
    """The head of the request for a URL that the egress guard let pass."""
    target = quote(url.read(text).target, safe=_ASCII)
    path = target if target.startswith("/") else f"/{target}"
    return (
        f"GET {path} HTTP/1.1\r\nhost: {authority}\r\naccept: */*\r\naccept-encoding: identity\r\n"
        "user-agent: stellwerk\r\nconnection: close\r\n\r\n"
    ).encode("ascii")
