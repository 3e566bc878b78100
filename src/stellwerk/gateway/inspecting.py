"""Has texts judged by the compute process, or here in slices: so many at a time as one job may take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from stellwerk.core.inspection import JOB, Inspect, question, read_answer
from stellwerk.gateway.errand import Errand, Work
from stellwerk.gateway.stages import screen
from stellwerk.gateway.stages.screen import Judged

if TYPE_CHECKING:
    from stellwerk.core.subject import Side
    from stellwerk.dialects.utterances import Utterance
    from stellwerk.gateway.scheduler import Scheduler
    from stellwerk.screening.policy import Rule

CHARACTERS_OF_A_TEXT = 80
"""So many characters could be judged in the time that each text takes besides."""
PORTION_CHARACTERS = 400_000
"""Texts that together are longer are judged one job after the other."""


def weight(texts: Sequence[Utterance]) -> int:
    """How long texts take together, in characters."""
    return sum(len(one.text) + CHARACTERS_OF_A_TEXT for one in texts)


class Inspecting:
    """Texts on their way to be judged, each added to those that are ``judged``. Cancelled, it stops.

    ``done`` is called when all of them are, also before ``start`` returns; ``failed`` is told of a defect. ``left_s``
    says how long all portions may take together that are still to come; without it each may take as long as the first.
    """

    __slots__ = ("_done", "_errand", "_failed", "_judged", "_left_s", "_rest", "_rules", "_scheduler", "_side")

    def __init__(
        self,
        rules: Sequence[Rule],
        texts: Sequence[Utterance],
        judged: list[Judged],
        side: Side,
        scheduler: Scheduler,
        done: Callable[[], None],
        failed: Callable[[Exception], None],
        left_s: Callable[[], float] | None = None,
    ) -> None:
        self._left_s = left_s
        self._rules = rules
        self._rest = list(texts)
        self._judged = judged
        self._side = side
        self._scheduler = scheduler
        self._done = done
        self._failed = failed
        self._errand: Errand | None = None

    def start(self, timeout_s: float) -> None:
        """Begins with the first portion, for which the compute process may take so long."""
        texts, self._rest = _portion(self._rest)
        done = partial(self._go_on, timeout_s) if self._rest else self._done
        scheduler = self._scheduler
        self._errand = errand = Errand(self._work(texts), scheduler.compute, scheduler.call_later, done, self._failed)
        errand.start(timeout_s)

    def _go_on(self, timeout_s: float) -> None:
        self.start(timeout_s if self._left_s is None else max(self._left_s(), 0.0))

    def cancel(self) -> None:
        """Nobody waits for it any more."""
        if self._errand is not None:
            self._errand.cancel()
            self._errand = None

    def _work(self, texts: list[Utterance]) -> Work:
        rules = self._rules

        def payload() -> bytes:
            checks = tuple((rule.use, dict(rule.options)) for rule in rules)
            return question(Inspect(checks, tuple((one.text, one.speaker) for one in texts), self._side))

        def take(told: bytes) -> None:
            by_text = read_answer(told)
            if len(by_text) != len(texts) or any(len(found) != len(rules) for found in by_text):
                raise ValueError("not every text was judged by every check")
            for text, by_check in zip(texts, by_text, strict=True):
                said = (
                    (rule.failed(found),) if isinstance(found, str) else rule.verdicts(found)
                    for rule, found in zip(rules, by_check, strict=True)
                )
                self._judged.append(Judged(text, tuple(said)))

        return Work(JOB, payload, take, partial(screen.steps, rules, texts, self._judged, side=self._side))


def _portion(texts: list[Utterance]) -> tuple[list[Utterance], list[Utterance]]:
    """As many of the first texts as one job may take, and the rest."""
    room = PORTION_CHARACTERS
    for place, one in enumerate(texts):
        room -= len(one.text) + CHARACTERS_OF_A_TEXT
        if room < 0 < place:
            return texts[:place], texts[place:]
    return texts, []
