"""What is made of findings: which checks look where, what becomes of what they find, and of checks that fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from stellwerk.core.subject import Side, Subject
from stellwerk.core.verdict import Action, Finding, Verdict
from stellwerk.ports.guardrail import Guardrail, RemoteGuardrail

STRICTER = 0.5
"""Of its threshold, so much is enough for a classifier while another check is away that `degrade` was said of."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One check under a policy. ``use`` and ``options`` are what it is built of."""

    name: str
    check: Guardrail | RemoteGuardrail
    use: str = ""
    options: Mapping[str, Any] = {}
    sides: frozenset[Side] = frozenset({Side.INPUT})
    action: Action = Action.BLOCK
    actions: Mapping[str, Action] = {}
    failure: Literal["closed", "open", "degrade"] = "closed"
    timeout_s: float = 2.0

    @property
    def is_remote(self) -> bool:
        """Whether it asks a service."""
        return isinstance(self.check, RemoteGuardrail)

    @property
    def needs_whole(self) -> bool:
        """Whether it can only judge a text that is there to its end."""
        return bool(getattr(self.check, "needs_whole", False))

    @property
    def needs_sources(self) -> bool:
        """Whether it compares a text with what the request gave to rest on."""
        return bool(getattr(self.check, "needs_sources", False))

    @property
    def names(self) -> tuple[str, ...]:
        """What the policy calls its own patterns and topics."""
        return tuple(part["name"] for key in ("patterns", "topics") for part in self.options.get(key, ()))

    @property
    def stands_in(self) -> bool:
        """Whether what it finds may get stand-ins."""
        return Action.PSEUDONYMIZE in {self.action, *self.actions.values()}

    @property
    def edits(self) -> bool:
        """Whether it may change texts, so that nobody may see them before."""
        return self.action.is_edit or any(action.is_edit for action in self.actions.values())

    def judge(self, subject: Subject, *, is_strict: bool = False) -> tuple[Verdict, ...]:
        """The verdicts of a local check on one text; one with an error when it fails, whatever the reason."""
        if not isinstance(self.check, Guardrail):
            raise TypeError("only a local check judges by itself")
        try:
            return self.verdicts(self.check.check(subject), is_strict=is_strict)
        except Exception as error:  # noqa: BLE001  # a check may be a plugin, which can fail in any way
            return (self.failed(type(error).__name__),)

    def verdicts(self, findings: tuple[Finding, ...], *, is_strict: bool = False) -> tuple[Verdict, ...]:
        """What the policy makes of findings. Where a text is to be edited and nobody says where, it is blocked."""
        return tuple(
            self._verdict(finding) for finding in findings if finding.is_hit or (is_strict and _is_near(finding))
        )

    def failed(self, reason: str) -> Verdict:
        """The verdict of a check that did not run."""
        action = Action.BLOCK if self.failure == "closed" else Action.FLAG
        return Verdict(check=self.name, category=None, score=0.0, action=action, error=reason)

    def _verdict(self, finding: Finding) -> Verdict:
        action = self.actions.get(finding.name) or self.actions.get(finding.category, self.action)
        if action.is_edit and not finding.spans:
            action = Action.BLOCK
        return Verdict(
            check=self.name,
            category=finding.category,
            score=finding.score,
            action=action,
            spans=finding.spans,
            name=finding.name,
        )


def _is_near(finding: Finding) -> bool:
    return finding.threshold > 0 and finding.score >= finding.threshold * STRICTER
