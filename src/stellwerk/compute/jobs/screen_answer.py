"""Judges the texts of a long answer as the guard of answers would in a worker, and tells what it has looked at."""

from __future__ import annotations

from stellwerk.compute.checks import check_of
from stellwerk.compute.ticket import Ticket
from stellwerk.core.inspection import Looks, looks_answer, read_answer_question
from stellwerk.screening.foresight import steps
from stellwerk.screening.judging import Panel
from stellwerk.screening.policy import Rule


def run(payload: bytes, ticket: Ticket) -> bytes:
    """The verdicts on everything that was looked at. Raises ``ValueError`` for what is no such question."""
    asked = read_answer_question(payload)
    rules = [
        Rule(
            name=spec.name,
            check=check_of(spec.use, spec.options),
            action=spec.action,
            actions=spec.actions,
            failure=spec.failure,
        )
        for spec in asked.checks
    ]
    known: Looks = {}
    for _ in steps(asked.texts, Panel(rules, sources=asked.sources, known=known), is_held=asked.is_held):
        ticket.check()
    return looks_answer(known)
