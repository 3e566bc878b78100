"""Looks at one request's answers: for what the output policy minds, and for what stands in for the caller's values."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING

from stellwerk.core.inspection import Looks
from stellwerk.core.part import Audio, Part, Text, ToolCall
from stellwerk.core.subject import Side, Speaker
from stellwerk.core.verdict import Verdict
from stellwerk.dialects.utterances import replaced, utterances
from stellwerk.gateway.foreseen import Foreseen
from stellwerk.gateway.interpreter import Interpreter
from stellwerk.gateway.reading_answers import reader_of, refuse_stream
from stellwerk.gateway.speeches import is_spoken
from stellwerk.gateway.stages import screen
from stellwerk.gateway.watched import Said, Watched
from stellwerk.screening.edits import How, Manner, apply
from stellwerk.screening.judging import Panel
from stellwerk.screening.report import Report
from stellwerk.screening.restoring import EVERY_TOOL, restore_reply, restored, stream_restorer
from stellwerk.screening.stream_guard import Mode, StreamGuard, guard_reply
from stellwerk.screening.tainted import TaintedTools
from stellwerk.screening.vault import Vault

if TYPE_CHECKING:
    from stellwerk.core.reply import Reply as Answer
    from stellwerk.core.snapshot import LimitsSpec
    from stellwerk.gateway.dialect import Decoder, Interpretation
    from stellwerk.gateway.reply import Reply
    from stellwerk.gateway.stages.screen import Judged
    from stellwerk.gateway.vault import Vault as Sealing
    from stellwerk.screening.guards import Guards


PSEUDONYMS = b"x-stellwerk-pseudonyms"
"""A caller with this header gets the values behind stand-ins, sealed, and brings them back with its next request."""
SESSION = b"x-stellwerk-session"
KEPT_ELSEWHERE = (b'"previous_response_id"', b'"conversation"', b'"cachedContent"', b'"cached_content"')
"""Members that name turns which a provider has kept."""
FIRST_NUMBER = 10_000
NUMBERS = 900_000
WITHHELD = "A guardrail does not let the provider's words through."
LEAST_SEALED = 24
MOST_SEALED = 16_384
"""Longer ones do not fit into a header."""


class Watcher:
    """A ``gateway.interpreter.Watch``: each stream has a transducer of its own, all write into one report."""

    __slots__ = (
        "_guards",
        "_limits",
        "_reader",
        "_reply",
        "_said",
        "_vault",
        "is_tainted",
        "judged",
        "known",
        "manner",
        "report",
        "stream",
        "values",
    )

    def __init__(self, guards: Guards, reply: Reply, limits: LimitsSpec, vault: Sealing) -> None:
        self._guards = guards
        self._reply = reply
        self._limits = limits
        self._vault = vault
        self.report = Report()
        self.manner = Manner(hows=guards.masks, key=vault.mask_key if How.HASH in guards.masks.values() else b"")
        """How values are masked."""
        self.values: Vault | None = self._opened() if guards.pseudonymizes else None
        """What stands for which value in this conversation."""
        self.known: Looks | None = None
        """What checks are known to say of the answer that is read next."""
        self.stream: Foreseen | None = None
        """The stream that was begun last, where it goes out as a whole."""
        self.judged: list[Judged] | None = None
        """The same of the texts of an answer that is no chat."""
        self._reader: Interpretation | None = None
        self._said: Said = {}
        self.is_tainted = False
        """Whether a text that nobody in the conversation wrote looks like an attack, and was let through."""

    @property
    def is_needed(self) -> bool:
        """Whether answers are looked at."""
        is_guarded = bool(self._guards.output_local or self._guards.output_remote)
        return is_guarded or self.is_tainted or self._restores

    @property
    def _restores(self) -> bool:
        return self.values is not None and not self.values.is_empty

    @property
    def _tools(self) -> dict[str, frozenset[str]] | None:
        """Which values are put back for which tool."""
        tools = self._guards.spec.unmask_tools
        if tools is None:
            return None
        return {EVERY_TOOL: frozenset(), **{name: frozenset(types) for name, types in tools.items()}}

    def fields(self) -> bytes:
        """Header lines that tell the caller what checks have come to, and hand it what it has to bring back."""
        told = b"" if self.report.is_empty else b"x-stellwerk-guardrail: %b\r\n" % self.report.header()
        if self.values is None or self.values.is_empty or PSEUDONYMS not in self._reply.request.headers:
            return told
        expires_s = int(self._reply.lease.started_ms / 1000 + self._guards.spec.pseudonyms_s)
        sealed = self.values.sealed_to_caller(self._vault.values_seal, self._tenant, expires_s)
        if sealed is None or len(sealed) > MOST_SEALED:
            return told
        return told + b"%b: %b\r\n" % (PSEUDONYMS, sealed.encode())

    @property
    def _tenant(self) -> str:
        return self._reply.lease.principal.key_name

    def _opened(self) -> Vault:
        """The values that the caller has brought back; none where it has not, or they are not its own."""
        headers = self._reply.request.headers
        session = headers.get(SESSION, b"").decode("ascii", "replace")
        values = Vault(self._guards.secret, session, notation=self._guards.notation)
        brought = headers.get(PSEUDONYMS, b"").decode("ascii", "replace")
        if len(brought) >= LEAST_SEALED:
            seal, now_s = self._vault.values_seal, self._reply.lease.started_ms / 1000
            if values.take(seal, self._tenant, brought, now_s):
                return values
        body = self._reply.lease.envelope.body
        if any(member in body for member in KEPT_ELSEWHERE):
            # turns that only the provider has may name values by numbers that mean others here
            first = FIRST_NUMBER + secrets.randbelow(NUMBERS)
            return Vault(self._guards.secret, session, first, self._guards.notation)
        return values

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

    def untainted(self, reply: Answer) -> Answer:
        """A whole answer without calls that somebody else may have talked the model into."""
        return TaintedTools(self._guards.spec.tainted_tools).reply(reply) if self.is_tainted else reply

    def reply(self, reply: Answer) -> Answer:
        """A whole answer as the caller may see it."""
        reply = self.untainted(reply)
        if self._guards.output_local:
            reply, verdicts, _ = guard_reply(reply, self.panel, Mode(self._guards.stream))
            self.known = None
            self.note(verdicts)
        if self._guards.output_remote:
            parts = (part for candidate in reply.candidates for part in candidate.message.parts)
            self._said = {(place, None): [_said(part)] for place, part in enumerate(parts) if _said(part)}
        return restore_reply(reply, self.values, self._tools) if self.values is not None and self._restores else reply

    def decoder(self, decoder: Decoder) -> Decoder:
        """A transducer that yields what of a streamed answer the caller may see."""
        tools = TaintedTools(self._guards.spec.tainted_tools) if self.is_tainted else None
        values = self.values if self._restores else None
        restorer = stream_restorer(values, self._tools) if values is not None else None
        if not self._guards.output_local:
            return Watched(decoder, tools, None, restorer, self)
        mode = Mode(self._guards.stream)
        if mode is not Mode.BUFFER:
            return Watched(decoder, tools, StreamGuard(self.panel, mode), restorer, self)
        known: Looks = {}
        panel = self._panel(known)
        self.stream = Foreseen(decoder, tools, StreamGuard(panel, mode), restorer, self, panel, known)
        return self.stream

    @property
    def choices(self) -> int:
        """How many answers the caller wants."""
        return self._reply.lease.envelope.choices

    @property
    def panel(self) -> Panel:
        """The checks of an answer."""
        return self._panel(self.known)

    def _panel(self, known: Looks | None) -> Panel:
        return Panel(self._guards.output_local, self.manner, sources=self.sources, known=known)

    @property
    def sources(self) -> tuple[str, ...]:
        """What an answer may rest on: all that others than the model have said before, where a check compares."""
        if not self._guards.needs_sources:
            return ()
        texts = utterances(self._reply.lease.envelope.body)
        return tuple(one.text for one in texts if one.speaker is not Speaker.ASSISTANT)

    @property
    def said(self) -> list[str]:
        """The texts of the answer that has become whole last, for services that judge it as a whole."""
        return ["".join(pieces) for pieces in self._said.values()]

    def hear(self, said: Said) -> None:
        """A stream has ended, which has said this."""
        self._said = said

    @property
    def is_heard(self) -> bool:
        """Whether anybody wants to know what streams say."""
        return bool(self._guards.output_remote)

    def words(self, text: str) -> str:
        """What a provider says of a failure, as the caller may read it."""
        judgement = self.panel.look(text)
        self.note(judgement.verdicts, is_whole=False)
        if judgement.is_blocked():
            return WITHHELD
        text = apply(text, judgement.edits).text
        return text if self.values is None else restored(text, self.values)

    def note(self, verdicts: Iterable[Verdict], *, is_whole: bool = True) -> None:
        """Puts into the report what the checks of an answer have said; of a part of one, only what they have found."""
        said = tuple(verdicts)
        for rule in self._guards.output_local:
            own = [verdict for verdict in said if verdict.check == rule.name]
            if own or is_whole:
                self.report.note(Side.OUTPUT, rule.name, own)

    def _look(self, body: bytes) -> bytes:
        """The JSON of an answer that is not chat, without what was found in it. Raises ``ContentBlocked``."""
        if body.lstrip()[:1] != b"{":
            return body
        spec, rules = self._guards.spec, self._guards.output_local
        judged, self.judged = self.judged, None
        if judged is None:
            judged = [screen.judge(rules, text, Side.OUTPUT) for text in utterances(body)]
        screen.note(self.report, Side.OUTPUT, rules, judged)
        error = screen.refusal((verdict for one in judged for verdict in one.verdicts), spec.message, spec.help_texts)
        if error is not None:
            raise error
        if self._guards.output_remote:
            self._said = {(place, None): [one.utterance.text] for place, one in enumerate(judged)}
        body = screen.edited(judged, body, self.manner)
        values = self.values
        if values is None or values.is_empty:
            return body
        texts = ((one, restored(one.text, values)) for one in utterances(body))
        return replaced(body, [(one, text) for one, text in texts if text != one.text])


def _said(part: Part) -> str:
    """The words of a part, for services that judge an answer as a whole."""
    match part:
        case ToolCall():
            return part.arguments
        case Audio():
            return part.transcript or ""
        case Text():
            cited = (citation.cited_text for citation in part.citations)
            return "\n".join(filter(None, (part.text, *cited)))
        case _:
            return getattr(part, "text", "")
