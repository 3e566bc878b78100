"""Looks at one request's answers: for what the output policy minds, and for what stands in for the caller's values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from stellwerk.core.stream import Ended, StreamEvent, ToolCallDelta
from stellwerk.core.subject import Side
from stellwerk.core.verdict import Verdict
from stellwerk.dialects.utterances import utterances
from stellwerk.gateway.interpreter import Interpreter
from stellwerk.gateway.reading_answers import reader_of, refuse_stream
from stellwerk.gateway.speeches import is_spoken
from stellwerk.gateway.stages import screen
from stellwerk.screening.edits import Manner
from stellwerk.screening.judging import Panel
from stellwerk.screening.stream_guard import Mode, StreamGuard, guard_reply
from stellwerk.screening.tainted import TaintedTools

if TYPE_CHECKING:
    from stellwerk.core.reply import Reply as Answer
    from stellwerk.core.snapshot import LimitsSpec
    from stellwerk.gateway.dialect import Decoder, Interpretation
    from stellwerk.gateway.reply import Reply
    from stellwerk.screening.guards import Guards
    from stellwerk.screening.report import Report


class Watcher:
    """A ``gateway.interpreter.Watch``: each stream has a transducer of its own, all write into one report."""

    __slots__ = ("_guards", "_limits", "_manner", "_reader", "_reply", "_report", "_said", "is_tainted")

    def __init__(self, guards: Guards, reply: Reply, report: Report, limits: LimitsSpec) -> None:
        self._guards = guards
        self._reply = reply
        self._report = report
        self._limits = limits
        self._manner = Manner(hows=guards.masks)
        self._reader: Interpretation | None = None
        self._said: dict[tuple[int, type[StreamEvent]], list[str]] = {}
        self.is_tainted = False
        """Whether a text that nobody in the conversation wrote looks like an attack, and was let through."""

    @property
    def is_needed(self) -> bool:
        """Whether answers are looked at."""
        return bool(self._guards.output_local or self._guards.output_remote) or self.is_tainted

    @property
    def manner(self) -> Manner:
        """How values are replaced."""
        return self._manner

    def reader(self, interpreter: Interpretation | None) -> Interpretation | None:
        """Who reads the answer of a target; ``interpreter`` translates for it, where anybody does.

        Raises ``InvalidRequest`` where nobody can look into such an answer.
        """
        if not self.is_needed:
            return interpreter
        if interpreter is not None:
            if isinstance(interpreter, Interpreter):  # all others make answers without words: vectors and counts
                interpreter.watch = self
            return interpreter
        if self._reader is None:
            dialect, lease = self._reply.dialect, self._reply.lease
            if lease.envelope.is_stream and not is_spoken(dialect.name):
                raise refuse_stream(dialect.name)
            self._reader = reader_of(dialect, lease.envelope, lease.request_id, self._limits, self, self._look)
        return self._reader

    def reply(self, reply: Answer) -> Answer:
        """A whole answer as the caller may see it."""
        if self.is_tainted:
            reply = TaintedTools(self._guards.spec.tainted_tools).reply(reply)
        if self._guards.output_local:
            reply, verdicts, _ = guard_reply(reply, self.panel, Mode(self._guards.spec.stream))
            self.note(verdicts)
        return reply

    def decoder(self, decoder: Decoder) -> Decoder:
        """A transducer that yields what of a streamed answer the caller may see."""
        tools = TaintedTools(self._guards.spec.tainted_tools) if self.is_tainted else None
        guard = StreamGuard(self.panel, Mode(self._guards.spec.stream)) if self._guards.output_local else None
        return Watched(decoder, tools, guard, self)

    @property
    def choices(self) -> int:
        """How many answers the caller wants."""
        return self._reply.lease.envelope.choices

    @property
    def panel(self) -> Panel:
        """The checks of an answer."""
        return Panel(self._guards.output_local, self._manner)

    @property
    def said(self) -> list[str]:
        """The texts of a streamed answer."""
        return ["".join(pieces) for pieces in self._said.values()]

    def hear(self, event: StreamEvent) -> None:
        """Keeps what a stream says, for services that judge it as a whole."""
        text = event.arguments if isinstance(event, ToolCallDelta) else getattr(event, "text", "")
        if text and self._guards.output_remote:
            self._said.setdefault((getattr(event, "candidate", 0), type(event)), []).append(text)

    def note(self, verdicts: Iterable[Verdict]) -> None:
        """Puts into the report what the checks of an answer have said."""
        said = tuple(verdicts)
        for rule in self._guards.output_local:
            self._report.note(Side.OUTPUT, rule.name, [verdict for verdict in said if verdict.check == rule.name])

    def _look(self, body: bytes) -> bytes:
        """The JSON of an answer that is not chat, without what was found in it. Raises ``ContentBlocked``."""
        if body.lstrip()[:1] != b"{":
            return body
        spec, rules = self._guards.spec, self._guards.output_local
        judged = [screen.judge(rules, text, Side.OUTPUT) for text in utterances(body)]
        screen.note(self._report, Side.OUTPUT, rules, judged)
        error = screen.refusal((verdict for one in judged for verdict in one.verdicts), spec.message, spec.help_texts)
        if error is not None:
            raise error
        return screen.edited(judged, body, self._manner)


class Watched:
    """A decoder whose events are looked at. Once every answer has been cut, the provider is not listened to further."""

    __slots__ = ("_decoder", "_guard", "_is_over", "_tools", "_watcher", "is_cut")

    def __init__(
        self, decoder: Decoder, tools: TaintedTools | None, guard: StreamGuard | None, watcher: Watcher
    ) -> None:
        self._decoder = decoder
        self._tools = tools
        self._guard = guard
        self._watcher = watcher
        self._is_over = False
        self.is_cut = False
        """Whether the stream has been ended before the provider has."""

    def feed(self, data: bytes) -> list[StreamEvent]:
        """What the caller may see. Raises ``UpstreamInvalid``."""
        return [] if self._is_over else self._pass(self._decoder.feed(data))

    def flush(self) -> list[StreamEvent]:
        """The stream has ended."""
        return [] if self._is_over else [*self._pass(self._decoder.flush()), *self._rest()]

    def _rest(self) -> list[StreamEvent]:
        """What was held of a stream that broke off."""
        if self._is_over or self._guard is None:
            return []
        rest = self._guard.flush()
        self._end()
        return rest

    def _pass(self, events: list[StreamEvent]) -> list[StreamEvent]:
        out: list[StreamEvent] = []
        for event in events:
            for allowed in self._tools.feed(event) if self._tools is not None else (event,):
                self._watcher.hear(allowed)
                out += self._guard.feed(allowed) if self._guard is not None else (allowed,)
            if isinstance(event, Ended):
                self._end()
            elif self._count_of_cut() >= self._watcher.choices:
                self.is_cut = True
                out.append(Ended())
                self._end()
                break
        return out

    def _count_of_cut(self) -> int:
        cut: set[int] = set()
        for one in (self._tools, self._guard):
            cut |= one.cut if one is not None else set()
        return len(cut)

    def _end(self) -> None:
        self._is_over = True
        if self._guard is not None:
            self._watcher.note(self._guard.verdicts)
