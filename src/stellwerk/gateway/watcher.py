"""Looks at one request's answers: for what the output policy minds, and for what stands in for the caller's values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stellwerk.core.subject import Side
from stellwerk.dialects.utterances import utterances
from stellwerk.gateway.interpreter import Interpreter
from stellwerk.gateway.reading_answers import reader_of, refuse_stream
from stellwerk.gateway.speeches import is_spoken
from stellwerk.gateway.stages import screen

if TYPE_CHECKING:
    from stellwerk.core.reply import Reply as Answer
    from stellwerk.core.snapshot import LimitsSpec
    from stellwerk.gateway.dialect import Decoder, Interpretation
    from stellwerk.gateway.reply import Reply
    from stellwerk.screening.guards import Guards
    from stellwerk.screening.report import Report


class Watcher:
    """A ``gateway.interpreter.Watch``: each stream has a transducer of its own, all write into one report."""

    __slots__ = ("_guards", "_limits", "_reader", "_reply", "_report")

    def __init__(self, guards: Guards, reply: Reply, report: Report, limits: LimitsSpec) -> None:
        self._guards = guards
        self._reply = reply
        self._report = report
        self._limits = limits
        self._reader: Interpretation | None = None

    @property
    def is_needed(self) -> bool:
        """Whether answers are looked at."""
        return bool(self._guards.output_local)

    def stand_in(self, kind: str, value: str) -> str:
        """What a provider sees in the place of a value."""
        del value
        return f"[{kind}]"

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
        return reply

    def decoder(self, decoder: Decoder) -> Decoder:
        """A transducer that yields what of a streamed answer the caller may see."""
        return decoder

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
        return screen.edited(judged, body, self.stand_in)
