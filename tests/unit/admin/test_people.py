"""People of an issuer at the admin side: with tokens, with roles and teams by their claims, and on record by name."""

from __future__ import annotations

import asyncio

from stellwerk.audit.verify import entries
from stellwerk.core.issuer import Requirement
from tests.issuer import CLIENT_ID, Issuer, SigningKey, token
from tests.unit.admin.kit import NOW_S, TOKEN, Admin, made, refused, tag
from tests.unit.admin.people import Trust, refreshed


def test_a_token_gives_the_role_of_the_first_rule_that_fits(admin: Admin, issuer: Issuer, trust: Trust) -> None:
    trust()
    for claims, role, teams in (
        ({"groups": ["x", "sre", "leads"]}, "admin", None),
        ({"groups": "leads"}, "operator", ["shop"]),
        ({"groups": ["owners"], "owns": ["g-lab", "g-x", "g-shop"]}, "admin", ["lab", "shop"]),
        ({"groups": ["owners"], "owns": ["g-x"], "kind": "guest"}, "viewer", None),
        ({"kind": "staff"}, "viewer", None),
    ):
        for audience in (CLIENT_ID, "api", ["x", "api"]):
            client = admin.client(issuer.token(aud=audience, **claims))
            who = made(client.get("/admin/v1/session"))
            assert (who["name"], who["role"], who["teams"]) == ("sso/anne", role, teams)
            assert who["subject"] == f"anne of {issuer.url}"


def test_a_role_and_its_teams_hold(admin: Admin, issuer: Issuer, trust: Trust) -> None:
    trust()
    root = admin.client()
    for team in ("shop", "lab"):
        made(root.post("/admin/v1/teams", json={"name": team}))
        made(root.post("/admin/v1/keys", json={"name": f"{team}-key", "team": team}))
    lead = admin.client(issuer.token(aud="api", groups="leads"))
    (key,) = made(lead.get("/admin/v1/keys"))["items"]
    assert key["name"] == "shop-key"
    made(lead.patch(f"/admin/v1/keys/{key['id']}", json={"enabled": False}, headers=tag(key)))
    refused(lead.post("/admin/v1/teams", json={"name": "more"}), 403)
    refused(admin.client(issuer.token(aud="api", kind="staff")).post("/admin/v1/keys", json={"name": "x"}), 403)


def test_who_did_it_is_on_record_with_subject_and_issuer(admin: Admin, issuer: Issuer, trust: Trust) -> None:
    trust(user=("email",))
    client = admin.client(issuer.token(aud="api", groups="sre", sub="4711", email="anne@x.example"))
    headers = {"idempotency-key": "once"}
    first, again = (made(client.post("/admin/v1/keys", json={"name": "a"}, headers=headers)) for _ in range(2))
    assert first == again
    (entry,) = entries(admin.state / "audit")
    assert entry["who"] == f"sso/anne@x.example (4711 of {issuer.url})"
    other = admin.client(issuer.token(aud="api", groups="sre", sub="4712", email="b@x.example"))
    assert made(other.post("/admin/v1/keys", json={"name": "b"}, headers=headers))["id"] != first["id"]


def test_a_token_that_is_not_good_is_told_why_and_gets_nothing_but_401(
    admin: Admin, issuer: Issuer, trust: Trust
) -> None:
    trust(require=(Requirement(("org",), ("acme",)),))
    good = {"aud": "api", "groups": "sre", "org": "acme"}
    made(admin.client(issuer.token(**good)).get("/admin/v1/keys"))
    forged = token(SigningKey("ES256"), {"alg": "ES256", "kid": "key-1"}, issuer.claims(**good))
    now = int(NOW_S)
    for text, why in (
        (issuer.token(**{**good, "aud": "other"}), "another audience"),
        (issuer.token(**good, exp=now - 31), "has expired"),
        (issuer.token(**good, iss="https://other.example"), "issuer is not known"),
        (forged, "signature is wrong"),
        ("eyJ.eyJ.eyJ", "not base64url"),
    ):
        answer = admin.client(text).get("/admin/v1/keys")
        assert why in refused(answer, 401)
        assert answer.headers["www-authenticate"].startswith("Bearer")
    unknown = token(SigningKey("ES256"), {"alg": "ES256", "kid": "new"}, issuer.claims(**good))
    answer = admin.client(unknown).get("/admin/v1/keys")
    assert "asked for it" in refused(answer, 401)
    assert int(answer.headers["retry-after"]) >= 1
    assert "no role" in refused(admin.client(issuer.token(**{**good, "groups": "x"})).get("/admin/v1/keys"), 403)
    assert "'org'" in refused(admin.client(issuer.token(**{**good, "org": "x"})).get("/admin/v1/keys"), 403)
    refused(admin.client(issuer.token(**{**good, "sub": ""})).get("/admin/v1/keys"), 401)


def test_without_people_a_token_of_an_issuer_is_nobodys(admin: Admin, issuer: Issuer, trust: Trust) -> None:
    trust()
    text = issuer.token(aud="api", groups="sre")
    made(admin.client(text).get("/admin/v1/keys"))
    admin.changes.guard.configure(TOKEN)
    assert "send a valid bearer token" in refused(admin.client(text).get("/admin/v1/keys"), 401)
    made(admin.client().get("/admin/v1/keys"))


def test_keys_are_followed_and_kept_over_a_reload(admin: Admin, issuer: Issuer, trust: Trust) -> None:
    people = trust()
    issuer.rotate("key-2")
    admin.now[0] += people.ring._spec.refresh_s
    asyncio.run(refreshed(people))
    issuer.is_away = True
    after = trust()
    after.inherit(people)
    made(admin.client(issuer.token(aud="api", groups="sre", exp=int(NOW_S) + 9999)).get("/admin/v1/keys"))


def test_what_is_said_of_somebody_without_a_log_in(admin: Admin) -> None:
    who = made(admin.client().get("/admin/v1/session"))
    assert who == {"name": "configuration", "role": "admin", "teams": None, "subject": None}
    assert admin.client().post("/admin/logout").status_code == 204
