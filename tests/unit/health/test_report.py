"""The report as text and as JSON."""

import json

from stellwerk.health.report import Finding, Report, State

REPORT = Report(
    (
        Finding("process", State.OK, "runs", 1.4),
        Finding("provider north", State.WARN, "away", 20.0),
        Finding("state", State.FAIL, "full", 0.2),
    ),
    21.6,
)


def test_only_a_failure_makes_it_unhealthy() -> None:
    assert not REPORT.is_healthy
    assert Report(REPORT.findings[:2], 21.6).is_healthy
    assert Report((), 0.0).is_healthy


def test_the_text_has_a_line_for_each_and_a_verdict() -> None:
    assert REPORT.text() == (
        "ok    process         runs (1 ms)\n"
        "warn  provider north  away (20 ms)\n"
        "fail  state           full (0 ms)\n"
        "not healthy, in 22 ms"
    )
    assert Report((), 0.0).text() == "healthy, in 0 ms"


def test_the_json_says_the_same() -> None:
    assert json.loads(REPORT.json()) == {
        "healthy": False,
        "took_ms": 21.6,
        "findings": [
            {"name": "process", "state": "ok", "detail": "runs", "took_ms": 1.4},
            {"name": "provider north", "state": "warn", "detail": "away", "took_ms": 20.0},
            {"name": "state", "state": "fail", "detail": "full", "took_ms": 0.2},
        ],
    }
