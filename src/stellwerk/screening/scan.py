"""What the local checks of a policy come to on one text by itself, without a request around it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from stellwerk import plugins
from stellwerk.core.snapshot import GuardrailSpec
from stellwerk.core.subject import Side
from stellwerk.core.taxonomy import Hint, Threat
from stellwerk.core.verdict import Action, Finding, Span, Verdict
from stellwerk.ports.guardrail import Guardrail
from stellwerk.screening.policy import Rule
from stellwerk.text.reading import read

SCORES = {Threat.PROMPT_ATTACK: "injection", Hint.HARMFUL: "harmful", Hint.TOXICITY: "toxicity"}
"""Names of the scores of classifiers, by category."""
DEFAULTS = (
    GuardrailSpec("pii", "pii", {}, {}, action=Action.MASK),
    GuardrailSpec("secret_leak", "secret_leak", {}, {}, action=Action.MASK),
    GuardrailSpec("injection", "injection", {}, {}, action=Action.BLOCK, actions={Hint.HARMFUL: Action.FLAG}),
    GuardrailSpec("toxicity", "toxicity", {}, {}, action=Action.FLAG),
)
"""The checks of a text where nothing is configured."""
_STRICTEST_VERDICT = {Action.BLOCK: "block", Action.MASK: "rewrite", Action.PSEUDONYMIZE: "rewrite"}


class Judgement(msgspec.Struct, frozen=True):
    """What each rule has found, or the reason why it could not look."""

    found: tuple[tuple[Rule, tuple[Finding, ...] | str], ...]

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What the policy makes of it all."""
        return tuple(
            verdict
            for rule, found in self.found
            for verdict in ((rule.failed(found),) if isinstance(found, str) else rule.verdicts(found))
        )

    @property
    def failed(self) -> list[str]:
        """Names of the checks that did not run."""
        return [rule.name for rule, found in self.found if isinstance(found, str)]

    @property
    def decision(self) -> str:
        """``block``, ``rewrite``, or ``allow``."""
        decisions = {_STRICTEST_VERDICT.get(verdict.action, "allow") for verdict in self.verdicts}
        return next((decision for decision in ("block", "rewrite") if decision in decisions), "allow")

    def scores(self) -> dict[str, float]:
        """The score of every classifier, 0 where it is not among the checks."""
        scores = dict.fromkeys(SCORES.values(), 0.0)
        for finding in self._findings():
            if (name := SCORES.get(finding.category)) is not None:
                scores[name] = max(scores[name], finding.score)
        return scores

    def spans(self) -> list[Span]:
        """Everything that has a place, in the order of the text."""
        return sorted({span for finding in self._findings() if finding.is_hit for span in finding.spans})

    def _findings(self) -> Iterable[Finding]:
        return (finding for _, found in self.found if not isinstance(found, str) for finding in found)


def run_checks(text: str, rules: Sequence[Rule], side: Side = Side.INPUT) -> Judgement:
    """Judges one text by local rules. A check that fails, whatever the reason, is one that did not run."""
    subject = read(text, side=side)
    found: list[tuple[Rule, tuple[Finding, ...] | str]] = []
    for rule in rules:
        if not isinstance(rule.check, Guardrail):
            raise TypeError("only a local check judges by itself")
        try:
            found.append((rule, rule.check.check(subject)))
        except Exception as error:  # noqa: BLE001  # a check may be a plugin, which can fail in any way
            found.append((rule, type(error).__name__))
    return Judgement(tuple(found))


def default_specs() -> tuple[GuardrailSpec, ...]:
    """The checks of a text where nothing is configured, as far as they are on the shelf."""
    shelf = plugins.shelf("guardrails")
    return tuple(spec for spec in DEFAULTS if spec.use in shelf)
