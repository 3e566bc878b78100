"""A streamed answer that goes out as a whole: checks look at it as a whole too, and others need not wait for that.

What the guard will look at when a text has ended is known once the event has come that ends it. Where that is long,
the event and all behind it are parked; the compute process looks, or the worker does in slices while that is away; then
the events go on, and the guard finds its verdicts. Whatever it does not find, it judges itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from stellwerk.core.inspection import ANSWER_JOB, How, Looks, read_looks
from stellwerk.core.stream import UsageReported
from stellwerk.gateway.errand import Errand, Work
from stellwerk.gateway.watched import Watched
from stellwerk.screening.foresight import Listening, steps

if TYPE_CHECKING:
    from stellwerk.core.stream import StreamEvent
    from stellwerk.core.usage import Usage
    from stellwerk.gateway.dialect import Decoder
    from stellwerk.gateway.exchange import Exchange
    from stellwerk.gateway.watcher import Watcher
    from stellwerk.screening.judging import Panel
    from stellwerk.screening.stream_editing import StreamEditing
    from stellwerk.screening.stream_guard import StreamGuard
    from stellwerk.screening.tainted import TaintedTools

INLINE_CHARACTERS = 500
"""Texts that end together and are no longer are judged at once."""


class Foreseen(Watched):
    """A decoder whose events wait while what they end is being looked at. ``known`` is what ``panel`` knows."""

    __slots__ = ("_ahead", "_ear", "_is_closed", "_parked", "awaited", "known", "panel")

    def __init__(
        self,
        decoder: Decoder,
        tools: TaintedTools | None,
        guard: StreamGuard,
        restorer: StreamEditing | None,
        watcher: Watcher,
        panel: Panel,
        known: Looks,
    ) -> None:
        super().__init__(decoder, tools, guard, restorer, watcher)
        self.panel = panel
        self.known = known
        self.awaited: tuple[tuple[How, str], ...] = ()
        """The texts that have to be looked at before anything goes on."""
        self._ear: Listening | None = Listening()
        self._parked: deque[StreamEvent] = deque()
        self._ahead = 0  # so many of these, from the first on
        self._is_closed = False

    def flush(self) -> list[StreamEvent]:
        """The stream has ended, and nobody waits any more."""
        rest = [] if self._is_over or self._is_closed else self._decoder.flush()
        self._ear, self.awaited = None, ()
        return [*self._pass(rest), *self._rest()]

    def close(self) -> None:
        """The provider says no more: what the guard will look at then is awaited. Raises ``UpstreamInvalid``."""
        ear = self._ear
        if self._is_over or self._is_closed or ear is None or self.awaited:
            return
        self._is_closed = True
        for event in self._decoder.flush():
            ear.feed(event)
            self._parked.append(event)
        self._ahead = len(self._parked)
        ear.flush()
        self._await(ear)

    @property
    def usage(self) -> Usage | None:
        """What the provider has said that it used, among what is parked."""
        told = [event.usage for event in self._parked if isinstance(event, UsageReported)]
        return told[-1] if told else None

    def go_on(self) -> None:
        """What was awaited is known. The next ``feed``, also of nothing, gives what may go on."""
        self.awaited = ()

    def _pass(self, events: list[StreamEvent]) -> list[StreamEvent]:
        self._parked += events
        out: list[StreamEvent] = []
        while self._parked and not self._has_to_wait(self._parked[0]):
            self._ahead = max(self._ahead - 1, 0)
            out += super()._pass([self._parked.popleft()])
            if self._is_over:
                self._parked.clear()
        return out

    def _has_to_wait(self, event: StreamEvent) -> bool:
        ear = self._ear
        if ear is not None and not self._ahead:
            ear.feed(event)
            self._ahead = 1
            self._await(ear)
        return bool(self.awaited)

    def _await(self, ear: Listening) -> None:
        texts = ear.take()
        if sum(len(text) for _, text in texts) > INLINE_CHARACTERS:
            self.awaited = texts


class Foresight:
    """Has one stream's texts looked at. ``question`` makes the job's payload of them."""

    __slots__ = ("_exchange", "_question", "_stream", "deadline_s")

    def __init__(
        self,
        stream: Foreseen,
        exchange: Exchange,
        question: Callable[[tuple[tuple[How, str], ...]], bytes],
        deadline_s: float,
    ) -> None:
        self._stream = stream
        self._exchange = exchange
        self._question = question
        self.deadline_s = deadline_s
        """How long the compute process may take."""

    @property
    def usage(self) -> Usage | None:
        """What the provider has used, as far as it has said so behind what is being looked at."""
        return self._stream.usage

    def close(self) -> None:
        """The provider says no more. Raises ``UpstreamInvalid``."""
        self._stream.close()

    def begun(self, done: Callable[[], None]) -> Errand | None:
        """The work that has to be done before the stream goes on, to be started; nothing where none is.

        ``done`` is called when it has been, also before ``start`` returns.
        """
        stream, texts = self._stream, self._stream.awaited
        if not texts:
            return None

        def go_on() -> None:
            stream.go_on()
            done()

        work = Work(ANSWER_JOB, partial(self._question, texts), self._take, partial(self._steps, texts))
        scheduler = self._exchange.scheduler
        return Errand(work, scheduler.compute, scheduler.call_later, go_on, self._exchange.fail_by_defect)

    def _take(self, told: bytes) -> None:
        self._stream.known.update(read_looks(told))

    def _steps(self, texts: Iterable[tuple[How, str]]) -> Iterator[None]:
        return steps(texts, self._stream.panel, is_held=True)
