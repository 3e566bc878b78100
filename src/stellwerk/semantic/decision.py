"""The decision of the semantic tier: neighbours of a turn in, what is served and why out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from stellwerk.semantic.evidence import FLOOR, MOST, NAMES, Candidate, Judged, judge, remembered, weigh
from stellwerk.semantic.threshold import Evidence, Scope
from stellwerk.semantic.verifier import Verifier, packaged

AUDITED = 0.03
"""Share of hits whose answer is asked for anew in the background."""
LONG_WORDS = 40
LONG_COSINE = 0.97
"""Longer turns need this cosine: no embedder tells apart long sentences that differ in a detail."""
_COSINE, _MARGIN, _SUPPORT = (NAMES.index(name) for name in ("cosine", "margin", "support"))

Reason = Literal["served", "no neighbour", "mismatch", "long", "under the threshold", "off"]


class Decision(msgspec.Struct, frozen=True):
    """What became of a lookup, with all that explains it."""

    reason: Reason
    chosen: Candidate | None
    """Whose answer is served, or would have been had the score sufficed."""
    chance: float
    """That the chosen answer is right; 0 without one."""
    threshold: float
    bound: float
    """The error of the scope's hits with one standard error, as its last fit has it; 1 before."""
    is_audited: bool
    """A hit whose answer shall be asked for anew in the background."""
    evidence: Evidence | None
    """To be handed back with the label, once a fresh answer is known."""
    judged: tuple[Judged, ...]

    @property
    def is_hit(self) -> bool:
        """Whether the chosen answer is served."""
        return self.reason == "served"


def decide(
    text: str, candidates: Sequence[Candidate], scope: Scope, coin: float, verifier: Verifier | None = None
) -> Decision:
    """Decides on a last turn. ``candidates`` are its nearest entries, ``coin`` a random number for the audit."""
    near = sorted((each for each in candidates if each.cosine >= FLOOR), key=lambda each: -each.cosine)[:MOST]
    turn = remembered(text)
    judged = tuple(judge(turn, each) for each in near)
    weighed = weigh(judged)
    if weighed is None:
        reason: Reason = "mismatch" if judged else "no neighbour"
        return Decision(reason, None, 0.0, scope.threshold, scope.bound, False, None, judged)  # noqa: FBT003  # of a struct
    best, values = weighed
    evidence = evidence_of(values, verifier or packaged())
    chance = scope.chance(evidence)
    is_long = len(turn.all_words) > LONG_WORDS and best.candidate.cosine < LONG_COSINE
    if scope.status == "off":
        reason = "off"
    elif chance < scope.threshold:
        reason = "under the threshold"
    else:
        reason = "long" if is_long else "served"
    is_hit = reason == "served"
    scope.looked_up(evidence, is_hit=is_hit)
    is_audited = is_hit and coin < AUDITED
    return Decision(reason, best.candidate, chance, scope.threshold, scope.bound, is_audited, evidence, judged)


def evidence_of(values: Sequence[float], verifier: Verifier) -> Evidence:
    """What a scope learns from: the verifier's score, and what differs most from one embedder or traffic to another."""
    return verifier.score(values), (values[_COSINE] - 0.85) * 10, values[_MARGIN] * 5, values[_SUPPORT]


def explained(decision: Decision) -> dict[str, object]:
    """A decision in plain values, as ``stellwerk cache explain`` prints it."""
    return {
        "reason": decision.reason,
        "hit": decision.is_hit,
        "entry": decision.chosen.entry if decision.chosen else None,
        "chance": round(decision.chance, 5),
        "threshold": round(decision.threshold, 5),
        "bound": round(decision.bound, 5),
        "neighbours": [
            {
                "entry": each.candidate.entry,
                "text": each.candidate.text,
                "cosine": round(each.candidate.cosine, 4),
                "blocked": each.is_blocked,
                "differs": [
                    {"kind": found.kind, "detail": found.detail, "forbids": found.is_hard} for found in each.mismatches
                ],
            }
            for each in decision.judged
        ],
    }
