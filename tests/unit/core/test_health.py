"""How a target is doing: what calls and probes say of it, that the newest evidence counts, and how long it lasts."""

from __future__ import annotations

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.health import (
    CREDENTIALS,
    DENIED,
    FADES_S,
    FAILING,
    FAILURES,
    LINGERS_S,
    MOST_CHANGES,
    NOTHING,
    OTHER,
    QUIET_S,
    QUOTA,
    RATE_LIMITED,
    UNREADABLE,
    Health,
    Probe,
    Signs,
    State,
    failure_of,
    judge,
)
from stellwerk.errors import (
    EgressDenied,
    UpstreamCredentials,
    UpstreamError,
    UpstreamInvalid,
    UpstreamRateLimited,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnavailable,
)

NOW = 1_000.0
AWAY = "upstream_unavailable"
WELL = (State.HEALTHY, "")
OPEN = (State.DOWN, "circuit open")
moments = st.floats(0.0, 2_000.0).map(lambda moment: round(moment, 1))
signs = st.builds(Signs, moments, moments, moments, st.sampled_from(FAILURES), st.integers(0, 64))
probes = st.none() | st.builds(Probe, moments, st.sampled_from(FAILURES), st.sampled_from([0, 200, 401, 403, 500]))
ends = st.none() | moments


def shown(
    *, ok: float = 0.0, failed: float = 0.0, failure: str = AWAY, failures: int = 1, limited: float = 0.0
) -> Signs:
    """What calls have shown at those moments."""
    return Signs(limited, ok, failed, failure if failed else "", failures if failed else 0)


CALLS = {
    "nothing is known": (NOTHING, (State.UNKNOWN, "")),
    "it answers": (shown(ok=NOW - 900), WELL),
    "its only call failed": (shown(failed=NOW), (State.DEGRADED, "failing")),
    "a call fails now and then": (shown(ok=NOW - 2, failed=NOW - 1), WELL),
    "a failure that nothing followed": (shown(ok=NOW - 20, failed=NOW - QUIET_S), (State.DEGRADED, "failing")),
    "failures among successes": (shown(ok=NOW, failed=NOW - 1, failures=FAILING), (State.DEGRADED, "failing")),
    "too few of them": (shown(ok=NOW, failed=NOW - 1, failures=FAILING - 1), WELL),
    "failures of long ago": (shown(ok=NOW, failed=NOW - FADES_S - 1, failures=64), WELL),
    "a key that is refused": (
        shown(ok=NOW - 2, failed=NOW - 1, failure=CREDENTIALS),
        (State.DOWN, "credentials refused"),
    ),
    "a key that was refused": (shown(ok=NOW, failed=NOW - 1, failure=CREDENTIALS), WELL),
    "the egress policy": (shown(failed=NOW, failure=DENIED), (State.DOWN, "not allowed by the egress policy")),
    "it is limited": (
        shown(ok=NOW, failed=NOW - 1, failure=RATE_LIMITED, limited=NOW + 5),
        (State.LIMITED, "rate limited"),
    ),
    "it was until just now": (shown(ok=NOW, limited=NOW - LINGERS_S + 0.1), (State.LIMITED, "rate limited")),
    "it was before that": (shown(ok=NOW, limited=NOW - LINGERS_S), WELL),
    "nothing that was paid for is left": (
        shown(failed=NOW, failure=QUOTA, limited=NOW + 5),
        (State.LIMITED, "quota exhausted"),
    ),
    "it named no time": (shown(ok=NOW - 60, failed=NOW - 20, failure=RATE_LIMITED), (State.LIMITED, "rate limited")),
}


@pytest.mark.parametrize(("found", "expected"), CALLS.values(), ids=list(CALLS))
def test_what_calls_say(found: Signs, expected: tuple[State, str]) -> None:
    assert judge(found, None, NOW) == expected


PROBES = {
    "it answers": (Probe(NOW), WELL),
    "it is away": (Probe(NOW, AWAY), (State.DOWN, "unreachable")),
    "it answers with something else": (Probe(NOW, UNREADABLE, 200), (State.DOWN, "unreachable")),
    "it does not know the key": (Probe(NOW, CREDENTIALS, 401), (State.DOWN, "credentials refused")),
    "the key may be restricted": (Probe(NOW, CREDENTIALS, 403), (State.DEGRADED, "credentials refused")),
    "it may not be asked": (Probe(NOW, DENIED), (State.DOWN, "not allowed by the egress policy")),
    "it is limited": (Probe(NOW, RATE_LIMITED, 429), (State.LIMITED, "rate limited")),
    "nothing is left": (Probe(NOW, QUOTA, 429), (State.LIMITED, "quota exhausted")),
}


