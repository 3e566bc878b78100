"""Checks side by side under one deadline."""

import threading
import time

from stellwerk.health.report import State
from stellwerk.health.run import run

PATIENCE_S = 10.0


def _fine() -> tuple[State, str]:
    return State.OK, "fine"


def test_findings_stand_in_the_order_of_the_checks() -> None:
    first_may_go = threading.Event()

    def slow() -> tuple[State, str]:
        assert first_may_go.wait(PATIENCE_S)
        return State.WARN, "slow"

    def quick() -> tuple[State, str]:
        first_may_go.set()
        return State.OK, "quick"

    report = run({"slow": slow, "quick": quick}, PATIENCE_S)
    assert [(finding.name, finding.state, finding.detail) for finding in report.findings] == [
        ("slow", State.WARN, "slow"),
        ("quick", State.OK, "quick"),
    ]
    assert report.is_healthy


def test_checks_run_side_by_side() -> None:
    meeting = threading.Barrier(5, timeout=PATIENCE_S)

    def meet() -> tuple[State, str]:
        meeting.wait()
        return State.OK, "met"

    assert run({str(number): meet for number in range(5)}, PATIENCE_S).is_healthy


def test_a_check_that_hangs_has_failed_and_holds_up_no_other() -> None:
    release = threading.Event()

    def hang() -> tuple[State, str]:
        release.wait(PATIENCE_S)
        return State.OK, "too late"

    began_s = time.monotonic()
    report = run({"hanging": hang, "fine": _fine}, 0.1)
    took_s = time.monotonic() - began_s
    release.set()
    assert took_s < PATIENCE_S
    assert [finding.state for finding in report.findings] == [State.FAIL, State.OK]
    assert report.findings[0].detail == "no answer within 0.1 s"
    assert not report.is_healthy


def test_a_check_that_is_optional_and_hangs_is_a_warning() -> None:
    release = threading.Event()

    def hang() -> tuple[State, str]:
        release.wait(PATIENCE_S)
        return State.OK, "too late"

    report = run({"hanging": hang, "fine": _fine}, 0.1, optional=["hanging"])
    release.set()
    assert [finding.state for finding in report.findings] == [State.WARN, State.OK]
    assert report.is_healthy


def test_what_a_check_raises_is_its_finding() -> None:
    def refuse() -> tuple[State, str]:
        raise ConnectionRefusedError(111, "Connection refused")

    def complain() -> tuple[State, str]:
        raise ValueError("not running")

    def say_nothing() -> tuple[State, str]:
        raise TimeoutError

    def break_down() -> tuple[State, str]:
        raise KeyError("a secret perhaps")

    report = run({"a": refuse, "b": complain, "c": say_nothing, "d": break_down}, PATIENCE_S)
    assert all(finding.state is State.FAIL for finding in report.findings)
    assert [finding.detail for finding in report.findings] == [
        "[Errno 111] Connection refused",
        "not running",
        "TimeoutError",
        "the check itself broke: KeyError",
    ]


def test_nothing_to_check_is_healthy() -> None:
    report = run({})
    assert report.findings == ()
    assert report.is_healthy
