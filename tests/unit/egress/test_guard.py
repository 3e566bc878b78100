"""The guard: what it lets through in each mode, what it remembers, and how it changes its policy."""

from __future__ import annotations

from typing import Literal

import pytest

from stellwerk.core.egress_policy import Policy
from stellwerk.core.snapshot import EgressSpec
from stellwerk.core.wire import Origin
from stellwerk.egress.guard import INWARD, MOST_REMEMBERED, Denial, Guard

PUBLIC = "93.184.215.14"
PROVIDER = Origin("https", "provider.example", 443)


class Clock:
    """Time that stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        """The time."""
        return self.now_s


def policy(
    mode: Literal["enforce", "report", "off"] = "enforce", *allow: str, origins: tuple[Origin, ...] = ()
) -> Policy:
    return Policy.of(EgressSpec(mode, allow or ("a.example",)), origins)


def test_what_the_policy_allows_passes_and_leaves_no_trace() -> None:
    guard = Guard(policy(), Clock())
    assert guard.check("a.example", PUBLIC, 443) is None
    assert guard.judge_url("https://a.example/cat.png").origin == Origin("https", "a.example", 443)
    assert (guard.denied, guard.denials) == (0, ())


def test_what_is_not_listed_is_refused_with_the_reason() -> None:
    guard = Guard(policy(), Clock())
    assert guard.check("b.example", PUBLIC, 443) == "b.example is not listed"
    assert guard.denials == (Denial("b.example", 443, "", "b.example is not listed", is_enforced=True),)


def test_a_caller_does_not_learn_what_a_name_resolved_to() -> None:
    guard = Guard(policy(), Clock())
    assert guard.check("a.example", "10.1.2.3", 443) == INWARD
    (denial,) = guard.denials
    assert denial.address == "10.1.2.3"
    assert denial.reason.startswith("10.1.2.3 is private")


def test_one_bad_address_refuses_the_answer() -> None:
    guard = Guard(policy(), Clock())
    assert guard.refusal("a.example", [PUBLIC, "169.254.169.254"], 443) == INWARD
    assert guard.refusal("a.example", [PUBLIC], 443) is None


def test_report_lets_pass_and_remembers() -> None:
    told: list[Denial] = []
    guard = Guard(policy("report"), Clock(), told.append)
    assert guard.check("b.example", PUBLIC, 443) is None
    assert guard.check("a.example", "127.0.0.1", 443) is None
    assert guard.judge_url("https://c.example/").is_allowed
    assert guard.denied == 3
    assert [denial.host for denial in told] == ["b.example", "a.example", "c.example"]
    assert not any(denial.is_enforced for denial in told)


def test_a_malformed_url_is_denied_in_every_mode_because_it_leads_nowhere() -> None:
    for mode in ("enforce", "report", "off"):
        guard = Guard(policy(mode), Clock())
        assert not guard.judge_url("https://user@a.example/").is_allowed
        assert guard.denials[0].is_enforced


def test_off_judges_nothing() -> None:
    guard = Guard(policy("off"), Clock())
    assert guard.check("b.example", "10.0.0.1", 1) is None
    assert guard.denied == 0


def test_a_repeated_refusal_is_told_once_and_counted() -> None:
    told: list[Denial] = []
    guard = Guard(policy(), Clock(), told.append)
    for _ in range(5):
        guard.check("b.example", PUBLIC, 443)
    guard.check("c.example", PUBLIC, 443)
    guard.check("b.example", PUBLIC, 443)
    assert [denial.host for denial in told] == ["b.example", "c.example"]
    assert [(denial.host, denial.count) for denial in guard.denials] == [("c.example", 1), ("b.example", 6)]
    assert guard.denied == 7


def test_only_the_last_refusals_are_remembered() -> None:
    guard = Guard(policy(), Clock())
    for number in range(MOST_REMEMBERED + 10):
        guard.check(f"{number}.x.test", PUBLIC, 443)
    assert len(guard.denials) == MOST_REMEMBERED
    assert guard.denials[-1].host == f"{MOST_REMEMBERED + 9}.x.test"
    assert guard.denied == MOST_REMEMBERED + 10


def test_a_new_policy_holds_at_once() -> None:
    guard = Guard(policy(), Clock())
    guard.adopt(policy("enforce", "b.example"))
    assert guard.check("a.example", PUBLIC, 443) is not None
    assert guard.check("b.example", PUBLIC, 443) is None


def test_a_provider_that_is_gone_stays_permitted_until_requests_under_way_have_ended() -> None:
    clock = Clock()
    guard = Guard(policy(origins=(PROVIDER,)), clock)
    guard.adopt(policy("enforce", "b.example"), grace_s=120.0)
    assert guard.check("a.example", PUBLIC, 443) is not None  # what an entry allowed goes at once
    clock.now_s += 119.0
    assert guard.check(PROVIDER.host, PUBLIC, 443) is None
    clock.now_s += 2.0
    assert guard.check(PROVIDER.host, PUBLIC, 443) is not None
    assert guard.check("b.example", PUBLIC, 443) is None


def test_without_grace_a_provider_goes_at_once() -> None:
    guard = Guard(policy(origins=(PROVIDER,)), Clock())
    guard.adopt(policy())
    assert guard.check(PROVIDER.host, PUBLIC, 443) is not None


def test_reloads_in_quick_succession_keep_what_is_still_needed() -> None:
    clock = Clock()
    guard = Guard(policy(origins=(PROVIDER,)), clock)
    guard.adopt(policy(), grace_s=100.0)
    clock.now_s += 50.0
    guard.adopt(policy(), grace_s=100.0)
    clock.now_s += 60.0
    assert guard.check(PROVIDER.host, PUBLIC, 443) is None
    clock.now_s += 50.0
    assert guard.check(PROVIDER.host, PUBLIC, 443) is not None
    assert guard.policy == policy()


@pytest.mark.parametrize("host", ["", "a b", "x" * 1000, "\udcff", "[::1]"])
def test_a_host_that_is_none_is_refused(host: str) -> None:
    assert Guard(policy("enforce", "*"), Clock()).check(host, PUBLIC, 443) is not None
