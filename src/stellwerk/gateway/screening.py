"""One request's guardrails: they look at it before it is asked, and at its answer.

Local checks judge short texts at once. Long ones go to the compute process; while that is away they are judged here,
one text after the other, in the gaps between other requests. Checks that ask a service do so side by side, after the
local ones. What a check cannot say in time, it has not said: the policy then decides, and it is never taken for a pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from stellwerk.core.subject import Side, Speaker
from stellwerk.core.taxonomy import Threat
from stellwerk.core.verdict import Verdict
from stellwerk.dialects.openai_passage.envelope import with_body
from stellwerk.dialects.openai_passage.forms import UNREAD
from stellwerk.dialects.utterances import utterances
from stellwerk.errors import StellwerkError
from stellwerk.gateway.answer_screening import AnswerScreening
from stellwerk.gateway.foreseeing import Foreseeing
from stellwerk.gateway.form_reading import MOST_ASKED, form_of, reading
from stellwerk.gateway.inquiry import Inquiry, inquire
from stellwerk.gateway.inspecting import CHARACTERS_OF_A_TEXT, Inspecting, weight
from stellwerk.gateway.slices import Slices
from stellwerk.gateway.stages import screen
from stellwerk.gateway.stages.screen import Judged
from stellwerk.text.reading import read

if TYPE_CHECKING:
    from stellwerk.core.acceptance import Acceptance
    from stellwerk.core.envelope import Envelope
    from stellwerk.dialects.openai_passage.forms import Form
    from stellwerk.dialects.utterances import Utterance
    from stellwerk.gateway.custody import Custody
    from stellwerk.gateway.dialect import Interpretation
    from stellwerk.gateway.exchange import Exchange
    from stellwerk.gateway.inquiry import Service
    from stellwerk.gateway.reply import Reply
    from stellwerk.gateway.stream import StreamReply
    from stellwerk.gateway.watcher import Watcher
    from stellwerk.screening.guards import Guards

INLINE_CHARACTERS = 1_500
"""Texts that together are no longer are judged at once: they take a millisecond or two."""


class Screening:
    """Owner of the caller's request while it is being looked at."""

    __slots__ = (
        "_answers",
        "_custody",
        "_ends",
        "_errand",
        "_exchange",
        "_form",
        "_go",
        "_guards",
        "_held",
        "_inquiries",
        "_is_done",
        "_judged",
        "_reply",
        "_services",
        "_texts",
        "_watcher",
        "is_pending",
        "report",
    )

    def __init__(
        self,
        guards: Guards,
        services: Mapping[str, Service],
        reply: Reply,
        watcher: Watcher,
        custody: Custody | None = None,
    ) -> None:
        """``services`` says how those checks are asked that are not here, by name."""
        self.report = watcher.report
        self.is_pending = False
        """Whether services are still asked while the request is already under way."""
        self._held: list[Callable[[], None]] = []
        """What is done as soon as none of them has objected."""
        self._guards = guards
        self._services = services
        self._reply = reply
        self._watcher = watcher
        self._answers = AnswerScreening(guards, services, watcher)
        self._custody = custody
        self._is_done = False
        self._ends = 0.0
        """Until when all checks must have spoken, in the event loop's clock."""
        self._texts: tuple[Utterance, ...] = ()
        self._form: Form | None = None
        self._judged: list[Judged] = []
        self._errand: Inspecting | Slices | None = None
        self._inquiries: list[Inquiry] = []
        self._exchange: Exchange
        self._go = partial(_nothing)

    def looks_first(self, exchange: Exchange, acceptance: Acceptance | None) -> bool:
        """Whether the exchange has to wait: it is started again when nothing is in its way."""
        if self._is_done:
            return False
        self._is_done = True
        self._exchange = exchange
        self._ends = exchange.clock() + self._guards.spec.deadline_s
        if not (self._guards.input_local or self._guards.input_remote):
            return False
        self._go = partial(exchange.start, acceptance)
        try:
            self._look()
        except StellwerkError as error:
            exchange.fail(error)
        return True

    def reader(self, interpreter: Interpretation | None) -> Interpretation | None:
        """Who reads the answer of the target of the moment; ``interpreter`` translates for it, where anybody does.

        Raises ``InvalidRequest`` where nobody can look into such an answer.
        """
        return self._watcher.reader(interpreter)

    # -- answers that have to wait

    @property
    def holds_answers(self) -> bool:
        """Whether no answer may go to the caller yet."""
        return self.is_pending or self._answers.are_judged

    def hold(self, stream: StreamReply) -> None:
        """Keeps a stream from the caller, until the request or the stream itself has been judged."""
        stream.is_on_hold = True
        if self._answers.are_judged:
            stream.is_judged_whole = True
        else:
            self._held.append(stream.go_on)

    @property
    def said(self) -> list[str]:
        """The texts of the answer that has become whole last."""
        return self._answers.said

    @property
    def foreseeing(self) -> Foreseeing:
        """Who looks at long answers before they are read."""
        return Foreseeing(self._guards, self._watcher)

    @property
    def deadline_s(self) -> float:
        """How long all checks of an answer may take together."""
        return self._guards.spec.deadline_s

    def answered(self, said: list[str], deliver: Callable[[], None]) -> None:
        """An answer that was watched is whole, and these are its texts: ``deliver`` hands it on, if it may be."""
        deliver = self._answers.once_judged(self._exchange, said, deliver)
        if self.is_pending:
            self._held.append(deliver)
        else:
            deliver()

    # -- what the caller says meanwhile

    def on_gone(self) -> None:
        """The caller has left: nobody is interested any more."""
        self.stop()
        self._reply.leave()

    def on_pause(self) -> None:
        """Nothing is written yet."""

    def on_resume(self) -> None:
        """Nothing is written yet."""

    # -- local checks

    def _look(self) -> None:
        envelope = self._reply.lease.envelope
        screen.refuse_tokens(envelope.body)
        if not envelope.body or _is_json(envelope.body):
            self._look_at(self._heard())
            return
        self._form = form = form_of(envelope)
        if form is None:
            self._tell_unread(UNREAD)
            self._finish()
            return
        self._reply.request.owner = self
        self._errand = slices = reading(form, self._exchange.scheduler, partial(self._take, form), self._fail)
        slices.start()

    def _take(self, form: Form) -> None:
        """A form has been read, as far as that can be done."""
        self._errand = None
        if form.unread:
            self._tell_unread(form.unread)
        if form.texts:
            self._look_at(tuple(form.texts))
        else:
            self._finish()

    def _look_at(self, texts: tuple[Utterance, ...]) -> None:
        self._texts = texts
        rules, memory = self._guards.input_local, self._guards.memory
        if not rules:
            self._ask()
            return
        caller = self._reply.lease.principal.key_name
        new: list[Utterance] = []
        for text in texts:
            known = memory.find(caller, text.speaker, text.text) if memory is not None else None
            if known is None:
                new.append(text)
            else:
                self._judged.append(Judged(text, known))
        if weight(new) <= INLINE_CHARACTERS + CHARACTERS_OF_A_TEXT:
            self._judged += (screen.judge(rules, text) for text in new)
            self._conclude()
        else:
            self._send_for(new)

    def _tell_unread(self, why: str, *, is_asked: bool = True) -> None:
        """Not everything is looked into: that is told, and where it may not be it ends here.

        Raises ``GuardrailUnavailable``. Of a form that is read here alone ``is_asked`` leaves the local checks out.
        """
        local = self._guards.input_local if is_asked else ()
        failed = [(rule, rule.failed(why)) for rule in (*local, *self._guards.input_remote)]
        for rule, verdict in failed:
            self.report.note(Side.INPUT, rule.name, (verdict,))
        error = screen.refusal((verdict for _, verdict in failed), "", {})
        if error is not None:
            raise error

    def _send_for(self, texts: list[Utterance]) -> None:
        """Has texts judged by the compute process, or here in slices."""
        self._reply.request.owner = self
        rules, scheduler = self._guards.input_local, self._exchange.scheduler
        done, failed = self._conclude, self._fail
        left_s = None if self._form is not None else lambda: self._left_s  # who sends a long file waits for longer
        self._errand = errand = Inspecting(rules, texts, self._judged, Side.INPUT, scheduler, done, failed, left_s)
        errand.start(self._left_s)

    def _conclude(self) -> None:
        """All local checks have said what they have to say."""
        self._errand = None
        if self._form is not None:
            self._ends = self._exchange.clock() + self._guards.spec.deadline_s
        judged, memory = self._judged, self._guards.memory
        judged.sort(key=lambda one: one.utterance.start)  # values are numbered as they come in the conversation
        caller = self._reply.lease.principal.key_name
        screen.note(self.report, Side.INPUT, self._guards.input_local, judged)
        if memory is not None:
            for one in judged:
                memory.keep(caller, one.utterance.speaker, one.utterance.text, one.by_rule)
        if self._is_refused(judged):
            return
        if any(
            rule.failure == "degrade" and _has_failed(judged, place)
            for place, rule in enumerate(self._guards.input_local)
        ):
            self._judge_strictly(partial(self._edit_and_ask, judged))
        else:
            self._edit_and_ask(judged)

    def _edit_and_ask(self, judged: list[Judged]) -> None:
        self._watcher.is_tainted = any(map(_is_tainted, judged))
        self._edit(judged)
        self._ask()

    # -- checks that ask a service

    def _ask(self) -> None:
        """Asks all services at once, of texts as they were edited.

        The request waits for them only where one may change it; else its answer does.
        """
        rules = self._guards.input_remote
        if not rules:
            self._finish()
            return
        self._reply.request.owner = self
        if self._form is not None and len(self._texts) > MOST_ASKED:
            self._tell_unread(UNREAD, is_asked=False)
            self._finish()
            return
        self._texts = self._heard()
        subjects = tuple(read(one.text, speaker=one.speaker, side=Side.INPUT) for one in self._texts)
        scheduler = self._exchange.scheduler
        self._inquiries = inquire(rules, self._services, subjects, scheduler, self._left_s, self._on_told)
        if not any(rule.edits for rule in rules):
            self.is_pending = True
            self._finish()

    def _on_told(self, inquiry: Inquiry) -> None:
        """A service has answered, or has not."""
        self.report.note(Side.INPUT, inquiry.rule.name, (each for said in inquiry.verdicts for each in said))
        if not all(each.is_done for each in self._inquiries):
            return
        inquiries, self._inquiries = self._inquiries, []
        judged = [
            Judged(text, tuple(inquiry.verdicts[place] for inquiry in inquiries))
            for place, text in enumerate(self._texts)
        ]
        is_degraded = any(inquiry.rule.failure == "degrade" and inquiry.has_failed for inquiry in inquiries)
        if self._is_refused(judged):
            return
        if is_degraded:
            self._judge_strictly(partial(self._let, judged))
        else:
            self._let(judged)

    def _let(self, judged: list[Judged]) -> None:
        """Nobody objects to the request."""
        was_pending, self.is_pending = self.is_pending, False
        if not was_pending:
            self._edit(judged, holds_stand_ins=bool(self._guards.input_local))
            self._finish()
        held, self._held = self._held, []
        for deliver in held:
            deliver()

    def _judge_strictly(self, go_on: Callable[[], None]) -> None:
        """While a check is away, the local ones judge at lower thresholds: here, and in the gaps between others."""
        strict: list[Judged] = []

        def done() -> None:
            self._errand = None
            screen.note(self.report, Side.INPUT, self._guards.input_local, strict)
            if not self._is_refused(strict):
                go_on()

        if not self.is_pending:
            self._reply.request.owner = self
        steps = screen.steps(self._guards.input_local, self._texts, strict, is_strict=True)
        self._errand = slices = Slices(steps, self._exchange.scheduler.call_later, done, self._fail)
        slices.start()

    # -- helpers

    @property
    def _left_s(self) -> float:
        """What is left of the time that all checks have together."""
        return self._ends - self._exchange.clock()

    def _heard(self) -> tuple[Utterance, ...]:
        """The texts of the request as it stands; none where it is neither JSON nor a form."""
        envelope = self._reply.lease.envelope
        if _is_json(envelope.body):
            return utterances(envelope.body)
        form = form_of(envelope)
        if form is None:
            return ()
        for _ in form.read():
            pass
        return tuple(form.texts)

    def _is_refused(self, judged: Iterable[Judged]) -> bool:
        spec = self._guards.spec
        verdicts: list[Verdict] = [verdict for one in judged for verdict in one.verdicts]
        error = screen.refusal(verdicts, spec.message, spec.help_texts)
        if error is None:
            return False
        self.stop()
        self._exchange.refuse(error)
        return True

    def _edit(self, judged: list[Judged], *, holds_stand_ins: bool = False) -> None:
        body, watcher = self._reply.lease.envelope.body, self._watcher
        self._write(screen.edited(judged, body, watcher.manner, watcher.values, holds_stand_ins=holds_stand_ins))

    def _write(self, body: bytes) -> None:
        """From here on, this is what was asked."""

        def asking(envelope: Envelope) -> Envelope:
            return with_body(envelope, body)

        self._reply.lease.envelope = asking(self._reply.lease.envelope)
        if self._custody is not None:
            self._custody.envelope = asking(self._custody.envelope)

    def _finish(self) -> None:
        lease = self._reply.lease
        if self._guards.spec.spotlight and _is_json(lease.envelope.body):
            mark = lease.request_id[-12:]
            self._write(screen.spotlit(lease.envelope.body, mark))
        try:
            self._go()
        except Exception as error:  # noqa: BLE001  # nobody above a callback would hear of it
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        """A defect, or a reason to refuse the request."""
        self.stop()
        if isinstance(error, StellwerkError):
            self._exchange.fail(error)
        else:
            self._exchange.fail_by_defect(error)

    def stop(self) -> None:
        """Nobody is interested in what checks may still say."""
        self.is_pending = False
        self._held = []
        if self._errand is not None:
            self._errand.cancel()
            self._errand = None
        inquiries, self._inquiries = self._inquiries, []
        for inquiry in inquiries:
            inquiry.cancel()
        self._answers.stop()


def _is_tainted(judged: Judged) -> bool:
    """Whether it is a text that nobody in the conversation wrote, and looks like an attack."""
    return judged.utterance.speaker is Speaker.TOOL and any(
        verdict.category is Threat.PROMPT_ATTACK for verdict in judged.verdicts
    )


def _is_json(body: bytes) -> bool:
    return body.lstrip()[:1] == b"{"


def _has_failed(judged: Iterable[Judged], place: int) -> bool:
    """Whether the check at this place could not judge a text."""
    return any(verdict.error is not None for one in judged for verdict in one.by_rule[place])


def _nothing() -> None:
    """Before anything has begun."""
