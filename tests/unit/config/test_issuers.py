"""Issuers of tokens as the file has them: what workers load, and faults told where they are."""

from __future__ import annotations

from typing import get_args

import pytest

from stellwerk.config import issuers
from stellwerk.config.compile import compile_file
from stellwerk.core.issuer import ALGORITHMS, USUAL_ALGORITHMS, IssuerSpec, Requirement
from stellwerk.core.scope import BudgetSpec, KeyRecord, LimitSpec, Metric, Period
from tests.unit.config.conftest import Said, Write

SHORT = """
[[issuers]]
name = "google"
issuer = "https://accounts.google.com"
audience = "app.example"
"""
WHOLE = """
[[issuers]]
name = "kc"
issuer = "https://sso.example.com/realms/staff"
audience = ["stellwerk", "llm"]
algorithms = ["RS256", "ES512"]
leeway_s = 5
jwks_url = "https://keys.example.com/certs"
refresh_s = 300
keep_s = 7200.0
teams = { platform-eng = "platform", "CN=Shop" = "shop" }
require = [{ claim = ["realm_access", "roles"], values = "llm" }, { claim = "acr", values = ["1", "2"] }]

[issuers.claims]
user = "email"
team = "groups"
organization = ["org", "name"]
models = "models"
tags = { env = "https://example.com/env" }

[issuers.callers]
team = "rest"
organization = "acme"
models = ["m"]
dialects = ["openai"]
networks = ["10.0.0.0/8"]
tags = ["via=sso"]
limits = { rpm = 60 }
budget = { limit_usd = 1.5, period = "day" }
"""
URL = "expected an https URL, or one of this machine"


def test_a_short_section_has_the_defaults_of_the_gateway(write: Write, head: str) -> None:
    snapshot = compile_file(write(head + SHORT))
    assert snapshot.issuers == (IssuerSpec("google", "https://accounts.google.com", ("app.example",)),)


def test_a_whole_section_is_compiled(write: Write, head: str) -> None:
    assert compile_file(write(head + WHOLE)).issuers == (
        IssuerSpec(
            name="kc",
            issuer="https://sso.example.com/realms/staff",
            audiences=("stellwerk", "llm"),
            algorithms=("RS256", "ES512"),
            leeway_s=5.0,
            jwks_url="https://keys.example.com/certs",
            refresh_s=300.0,
            keep_s=7200.0,
            user=("email",),
            team=("groups",),
            organization=("org", "name"),
            models=("models",),
            tags=(("env", ("https://example.com/env",)),),
            teams=(("platform-eng", "platform"), ("CN=Shop", "shop")),
            require=(Requirement(("realm_access", "roles"), ("llm",)), Requirement(("acr",), ("1", "2"))),
            callers=KeyRecord(
                "",
                "",
                b"",
                team="rest",
                organization="acme",
                models=("m",),
                dialects=("openai",),
                networks=("10.0.0.0/8",),
                tags=(("via", "sso"),),
                limits=(LimitSpec(Metric.REQUESTS, 60),),
                budgets=(BudgetSpec(1_500_000_000, Period.DAY),),
            ),
        ),
    )


def test_keys_can_stand_in_a_file(write: Write, head: str) -> None:
    path = write(head + SHORT + 'jwks = "file:jwks.json"\n')
    (path.parent / "jwks.json").write_text('{"keys":[]}')
    assert compile_file(path).issuers[0].jwks == '{"keys":[]}'


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('issuer = "http://sso.example.com"', f'issuers[0].issuer: {URL}, found "http://sso.example.com"'),
        ('name = "a/b"', "issuers[0].name: expected a name of at most 64"),
        ('issuer = "sso.example.com"', "issuers[0].issuer: expected an http(s) URL"),
        ('audience = ""', "issuers[0].audience: expected a string that is not empty"),
        ("audience = []", "issuers[0].audience: expected at least one entry, found an empty array"),
        ("audience = 5", "issuers[0].audience: expected an array, found an integer"),
        ('algorithms = ["none"]', "issuers[0].algorithms[0]: expected"),
        ('algorithms = ["HS256"]', "issuers[0].algorithms[0]: expected"),
        ("leeway_s = 301", "issuers[0].leeway_s: expected a number not above 300"),
        ('jwks_url = "http://keys.example.com"', f"issuers[0].jwks_url: {URL}"),
        ('callers = { models = ["other"] }', "issuers[0].callers.models[0]: expected a model (one of m)"),
        ('callers = { key = "x" }', "issuers[0].callers.key: unknown key"),
        ("claims = { team = [] }", "issuers[0].claims.team: expected at least one entry"),
        ("claims = { tags = { env = 5 } }", "issuers[0].claims.tags.env: expected an array"),
        ('require = [{ claim = "x" }]', "issuers[0].require[0].values: required, but missing"),
        (
            'jwks = "{}"\njwks_url = "https://k.example"',
            "issuers[0].jwks: expected either jwks or jwks_url, found both",
        ),
    ],
)
def test_a_fault_is_told_where_it_is(line: str, fault: str, said: Said, head: str) -> None:
    name = line.partition(" ")[0]
    kept = [each for each in SHORT.splitlines() if each.partition(" ")[0] != name]
    faults = said(head + "\n".join([*kept, line]) + "\n")
    assert any(fault in one for one in faults), faults


def test_faults_between_sections(said: Said, head: str) -> None:
    assert "issuers[0].audience: required, but missing" in said(head + SHORT.replace("audience", "#"))[0]
    twice = said(head + SHORT + SHORT.replace('"app.example"', '["other", "app.example"]'))
    assert any("issuers[1].name: expected a name of its own" in one for one in twice)
    assert any("issuers[1].audience[1]: expected an audience of its own" in one for one in twice)


def test_without_the_package_it_is_said_how_to_install_it(
    said: Said, head: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuers, "find_spec", lambda _: None)
    assert "pip install 'stellwerk[oidc]'" in said(head + SHORT)[0]
    assert said(head) == []


def test_issuers_on_this_machine_may_be_plain(said: Said, head: str) -> None:
    for url in ("http://localhost:8080/r", "http://127.0.0.1", "http://[::1]:8080", "HTTPS://x.example/"):
        assert said(head + SHORT.replace("https://accounts.google.com", url)) == []


def test_callers_with_tokens_are_callers(warned: Said, head: str) -> None:
    without_keys = head.partition("[[keys]]")[0]
    assert any("every request will be refused" in one for one in warned(without_keys))
    assert not any("every request will be refused" in one for one in warned(without_keys + SHORT))


def test_the_schema_knows_every_algorithm() -> None:
    assert set(ALGORITHMS) == set(get_args(issuers.Algorithm))
    assert set(USUAL_ALGORITHMS) < set(ALGORITHMS)
