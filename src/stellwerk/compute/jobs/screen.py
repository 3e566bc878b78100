"""Judges texts by local checks, as workers would, for texts that would keep their other requests waiting.

One that fails on a text has not run on it, which is what is told of it.
"""

from __future__ import annotations

from stellwerk.compute.checks import check_of
from stellwerk.compute.ticket import Ticket
from stellwerk.core.inspection import Findings, answer, read_question
from stellwerk.core.subject import Subject
from stellwerk.ports.guardrail import Guardrail
from stellwerk.text.reading import read


def run(payload: bytes, ticket: Ticket) -> bytes:
    """The findings of each check for each text. Raises ``ValueError`` for what is no such question."""
    asked = read_question(payload)
    checks = [check_of(use, options) for use, options in asked.checks]
    found: list[list[Findings]] = []
    for text, speaker in asked.texts:
        ticket.check()
        subject = read(text, speaker=speaker, side=asked.side)
        found.append([_findings(check, subject) for check in checks])
    return answer(found)


def _findings(check: Guardrail, subject: Subject) -> Findings:
    try:
        return check.check(subject)
    except Exception as error:  # noqa: BLE001  # a check may be a plugin, which can fail in any way
        return type(error).__name__
