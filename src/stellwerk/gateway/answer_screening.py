"""Has services judge answers as a whole, before the caller gets any of them.

Nothing is edited any more: what a service would have changed may not pass. A service that has not spoken in time has
not judged, and the policy decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from stellwerk.core.subject import Side, Speaker
from stellwerk.core.verdict import Action, Verdict
from stellwerk.gateway.inquiry import Inquiry, inquire
from stellwerk.gateway.stages import screen
from stellwerk.text.reading import read

if TYPE_CHECKING:
    from stellwerk.gateway.exchange import Exchange
    from stellwerk.gateway.inquiry import Service
    from stellwerk.gateway.watcher import Watcher
    from stellwerk.screening.guards import Guards


class AnswerScreening:
    """The questions about one request's answers."""

    __slots__ = ("_guards", "_inquiries", "_services", "_watcher")

    def __init__(self, guards: Guards, services: Mapping[str, Service], watcher: Watcher) -> None:
        self._guards = guards
        self._services = services
        self._watcher = watcher
        self._inquiries: list[Inquiry] = []

    @property
    def are_judged(self) -> bool:
        """Whether services judge answers at all."""
        return bool(self._guards.output_remote)

    @property
    def said(self) -> list[str]:
        """The texts of the answer that has become whole last."""
        return self._watcher.said if self.are_judged else []

    def once_judged(self, exchange: Exchange, said: list[str], deliver: Callable[[], None]) -> Callable[[], None]:
        """Hands an answer on once its texts have been judged: where it says nothing, nobody is asked."""
        return partial(self._ask, exchange, said, deliver) if self.are_judged and said else deliver

    def stop(self) -> None:
        """Nobody is interested any more."""
        inquiries, self._inquiries = self._inquiries, []
        for inquiry in inquiries:
            inquiry.cancel()

    def _ask(self, exchange: Exchange, said: list[str], deliver: Callable[[], None]) -> None:
        guards, watcher = self._guards, self._watcher

        def on_told(inquiry: Inquiry) -> None:
            verdicts = [verdict for by_text in inquiry.verdicts for verdict in by_text]
            watcher.report.note(Side.OUTPUT, inquiry.rule.name, verdicts)
            if not all(each.is_done for each in self._inquiries):
                return
            inquiries, self._inquiries = self._inquiries, []
            told = [verdict for each in inquiries for by_text in each.verdicts for verdict in by_text]
            if any(each.rule.failure == "degrade" and each.has_failed for each in inquiries):
                told += self._judged_strictly(said)
            error = screen.refusal(map(_never_edited, told), guards.spec.message, guards.spec.help_texts)
            if error is None:
                deliver()
            else:
                exchange.refuse(error)

        subjects = tuple(read(text, speaker=Speaker.ASSISTANT, side=Side.OUTPUT) for text in said)
        deadline_s = guards.spec.deadline_s
        self._inquiries = inquire(
            guards.output_remote, self._services, subjects, exchange.scheduler, deadline_s, on_told
        )

    def _judged_strictly(self, said: list[str]) -> list[Verdict]:
        """What local checks say of an answer at lower thresholds, while a service is away."""
        subjects = [read(text, speaker=Speaker.ASSISTANT, side=Side.OUTPUT) for text in said]
        rules = self._guards.output_local
        verdicts = [each for rule in rules for one in subjects for each in rule.judge(one, is_strict=True)]
        self._watcher.note(verdicts)
        return verdicts


def _never_edited(verdict: Verdict) -> Verdict:
    """A verdict on an answer that is not edited any more: what should be changed in it may not pass."""
    return msgspec.structs.replace(verdict, action=Action.BLOCK) if verdict.action.is_edit else verdict
