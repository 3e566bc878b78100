"""What is told of checks: a check that did not run is never told of as one that passed."""

from stellwerk.core.subject import Side
from stellwerk.core.taxonomy import Pii
from stellwerk.core.verdict import Action, Span, Verdict
from stellwerk.screening.report import Report


def found(action: Action, count: int = 1) -> Verdict:
    spans = tuple(Span(place, place + 1, Pii.URL) for place in range(count))
    return Verdict(check="pii", category=Pii.URL, score=1.0, action=action, spans=spans)


FAILED = Verdict(check="pii", category=None, score=0.0, action=Action.FLAG, error="timeout")


def test_nothing_was_due() -> None:
    report = Report()
    assert report.is_empty
    assert report.record() == ""


def test_the_strictest_action_counts() -> None:
    report = Report()
    report.note(Side.INPUT, "pii", [found(Action.FLAG), found(Action.MASK, 2)])
    report.note(Side.INPUT, "pii", [found(Action.OBSERVE)])
    report.note(Side.OUTPUT, "topic", [])
    assert report.header() == b"rewrite; pii=mask; output topic=pass"
    assert report.record() == "rewrite; pii=mask; output topic=pass; URL:4"


def test_what_failed_once_has_failed() -> None:
    report = Report()
    report.note(Side.INPUT, "pii", [])
    report.note(Side.INPUT, "pii", [FAILED])
    assert report.header() == b"unchecked; pii=failed:timeout"
    report.note(Side.INPUT, "pii", [found(Action.BLOCK)])
    assert report.header() == b"block, degraded; pii=failed:timeout+block"
    report.note(Side.INPUT, "topic", [])
    assert report.header() == b"block, degraded; topic=pass; pii=failed:timeout+block"


def test_a_flag_is_no_pass() -> None:
    report = Report()
    report.note(Side.INPUT, "pii", [found(Action.FLAG)])
    assert report.header() == b"flag; pii=flag"
    other = Report()
    other.note(Side.INPUT, "pii", [found(Action.OBSERVE)])
    assert other.header() == b"pass; pii=observe"