@pytest.mark.parametrize(("probe", "expected"), PROBES.values(), ids=list(PROBES))
@pytest.mark.parametrize("found", [NOTHING, shown(ok=NOW - 400), shown(failed=NOW - 400, failure=CREDENTIALS)])
def test_what_a_probe_says_of_an_idle_target(found: Signs, probe: Probe, expected: tuple[State, str]) -> None:
    assert judge(found, probe, NOW) == expected


@given(found=signs, probe=probes, now=moments, open_until=ends)
def test_the_newest_evidence_counts(found: Signs, probe: Probe | None, now: float, open_until: float | None) -> None:
    judged = judge(found, probe, now, open_until=open_until)
    if probe is None or probe.asked_at <= found.latest:
        assert judged == judge(found, None, now, open_until=open_until)
    elif probe.failure and judged[0] is State.HEALTHY:
        pytest.fail("a failing probe was not heard")
    assert (judged[1] == "") == (judged[0] in {State.HEALTHY, State.UNKNOWN})


def test_an_open_circuit_says_that_it_is_down_until_something_newer_says_otherwise() -> None:
    failing = shown(ok=NOW - 30, failed=NOW - 10, failures=4)
    assert judge(failing, None, NOW, open_until=NOW + 5) == OPEN
    assert judge(failing, None, NOW + 60, open_until=NOW + 5) == OPEN
    assert judge(failing, Probe(NOW), NOW, open_until=NOW + 5) == OPEN
    assert judge(failing, Probe(NOW), NOW + 6, open_until=NOW + 5) == (State.DEGRADED, "circuit half-open")
    assert judge(failing, Probe(NOW, CREDENTIALS, 401), NOW, open_until=NOW + 5) == (State.DOWN, "credentials refused")


@given(one=signs, two=signs, three=signs)
def test_what_workers_have_seen_is_put_together_in_any_order(one: Signs, two: Signs, three: Signs) -> None:
    assert one.meet(two) == two.meet(one)
    assert one.meet(two).meet(three) == one.meet(two.meet(three))
    assert one.meet(one) == one
    assert one.meet(two).latest == max(one.latest, two.latest)


def test_a_state_has_a_beginning_and_a_history() -> None:
    health = Health().become(State.HEALTHY, "", 10.0)
    assert health.become(State.HEALTHY, "", 20.0) is health
    limited = health.become(State.LIMITED, "rate limited", 30.0)
    exhausted = limited.become(State.LIMITED, "quota exhausted", 40.0)
    assert (exhausted.state, exhausted.reason, exhausted.since_s) == (State.LIMITED, "quota exhausted", 30.0)
    assert [(change.at_s, change.state.value, change.reason) for change in exhausted.changes] == [
        (10.0, "healthy", ""),
        (30.0, "limited", "rate limited"),
        (40.0, "limited", "quota exhausted"),
    ]


@given(st.lists(st.tuples(st.sampled_from(State), st.sampled_from(["", "failing"])), max_size=50))
def test_a_history_is_bounded_and_holds_changes_alone(states: list[tuple[State, str]]) -> None:
    health = Health()
    for moment, (state, reason) in enumerate(states, start=1):
        health = health.become(state, reason, float(moment))
    assert len(health.changes) <= MOST_CHANGES
    told = [(change.state, change.reason) for change in health.changes]
    assert all(before != after for before, after in itertools.pairwise(told))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(health), type=Health) == health


ERRORS = {
    UpstreamUnavailable("Away."): AWAY,
    UpstreamTimeout("Late."): "upstream_timeout",
    UpstreamInvalid("Odd."): UNREADABLE,
    UpstreamCredentials("Who?"): CREDENTIALS,
    UpstreamRateLimited("Slow."): RATE_LIMITED,
    UpstreamRateLimited("Pay.", code="insufficient_quota"): QUOTA,
    EgressDenied("No."): DENIED,
    UpstreamError("Something."): OTHER,
    UpstreamRefused("What?", upstream_status=400): OTHER,
}


@pytest.mark.parametrize(("error", "failure"), ERRORS.items(), ids=str)
def test_every_error_has_a_reason_with_a_number_on_the_board(error: UpstreamError, failure: str) -> None:
    assert failure_of(error) == failure
    assert 0 < FAILURES.index(failure) < 256
