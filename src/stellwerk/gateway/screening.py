"""One request's guardrails: they look at it before it is asked, and at its answer.

Local checks judge short texts at once. Long ones go to the compute process; while that is away they are judged here,
one text after the other, in the gaps between other requests. Checks that ask a service do so side by side, after the
local ones. What a check cannot say in time, it has not said: the policy then decides, and it is never taken for a pass.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec

from stellwerk.core.inspection import JOB, Inspect, question, read_answer
from stellwerk.core.subject import Side
from stellwerk.core.verdict import Verdict
from stellwerk.dialects.utterances import utterances
from stellwerk.errors import StellwerkError
from stellwerk.gateway.errand import Errand, Work
from stellwerk.gateway.inquiry import Inquiry
from stellwerk.gateway.stages import screen
from stellwerk.gateway.stages.screen import Judged
from stellwerk.screening.report import Report
from stellwerk.text.reading import read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stellwerk.core.acceptance import Acceptance
    from stellwerk.dialects.utterances import Utterance
    from stellwerk.gateway.exchange import Exchange
    from stellwerk.gateway.inquiry import Service
    from stellwerk.gateway.reply import Reply
    from stellwerk.screening.guards import Guards
    from stellwerk.screening.policy import Rule

INLINE_CHARACTERS = 1_500
"""Texts that together are no longer are judged at once: they take less than a millisecond."""


class Screening:
    """Owner of the caller's request while it is being looked at."""

    __slots__ = (
        "_errand",
        "_exchange",
        "_go",
        "_guards",
        "_inquiries",
        "_is_done",
        "_reply",
        "_services",
        "_texts",
        "report",
    )

    def __init__(self, guards: Guards, services: Mapping[str, Service], reply: Reply) -> None:
        """``services`` says how those checks are asked that are not here, by name."""
        self.report = Report()
        self._guards = guards
        self._services = services
        self._reply = reply
        self._is_done = not (guards.input_local or guards.input_remote)
        self._texts: tuple[Utterance, ...] = ()
        self._errand: Errand | None = None
        self._inquiries: list[Inquiry] = []
        self._exchange: Exchange
        self._go = partial(_nothing)

    def looks_first(self, exchange: Exchange, acceptance: Acceptance | None) -> bool:
        """Whether the exchange has to wait: it is started again when nothing is in its way."""
        if self._is_done:
            return False
        self._is_done = True
        self._exchange = exchange
        self._go = partial(exchange.start, acceptance)
        try:
            self._look()
        except StellwerkError as error:
            exchange.fail(error)
        return True

    # -- what the caller says meanwhile

    def on_gone(self) -> None:
        """The caller has left: nobody is interested any more."""
        self._stop()
        self._reply.leave()

    def on_pause(self) -> None:
        """Nothing is written yet."""

    def on_resume(self) -> None:
        """Nothing is written yet."""

    # -- local checks

    def _look(self) -> None:
        body = self._reply.lease.envelope.body
        self._texts = texts = utterances(body) if body.lstrip()[:1] == b"{" else ()
        rules = self._guards.input_local
        judged: list[Judged] = []
        if not rules:
            self._ask(judged)
        elif sum(len(one.text) for one in texts) <= INLINE_CHARACTERS:
            judged += (screen.judge(rules, text, self.report) for text in texts)
            self._conclude(judged)
        else:
            self._reply.request.owner = self
            work = Work(
                JOB,
                partial(self._payload, rules),
                partial(self._take, rules, judged),
                partial(screen.steps, rules, texts, self.report, judged),
            )
            scheduler = self._exchange.scheduler
            self._errand = Errand(
                work, scheduler.compute, scheduler.call_later, partial(self._conclude, judged), self._fail
            )
            self._errand.start(self._guards.spec.deadline_s)

    def _payload(self, rules: tuple[Rule, ...]) -> bytes:
        checks = tuple((rule.use, dict(rule.options)) for rule in rules)
        return question(Inspect(checks, tuple((one.text, one.speaker) for one in self._texts), Side.INPUT))

    def _take(self, rules: tuple[Rule, ...], judged: list[Judged], payload: bytes) -> None:
        """What the compute process has found. Raises ``ValueError``."""
        told = read_answer(payload)
        if len(told) != len(self._texts):
            raise ValueError("not every text was judged")
        for text, found in zip(self._texts, told, strict=True):
            verdicts: list[Verdict] = []
            for rule, each in zip(rules, found, strict=True):
                own = (rule.failed(each),) if isinstance(each, str) else rule.verdicts(each)
                self.report.note(Side.INPUT, rule.name, own)
                verdicts += own
            judged.append(Judged(text, tuple(verdicts)))

    def _conclude(self, judged: list[Judged]) -> None:
        """All local checks have said what they have to say."""
        self._errand = None
        if not self._is_refused(verdict for one in judged for verdict in one.verdicts):
            self._edit(judged)
            self._ask(judged)

    # -- checks that ask a service

    def _ask(self, judged: list[Judged]) -> None:
        """Asks all services at once: of texts as they were edited."""
        rules = self._guards.input_remote
        if not rules:
            self._finish()
            return
        del judged
        self._reply.request.owner = self
        body = self._reply.lease.envelope.body
        self._texts = utterances(body) if body.lstrip()[:1] == b"{" else ()
        subjects = tuple(read(one.text, speaker=one.speaker, side=Side.INPUT) for one in self._texts)
        scheduler = self._exchange.scheduler
        self._inquiries = [
            Inquiry(rule, self._services[rule.name], subjects, scheduler, self._on_told) for rule in rules
        ]
        for inquiry in tuple(self._inquiries):
            inquiry.start(min(inquiry.rule.timeout_s, self._guards.spec.deadline_s))

    def _on_told(self, inquiry: Inquiry) -> None:
        """A service has answered, or has not."""
        for verdicts in inquiry.verdicts:
            self.report.note(Side.INPUT, inquiry.rule.name, verdicts)
        if not all(each.is_done for each in self._inquiries):
            return
        inquiries, self._inquiries = self._inquiries, []
        judged = [
            Judged(text, tuple(verdict for inquiry in inquiries for verdict in inquiry.verdicts[place]))
            for place, text in enumerate(self._texts)
        ]
        if self._is_refused(verdict for one in judged for verdict in one.verdicts):
            return
        if any(inquiry.rule.failure == "degrade" and inquiry.has_failed for inquiry in inquiries):
            strict = [screen.judge(self._guards.input_local, text, self.report, is_strict=True) for text in self._texts]
            if self._is_refused(verdict for one in strict for verdict in one.verdicts):
                return
        self._edit(judged)
        self._finish()

    # -- helpers

    def _is_refused(self, verdicts: object) -> bool:
        spec = self._guards.spec
        error = screen.refusal(verdicts, spec.message, spec.help_texts)  # type: ignore[arg-type]
        if error is None:
            return False
        self._stop()
        self._exchange.fail(error)
        return True

    def _edit(self, judged: list[Judged]) -> None:
        lease = self._reply.lease
        body = screen.edited(judged, lease.envelope.body, self._stand_in)
        if body is not lease.envelope.body:
            lease.envelope = msgspec.structs.replace(lease.envelope, body=body)

    def _stand_in(self, kind: str, value: str) -> str:
        del value
        return f"[{kind}]"

    def _finish(self) -> None:
        try:
            self._go()
        except Exception as error:  # noqa: BLE001  # nobody above a callback would hear of it
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._stop()
        self._exchange.fail_by_defect(error)

    def _stop(self) -> None:
        if self._errand is not None:
            self._errand.cancel()
            self._errand = None
        inquiries, self._inquiries = self._inquiries, []
        for inquiry in inquiries:
            inquiry.cancel()


def _nothing() -> None:
    """Before anything has begun."""
