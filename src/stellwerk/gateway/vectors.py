"""Vectors of texts from a service, asked by the worker: for embedders that the compute process cannot have.

A service that is away, slow, or says what cannot be understood gives none: a miss. After several failures in a row it
is left alone for a while.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from stellwerk.core.vector import packed
from stellwerk.errors import StellwerkError
from stellwerk.http.call import Call, Patience, frame
from stellwerk.http.fields import Headers
from stellwerk.http.pool import Pool
from stellwerk.ports.embedder import RemoteEmbedder

if TYPE_CHECKING:
    from stellwerk.gateway.scheduler import Scheduler

Hear: TypeAlias = Callable[[tuple[bytes, ...] | None], None]

FAILURES = 5
COOL_DOWN_S = 10.0
MOST_KNOWN = 1_024
"""Texts whose vectors are remembered: what is not found is kept a moment later."""


class Vectors:
    """A service, and what it gave lately."""

    def __init__(self, embedder: RemoteEmbedder, pool: Pool) -> None:
        self._embedder = embedder
        self._pool = pool
        self._authority = embedder.origin.authority.encode()
        self._known: OrderedDict[str, bytes] = OrderedDict()
        self._failures = 0
        self._blocked_until = 0.0

    def known(self, text: str) -> bytes | None:
        """The packed vector of a text that was asked about lately."""
        return self._known.get(text)

    def ask(self, texts: tuple[str, ...], scheduler: Scheduler, timeout_s: float, hear: Hear) -> Asking | None:
        """Asks for the packed vectors of a few texts; ``None`` where the service is left alone, or cannot be asked.

        ``hear`` is called once, never before this returns, with nothing where the service gave none.
        """
        now = scheduler.deadlines.clock()
        if now < self._blocked_until:
            return None
        try:
            wire = self._embedder.prepare(texts)
        except Exception as error:  # noqa: BLE001  # it may be a plugin, which can fail in any way
            scheduler.log.warning("no_vectors", reason=type(error).__name__)
            return None
        asking = Asking(lambda answer: hear(self._take(texts, answer, scheduler)))
        head = frame(wire.method, wire.path, self._authority, wire.fields, len(wire.body))
        patience = Patience(timeout_s, timeout_s, timeout_s, timeout_s)
        asking.call = call = Call(
            head, wire.body, asking, is_streamed=False, patience=patience, expires=now + timeout_s
        )
        self._pool.lane(self._embedder.origin).send(call)
        return asking

    def _take(
        self, texts: tuple[str, ...], answer: tuple[int, Headers, bytes] | None, scheduler: Scheduler
    ) -> tuple[bytes, ...] | None:
        found: tuple[bytes, ...] | None = None
        if answer is not None:
            try:
                found = tuple(map(packed, self._embedder.read(texts, *answer)))
            except Exception as error:  # noqa: BLE001  # it may be a plugin, which can fail in any way
                scheduler.log.warning("no_vectors", reason=type(error).__name__)
        if found is None or len(found) != len(texts):
            self._failures += 1
            if self._failures >= FAILURES:
                self._failures = 0
                self._blocked_until = scheduler.deadlines.clock() + COOL_DOWN_S
            return None
        self._failures = 0
        for text, vector in zip(texts, found, strict=True):
            self._known[text] = vector
        while len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        return found


class Asking:
    """One question on its way."""

    __slots__ = ("_hear", "call")

    def __init__(self, hear: Callable[[tuple[int, Headers, bytes] | None], None]) -> None:
        self._hear = hear
        self.call: Call | None = None

    def cancel(self) -> None:
        """Nobody waits for it any more: nothing is heard of it."""
        call, self.call = self.call, None
        if call is not None:
            call.cancel()

    def on_head(self, status: int, headers: Headers) -> bool:
        """Every answer is taken whole."""
        del status, headers
        return False

    def on_answer(self, status: int, headers: Headers, body: bytes) -> None:
        """A whole answer."""
        self.call = None
        self._hear((status, headers, body))

    def on_failure(self, error: StellwerkError) -> None:
        """No answer."""
        del error
        self.call = None
        self._hear(None)

    def on_body(self, data: bytes) -> None:
        """Never called: no answer is streamed."""
        raise AssertionError(data)

    def on_end(self) -> None:
        """Never called: no answer is streamed."""
        raise AssertionError
