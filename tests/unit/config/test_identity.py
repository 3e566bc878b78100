"""Organizations, teams, users, tags and keys of the file: what workers load of them, and faults told where they are."""

from __future__ import annotations

import pytest

from stellwerk.config.compile import compile_file
from stellwerk.core.scope import BudgetSpec, LimitSpec, Metric, Period, ScopeKind, ScopeRecord
from stellwerk.core.snapshot import KeySpec
from tests.unit.config.conftest import Said, Write

MOMENT = "a date and time with its offset from UTC"
TAG = "a tag such as env=prod, in printable ASCII characters"
BARE = "with no bit set behind its prefix, here 10.0.0.0/8"
BUDGET = "limit_usd, period, time_zone, hard, alerts, name"
FAMILIES = '"openai", "anthropic", "gemini" or "bedrock"'
SECTIONS = """
organization = "acme"
team = "shop"
user = "anne"
dialects = ["openai", "gemini"]
networks = ["10.0.0.0/8"]
tags = ["env=prod", "empty="]
expires = 2027-01-01T00:00:00Z
limits = { rpm = 600, tpm = 200_000, concurrency = 50 }
budget = { limit_usd = 0.1, period = "day", hard = false, alerts = [0.5], time_zone = "Europe/Berlin" }

[[organizations]]
name = "acme"
budget = [{ limit_usd = 1000.0 }, { limit_usd = 50.0, period = "day" }]

[[teams]]
name = "shop"
organization = "acme"
enabled = false

[[users]]
name = "anne"

[[tags]]
tag = "env=prod"
limits = { rpd = 5 }
"""


def test_what_the_file_says_of_keys_and_scopes_is_compiled(write: Write, head: str) -> None:
    snapshot = compile_file(write(head + SECTIONS))
    assert snapshot.keys == (
        KeySpec(
            "k",
            "env:K",
            "shop",
            limits=(
                LimitSpec(Metric.CONCURRENCY, 50),
                LimitSpec(Metric.REQUESTS, 600),
                LimitSpec(Metric.TOKENS, 200_000),
            ),
            budgets=(BudgetSpec(100_000_000, Period.DAY, "Europe/Berlin", is_hard=False, alerts=(0.5,)),),
            organization="acme",
            user="anne",
            dialects=("openai", "gemini"),
            networks=("10.0.0.0/8",),
            tags=(("env", "prod"), ("empty", "")),
            expires_s=1_798_761_600.0,
        ),
    )
    assert snapshot.scopes == (
        ScopeRecord(
            ScopeKind.ORGANIZATION,
            "acme",
            budgets=(BudgetSpec(1_000_000_000_000), BudgetSpec(50_000_000_000, Period.DAY)),
        ),
        ScopeRecord(ScopeKind.TEAM, "shop", "acme", is_enabled=False),
        ScopeRecord(ScopeKind.USER, "anne"),
        ScopeRecord(ScopeKind.TAG, "env=prod", limits=(LimitSpec(Metric.REQUESTS, 5, 86_400),)),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("expires = 2027-01-01", f"13: keys[0].expires: expected {MOMENT}, found a date or time"),
        ("expires = 2027-01-01T00:00:00", f"13: keys[0].expires: expected {MOMENT}, found a date or time"),
        ('tags = ["env"]', f'13: keys[0].tags[0]: expected {TAG}, found "env"'),
        ('tags = ["a=b=c"]', f'13: keys[0].tags[0]: expected {TAG}, found "a=b=c"'),
        (
            'networks = ["10.0.0.1/8"]',
            f'13: keys[0].networks[0]: expected a network such as 10.0.0.0/8 or fd00::/8 {BARE}, found "10.0.0.1/8"',
        ),
        ("budget = { limit_usd = -1.0 }", "13: keys[0].budget.limit_usd: expected a number not below 0, found -1.0"),
        (
            "budget = { limit_usd = 1.0, hart = true }",
            f'13: keys[0].budget.hart: unknown key, expected one of {BUDGET}; did you mean "hard"?',
        ),
        ("budget = [{ limit_usd = 1.0 }, {}]", "13: keys[0].budget[1].limit_usd: required, but missing"),
        ("budget = 5", "13: keys[0].budget: expected an array, found an integer"),
        (
            'dialects = ["openay"]',
            f'13: keys[0].dialects[0]: expected {FAMILIES}, found "openay"',
        ),
        (
            '[[teams]]\nname = "a"\n[[teams]]\nname = "a"',
            '16: teams[1].name: expected a name of its own, found "a", the name of teams[0]',
        ),
    ],
)
def test_a_fault_is_told_with_its_line(text: str, expected: str, said: Said, head: str) -> None:
    assert said(f"{head}{text}\n") == [f"stellwerk.toml:{expected}"]


def test_models_and_providers_may_have_limits_and_budgets(write: Write, head: str) -> None:
    text = head.replace("[[models]]", "limits = { rpm = 1 }\n\n[[models]]").replace(
        "[[keys]]", "budget = { limit_usd = 1.0 }\n\n[[keys]]"
    )
    snapshot = compile_file(write(text))
    assert snapshot.scopes == (
        ScopeRecord(ScopeKind.PROVIDER, "up", limits=(LimitSpec(Metric.REQUESTS, 1),)),
        ScopeRecord(ScopeKind.MODEL, "m", budgets=(BudgetSpec(1_000_000_000),)),
    )
    assert "limits" not in snapshot.providers[0].options
