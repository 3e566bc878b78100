"""What is told and kept of a request's checks: which ran and what they came to, which did not and why, and no value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from stellwerk.core.subject import Side
from stellwerk.core.verdict import Action, Verdict

PASS = "pass"  # noqa: S105 - what a check says
_DECISIONS = {Action.BLOCK: "block", Action.MASK: "rewrite", Action.PSEUDONYMIZE: "rewrite", Action.FLAG: "flag"}
MOST_TYPES = 12


class Report:
    """Grows while a request is screened. A check that did not run is never told of as one that passed."""

    __slots__ = ("_actions", "_counts", "_failures", "unfinished")

    def __init__(self) -> None:
        self._actions: dict[tuple[Side, str], Action | None] = {}
        """The strictest action of each check that ran, ``None`` where it has found nothing."""
        self._failures: dict[tuple[Side, str], str] = {}
        self._counts: Counter[str] = Counter()
        self.unfinished: list[Callable[[], None]] = []
        """What is called before the record is made: streams that may not have come to their end."""

    @property
    def is_empty(self) -> bool:
        """Whether no check has been due."""
        return not self._actions and not self._failures

    def note(self, side: Side, check: str, verdicts: Iterable[Verdict]) -> None:
        """A check has come to these verdicts on one text or several."""
        place = side, check
        strictest = self._actions.get(place)
        for verdict in verdicts:
            if verdict.error is not None:
                self._failures[place] = verdict.error
                continue
            if strictest is None or verdict.action.severity > strictest.severity:
                strictest = verdict.action
            self._counts[verdict.label] += len(verdict.spans) or 1
        if place not in self._failures:
            self._actions[place] = strictest
        else:
            found = self._actions.pop(place, None) or strictest
            if found is not None:
                self._actions[place] = found

    def header(self) -> bytes:
        """The value of ``x-stellwerk-guardrail``: the decision, then each check with what it came to."""
        return "; ".join((self._decision(), *self._told(Side.INPUT, ""), *self._told(Side.OUTPUT, "output "))).encode()

    def record(self) -> str:
        """The same for the record, with how often each category was found."""
        unfinished, self.unfinished = self.unfinished, []
        for note in unfinished:
            note()
        if self.is_empty:
            return ""
        found = [f"{category}:{count}" for category, count in self._counts.most_common(MOST_TYPES)]
        sides = [*self._told(Side.INPUT, ""), *self._told(Side.OUTPUT, "output ")]
        return "; ".join((self._decision(), *sides, *((" ".join(found),) if found else ())))

    def _decision(self) -> str:
        strictest = max((action for action in self._actions.values() if action), key=_severity, default=None)
        if not self._actions:
            return "unchecked"
        decision = _DECISIONS.get(strictest, PASS) if strictest is not None else PASS
        return f"{decision}, degraded" if self._failures else decision

    def _told(self, side: Side, prefix: str) -> Iterable[str]:
        for (where, check), action in self._actions.items():
            if where is side and (where, check) not in self._failures:
                yield f"{prefix}{check}={PASS if action is None else action.value}"
        for (where, check), reason in self._failures.items():
            if where is side:
                action = self._actions.get((where, check))
                yield f"{prefix}{check}=failed:{reason}" + (f"+{action.value}" if action is not None else "")


def _severity(action: Action) -> int:
    return action.severity
