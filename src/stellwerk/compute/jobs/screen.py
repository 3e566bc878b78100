"""Judges texts by local checks, as workers would, for texts that would keep their other requests waiting.

Checks are made when first asked for. One that fails on a text has not run on it, which is what is told of it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import cast

import msgspec

from stellwerk import plugins
from stellwerk.compute.ticket import Ticket
from stellwerk.core.inspection import Findings, answer, read_question
from stellwerk.core.subject import Subject
from stellwerk.ports.guardrail import Guardrail
from stellwerk.text.reading import read

MOST_CHECKS = 64


def run(payload: bytes, ticket: Ticket) -> bytes:
    """The findings of each check for each text. Raises ``ValueError`` for what is no such question."""
    asked = read_question(payload)
    checks = [_check(use, msgspec.msgpack.encode(options)) for use, options in asked.checks]
    found: list[list[Findings]] = []
    for text, speaker in asked.texts:
        ticket.check()
        subject = read(text, speaker=speaker, side=asked.side)
        found.append([_findings(check, subject) for check in checks])
    return answer(found)


@lru_cache(MOST_CHECKS)
def _check(use: str, options: bytes) -> Guardrail:
    return cast("Guardrail", plugins.build("guardrails", use, msgspec.msgpack.decode(options)))


def _findings(check: Guardrail, subject: Subject) -> Findings:
    try:
        return check.check(subject)
    except Exception as error:  # noqa: BLE001  # a check may be a plugin, which can fail in any way
        return type(error).__name__
