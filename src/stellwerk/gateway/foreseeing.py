"""Looks at long answers before they are read: in the compute process, or here in slices while that is away.

Reading an answer takes the verdicts on its texts at once, and judging a long one takes tens of milliseconds, for which
all other requests of the worker would wait. So what checks will look at is judged beforehand, and reading finds it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from stellwerk.core.inspection import ANSWER_JOB, CheckSpec, How, InspectAnswer, question, read_looks
from stellwerk.core.subject import Side
from stellwerk.dialects.utterances import utterances
from stellwerk.gateway.errand import Errand, Work
from stellwerk.gateway.foreseen import Foresight
from stellwerk.gateway.inspecting import Inspecting, weight
from stellwerk.gateway.interpreter import Interpreter
from stellwerk.gateway.reading_answers import Again, Bytewise
from stellwerk.screening.foresight import steps, texts_of

if TYPE_CHECKING:
    from stellwerk.core.usage import Usage
    from stellwerk.gateway.configuration import Route
    from stellwerk.gateway.dialect import Interpretation
    from stellwerk.gateway.exchange import Exchange
    from stellwerk.gateway.stages.screen import Judged
    from stellwerk.gateway.watcher import Watcher
    from stellwerk.screening.guards import Guards

INLINE_CHARACTERS = 500
"""Texts of an answer that together are no longer are judged when it is read."""

Texts: TypeAlias = tuple[tuple[How, str], ...]


class Foreseeing:
    """What becomes of one request's whole answers before they are read."""

    __slots__ = ("_guards", "_watcher")

    def __init__(self, guards: Guards, watcher: Watcher) -> None:
        self._guards = guards
        self._watcher = watcher

    def begun(
        self, exchange: Exchange, reader: Interpretation, route: Route, body: bytes, done: Callable[[], None]
    ) -> tuple[Errand | Inspecting, Usage | None] | None:
        """The work on an answer, to be started, and what the answer has used; nothing where it is read at once.

        ``done`` is called when it may be read, also before ``start`` returns. Raises ``UpstreamInvalid``.
        """
        if len(body) <= INLINE_CHARACTERS or not self._guards.output_local:
            return None
        if isinstance(reader, Bytewise):
            return self._in_the_bytes(exchange, reader, body, done)
        if not isinstance(reader, Interpreter | Again):  # others make answers without words
            return None
        reply = reader.decoded(route, body)
        texts = texts_of(self._watcher.untainted(reply))
        if sum(len(text) for _, text in texts) <= INLINE_CHARACTERS:
            return None
        work = Work(ANSWER_JOB, partial(self._question, texts), self._take, partial(self._steps, texts))
        scheduler = exchange.scheduler
        return Errand(work, scheduler.compute, scheduler.call_later, done, exchange.fail_by_defect), reply.usage

    def _in_the_bytes(
        self, exchange: Exchange, reader: Bytewise, body: bytes, done: Callable[[], None]
    ) -> tuple[Inspecting, Usage | None] | None:
        """The same of an answer that is no chat, such as the results of a batch."""
        texts = utterances(body) if body.lstrip()[:1] == b"{" else ()
        if weight(texts) <= INLINE_CHARACTERS:
            return None
        judged: list[Judged] = []

        def conclude() -> None:
            self._watcher.judged = judged
            done()

        rules = self._guards.output_local
        inspecting = Inspecting(
            rules, texts, judged, Side.OUTPUT, exchange.scheduler, conclude, exchange.fail_by_defect
        )
        return inspecting, reader.usage(body)

    def of_stream(self, exchange: Exchange, deadline_s: float) -> Foresight | None:
        """The work on the stream that was begun last, where it goes out as a whole."""
        stream, self._watcher.stream = self._watcher.stream, None
        return Foresight(stream, exchange, self._question, deadline_s) if stream is not None else None

    def _question(self, texts: Texts) -> bytes:
        checks = tuple(
            CheckSpec(rule.name, rule.use, dict(rule.options), rule.action, dict(rule.actions), rule.failure)
            for rule in self._guards.output_local
        )
        return question(InspectAnswer(checks, texts, self._is_held, self._watcher.sources))

    def _take(self, told: bytes) -> None:
        self._watcher.known = read_looks(told)

    def _steps(self, texts: Texts) -> Iterator[None]:
        self._watcher.known = {}
        return steps(texts, self._watcher.panel, is_held=self._is_held)

    @property
    def _is_held(self) -> bool:
        return self._guards.stream == "buffer"
