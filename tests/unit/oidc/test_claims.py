"""What claims mean: times with their leeway, audiences, requirements, and who the bearer is."""

from __future__ import annotations

import math
from typing import Any

import pytest

from stellwerk.core.issuer import IssuerSpec, Requirement
from stellwerk.core.scope import KeyRecord
from stellwerk.errors import AuthenticationFailed, PermissionDenied
from stellwerk.oidc.claims import audiences_of, check_times, demand, record_of, values_at

NOW = 1_000.0
ODD_TIMES: list[Any] = ["2000", True, [2000], {}, 1e400, -1e400, math.nan, 10**400]
PLAIN = IssuerSpec("kc", "https://i.example", ("a",))
KUBERNETES = {"sub": "pod", "kubernetes.io": {"namespace": "shop", "pod": {"name": "x"}}}


def spec(**rest: Any) -> IssuerSpec:
    """An issuer's section."""
    return IssuerSpec("kc", "https://i.example", ("a",), **rest)


@pytest.mark.parametrize(
    ("claims", "good_until"),
    [
        ({"exp": 1001}, 1031.0),
        ({"exp": 970.5}, 1000.5),
        ({"exp": 2000, "nbf": 1030, "iat": 1030}, 2030.0),
        ({"exp": 2000, "nbf": -5, "iat": 0}, 2030.0),
    ],
)
def test_a_token_is_good_within_its_times_and_the_leeway(claims: dict[str, Any], good_until: float) -> None:
    assert check_times(claims, 30.0, NOW) == good_until


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({}, "when it expires"),
        ({"exp": None}, "when it expires"),
        ({"exp": 970}, "has expired"),
        ({"exp": 969}, "has expired"),
        ({"exp": 2000, "nbf": 1031}, "not valid yet"),
        ({"exp": 2000, "iat": 1031}, "in the future"),
        *(({"exp": odd}, "exp is no time") for odd in ODD_TIMES),
        ({"exp": 2000, "nbf": "0"}, "nbf is no time"),
        ({"exp": 2000, "iat": False}, "iat is no time"),
    ],
)
def test_a_token_outside_of_its_times_is_refused(claims: dict[str, Any], why: str) -> None:
    with pytest.raises(AuthenticationFailed, match=why):
        check_times(claims, 30.0, NOW)


def test_audiences() -> None:
    assert audiences_of({"aud": "a"}) == {"a"}
    assert audiences_of({"aud": ["a", "b"]}) == {"a", "b"}
    assert audiences_of({"aud": []}) == set()
    for odd in (None, 5, ["a", 5], {"a": 1}):
        with pytest.raises(AuthenticationFailed, match="meant for"):
            audiences_of({"aud": odd})


def test_values_are_found_inside_of_claims_too() -> None:
    assert values_at(KUBERNETES, ("kubernetes.io", "namespace")) == ["shop"]
    assert values_at(KUBERNETES, ("kubernetes.io", "pod", "name")) == ["x"]
    for path in (("kubernetes.io",), ("nothing",), ("sub", "x"), ("kubernetes.io", "pod", "name", "x")):
        assert values_at(KUBERNETES, path) == []
    assert values_at({"x": [1, True, None, "y", 1.5]}, ("x",)) == ["1", "true", "y"]
    assert values_at({"x": False}, ("x",)) == ["false"]


def test_what_is_required_has_to_stand_there() -> None:
    required = (Requirement(("owner",), ("acme", "acme-labs")), Requirement(("r", "roles"), ("llm",)))
    demand({"owner": "acme", "r": {"roles": ["x", "llm"]}}, required)
    for claims in ({}, {"owner": "acme"}, {"owner": "acme", "r": {"roles": ["x"]}}, {"owner": "Acme"}):
        with pytest.raises(PermissionDenied, match="no value that is accepted"):
            demand(claims, required)


def test_a_bearer_is_what_the_section_and_the_claims_say() -> None:
    template = KeyRecord(
        "", "", b"", team="rest", organization="acme", models=("m", "n"), tags=(("env", "x"), ("via", "sso"))
    )
    found = record_of(
        {"email": "anne@acme.example", "dept": "shop", "env": "prod", "models": ["n", "o"]},
        spec(user=("email",), team=("dept",), models=("models",), tags=(("env", ("env",)),), callers=template),
    )
    assert found == KeyRecord(
        "kc/anne@acme.example",
        "kc/anne@acme.example",
        b"",
        team="shop",
        organization="acme",
        user="anne@acme.example",
        models=("n",),
        tags=(("via", "sso"), ("env", "prod")),
    )


@pytest.mark.parametrize("user", [None, "", " anne", "an\nne", "a" * 257, ["a", "b"], {}, "a\u202eb"])
def test_without_a_user_nobody_is_let_in(user: Any) -> None:
    with pytest.raises(AuthenticationFailed, match="name a user"):
        record_of({"sub": user}, PLAIN)


@pytest.mark.parametrize(
    ("groups", "table", "team"),
    [
        ("shop", (), "shop"),
        (["shop"], (), "shop"),
        (["shop", "shop"], (), "shop"),
        (["g2", "g1"], (("g1", "one"), ("g2", "two")), "one"),
        (["g2", "x"], (("g1", "one"), ("g2", "two")), "two"),
    ],
)
def test_a_team_is_found(groups: Any, table: tuple[tuple[str, str], ...], team: str) -> None:
    assert record_of({"sub": "a", "groups": groups}, spec(team=("groups",), teams=table)).team == team


@pytest.mark.parametrize(
    ("groups", "table", "why"),
    [
        (None, (), "no team"),
        ([], (), "no team"),
        (["shop", "lab"], (), "several teams"),
        ("sh\nop", (), "no team"),
        (["x"], (("g1", "one"),), "no team"),
    ],
)
def test_without_a_team_nobody_is_let_in_unless_there_is_one_for_the_rest(
    groups: Any, table: tuple[tuple[str, str], ...], why: str
) -> None:
    claims = {"sub": "a", "groups": groups}
    with pytest.raises(PermissionDenied, match=why):
        record_of(claims, spec(team=("groups",), teams=table))
    rest = spec(team=("groups",), teams=table, callers=KeyRecord("", "", b"", team="rest"))
    assert record_of(claims, rest).team == "rest"


def test_models_are_only_ever_fewer() -> None:
    def models(named: Any, allowed: tuple[str, ...]) -> tuple[str, ...]:
        callers = KeyRecord("", "", b"", models=allowed)
        claims = {"sub": "a", **({} if named is None else {"m": named})}
        return record_of(claims, spec(models=("m",), callers=callers)).models

    assert models(["a", "b"], ("*",)) == ("a", "b")
    assert models(["a", "b"], ("b", "c")) == ("b",)
    assert models("*", ("b", "c")) == ("b", "c")
    assert models([], ("*",)) == ()
    assert models({}, ("*",)) == ()
    assert models(None, ("b",)) == ("b",)


@pytest.mark.parametrize("value", ["a,b", "a=b", "\u00e9", "a\nb", ["a", "b"], "x" * 257])
def test_what_cannot_be_a_tag_is_refused(value: Any) -> None:
    with pytest.raises(AuthenticationFailed, match="can be a tag"):
        record_of({"sub": "a", "env": value}, spec(tags=(("env", ("env",)),)))


def test_a_tag_without_a_claim_is_empty_and_still_nobody_elses() -> None:
    assert record_of({"sub": "a"}, spec(tags=(("env", ("env",)),))).tags == (("env", ""),)
