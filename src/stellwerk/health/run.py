"""Runs checks side by side under one deadline: whatever hangs, the report is there in time."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Collection, Mapping

from stellwerk.health.report import Finding, Report, State

DEADLINE_S = 4.5
"""All checks together; a report is promised in under 5 s."""

Check = Callable[[], tuple[State, str]]
"""Looks at one thing; may block, may raise ``OSError`` or ``ValueError`` with a reason."""


def run(checks: Mapping[str, Check], deadline_s: float = DEADLINE_S, *, optional: Collection[str] = ()) -> Report:
    """The report of all ``checks``. One that has not answered by the deadline has failed; its thread is left behind.

    What is late of ``optional`` is only worth a warning.
    """
    started = time.monotonic()
    answers: queue.SimpleQueue[Finding] = queue.SimpleQueue()
    for name, check in checks.items():
        threading.Thread(target=_answer, args=(name, check, answers), daemon=True).start()
    findings: dict[str, Finding] = {}
    while len(findings) < len(checks):
        left_s = deadline_s - (time.monotonic() - started)
        try:
            finding = answers.get(timeout=max(left_s, 0.001))
        except queue.Empty:
            break
        findings[finding.name] = finding
    late = {
        name: Finding(
            name, State.WARN if name in optional else State.FAIL, f"no answer within {deadline_s:g} s", deadline_s * 1e3
        )
        for name in checks
        if name not in findings
    }
    took_ms = (time.monotonic() - started) * 1e3
    return Report(tuple(findings.get(name) or late[name] for name in checks), took_ms)


def _answer(name: str, check: Check, answers: queue.SimpleQueue[Finding]) -> None:
    started = time.monotonic()
    try:
        state, detail = check()
    except (OSError, ValueError) as error:
        state, detail = State.FAIL, str(error) or type(error).__name__
    except Exception as error:  # noqa: BLE001  # a check that breaks is a finding, not the end of the report
        state, detail = State.FAIL, f"the check itself broke: {type(error).__name__}"
    answers.put(Finding(name, state, detail, (time.monotonic() - started) * 1e3))
