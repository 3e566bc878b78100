"""People at the admin side as the file has them: what the admin process loads, and faults told where they are."""

from __future__ import annotations

import pytest

from stellwerk.config.compile import compile_file
from stellwerk.core.issuer import PeopleSpec, Requirement, RoleRule
from tests.unit.config.conftest import Said, Write

ISSUER = '\n[[issuers]]\nname = "sso"\nissuer = "https://sso.example.com"\n'
SHORT = """
[admin.oidc]
issuer = "sso"
client_id = "stellwerk-admin"
roles = [{ claim = "groups", values = ["sre"], role = "admin" }]
"""
WHOLE = """
[admin]
listen = "0.0.0.0:8081"

[admin.oidc]
issuer = "sso"
client_id = "stellwerk-admin"
client_secret = "env:K"
audience = ["stellwerk-admin", "api"]
url = "https://Admin.example.com/"
scopes = ["groups", "openid"]
session_s = 3600
roles = [
  { claim = ["realm_access", "roles"], values = "sre", role = "admin" },
  { claim = "groups", values = ["leads"], role = "operator", teams = ["shop"] },
  { claim = "groups", values = ["owners"], role = "viewer", team_claim = "owns" },
]
"""
URL = "expected an https URL, or one of this machine"


def test_a_short_section_has_the_defaults(write: Write, head: str) -> None:
    rule = RoleRule(Requirement(("groups",), ("sre",)), "admin")
    people = PeopleSpec("sso", "stellwerk-admin", audiences=("stellwerk-admin",), roles=(rule,))
    assert compile_file(write(head + ISSUER + SHORT)).admin.oidc == people


def test_a_whole_section_is_compiled_and_takes_the_place_of_a_token(write: Write, head: str) -> None:
    snapshot = compile_file(write(head + ISSUER + WHOLE))
    assert snapshot.issuers[0].audiences == ()
    assert snapshot.admin.oidc == PeopleSpec(
        "sso",
        "stellwerk-admin",
        "env:K",
        ("stellwerk-admin", "api"),
        "https://admin.example.com",
        ("openid", "groups"),
        3600.0,
        (
            RoleRule(Requirement(("realm_access", "roles"), ("sre",)), "admin"),
            RoleRule(Requirement(("groups",), ("leads",)), "operator", ("shop",)),
            RoleRule(Requirement(("groups",), ("owners",)), "viewer", team_claim=("owns",)),
        ),
    )


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('issuer = "sso"', 'issuer = "other"', "admin.oidc.issuer: expected an issuer (one of sso), found"),
        ('issuer = "sso"', "issuer = 5", "admin.oidc.issuer: expected a string"),
        ('client_id = "stellwerk-admin"', "", "admin.oidc.client_id: required, but missing"),
        ('"https://Admin.example.com/"', '"http://admin.example.com"', f"admin.oidc.url: {URL}"),
        ('"https://Admin.example.com/"', '"https://x.example/a"', "admin.oidc.url: expected a URL without a path"),
        ('role = "admin"', 'role = "root"', "admin.oidc.roles[0].role: expected"),
        ('teams = ["shop"]', 'teams = ["shop"], team_claim = "x"', "admin.oidc.roles[1]: expected either teams or"),
        ("session_s = 3600", "session_s = 5", "admin.oidc.session_s: expected a number not below 60"),
        ('"env:K"', '"env:SPACED"', "admin.oidc.client_secret: expected visible ASCII characters"),
    ],
)
def test_a_fault_is_told_where_it_is(old: str, new: str, fault: str, said: Said, head: str) -> None:
    assert old in WHOLE
    faults = said(head + ISSUER.replace("issuer =", "issuer=") + WHOLE.replace(old, new))
    assert any(fault in one for one in faults), faults


def test_an_issuer_has_an_audience_or_is_there_for_people(said: Said, head: str) -> None:
    assert said(head + ISSUER + SHORT) == []
    assert any("audience: required" in one for one in said(head + ISSUER))
    two = ISSUER + ISSUER.replace("sso", "other") + SHORT
    assert any("issuers[1].audience: required" in one for one in said(head + two))


def test_roles_have_to_be_said(said: Said, head: str) -> None:
    without = "\n".join(line for line in SHORT.splitlines() if not line.startswith("roles"))
    assert any("admin.oidc.roles: required" in one for one in said(head + ISSUER + without))
    assert any("at least one entry" in one for one in said(head + ISSUER + without + "\nroles = []\n"))
