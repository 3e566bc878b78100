"""All rules in their order."""

from __future__ import annotations

from stellwerk.semantic.alignment import Alignment
from stellwerk.semantic.mismatch import circumstance, direction, negation, numbers, scope
from stellwerk.semantic.mismatch.mismatch import Mismatch

RULES = (
    direction.language,
    numbers.number,
    numbers.date,
    negation.negation,
    negation.opposite,
    direction.quote,
    direction.direction,
    direction.order,
    scope.name,
    scope.scope,
    direction.question,
    direction.person,
    circumstance.modality,
    circumstance.tense,
    circumstance.condition,
    circumstance.owner,
    circumstance.role,
    scope.word,
)


def mismatches(pair: Alignment) -> tuple[Mismatch, ...]:
    """Everything in which two turns differ, what forbids to serve and what only weighs."""
    return tuple(found for rule in RULES for found in rule(pair))
