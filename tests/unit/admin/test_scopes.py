"""Organizations, teams and users, and what every kind of scope may use."""

import pytest

from stellwerk.core.scope import BudgetSpec, LimitSpec, Metric, Period
from tests.unit.admin.kit import Admin, made, refused, tag

V1 = "/admin/v1"
ANY = {"if-match": "*"}


def test_scopes_are_made_changed_and_removed_from_the_bottom_up(everywhere: Admin) -> None:
    client = everywhere.client()
    for name in ("acme", "other"):
        made(client.post(f"{V1}/organizations", json={"name": name}))
    answer = client.post(f"{V1}/teams", json={"name": "shop", "parent": "acme"})
    team = made(answer)
    assert answer.headers["location"] == f"{V1}/teams/shop"
    made(client.post(f"{V1}/users", json={"name": "ann", "parent": "shop"}))
    assert everywhere.known()[1]["team:shop"].parent == "acme"
    assert everywhere.known()[1]["user:ann"].parent == ""

    moved = made(client.patch(f"{V1}/teams/shop", json={"parent": "other", "enabled": False}, headers=tag(team)))
    assert (moved["parent"], moved["enabled"], moved["version"]) == ("other", False, 2)
    assert not everywhere.known()[1]["team:shop"].is_enabled
    refused(client.patch(f"{V1}/teams/shop", json={}, headers=tag(team)), 412)
    assert made(client.get(f"{V1}/teams/shop")) == moved
    assert made(client.get(f"{V1}/teams", params={"parent": "acme"}))["items"] == []

    key = made(client.post(f"{V1}/keys", json={"name": "till", "team": "shop", "user": "ann"}))
    assert "has keys" in refused(client.patch(f"{V1}/teams/shop", json={"parent": None}, headers=ANY), 409)
    assert "revoke them" in refused(client.delete(f"{V1}/users/ann", headers=ANY), 409)
    assert "revoke them" in refused(client.delete(f"{V1}/teams/shop", headers=ANY), 409)
    assert "revoke them" in refused(client.delete(f"{V1}/organizations/other", headers=ANY), 409)
    client.delete(f"{V1}/keys/{key['id']}", headers=ANY)
    assert "users belong" in refused(client.delete(f"{V1}/teams/shop", headers=ANY), 409)
    assert "teams belong" in refused(client.delete(f"{V1}/organizations/other", headers=ANY), 409)
    for path in ("users/ann", "teams/shop", "organizations/other", "organizations/acme"):
        assert client.delete(f"{V1}/{path}", headers=ANY).status_code == 204
        refused(client.get(f"{V1}/{path}"), 404)
    assert everywhere.known() == ({}, {})


def test_a_parent_is_of_the_right_kind_and_there(admin: Admin) -> None:
    client = admin.client()
    assert "no organization acme" in refused(client.post(f"{V1}/teams", json={"name": "a", "parent": "acme"}), 409)
    assert "has a parent" in refused(client.post(f"{V1}/organizations", json={"name": "a", "parent": "b"}), 409)
    made(client.post(f"{V1}/teams", json={"name": "a"}))
    assert "already" in refused(client.post(f"{V1}/teams", json={"name": "a"}), 409)
    refused(client.get(f"{V1}/teams/b"), 404)


def test_limits_and_budgets_are_set_for_every_kind(everywhere: Admin) -> None:
    client = everywhere.client()
    made(client.post(f"{V1}/organizations", json={"name": "acme"}))
    made(client.post(f"{V1}/teams", json={"name": "shop", "parent": "acme"}))
    made(client.post(f"{V1}/users", json={"name": "ann", "parent": "shop"}))
    key = made(client.post(f"{V1}/keys", json={"name": "till", "team": "shop"}))
    scopes = ("organization:acme", "team:shop", "user:ann", "key:till", "model:a/b", "provider:openai", "tag:env=prod")
    for scope in scopes:
        before = made(client.get(f"{V1}/budgets/{scope}"))
        assert before["budgets"] == []
        budgets = [{"limit_usd": "0.000000001", "period": "never", "name": "all"}, {"limit_usd": "5"}]
        after = made(client.put(f"{V1}/budgets/{scope}", json={"budgets": budgets}, headers=tag(before)))
        limits = [{"metric": "concurrency", "amount": 3}]
        made(client.put(f"{V1}/limits/{scope}", json={"limits": limits}, headers=tag(after)))
        refused(client.put(f"{V1}/limits/{scope}", json={"limits": []}, headers=tag(after)), 412)
        keys, known = everywhere.known()
        record = known[scope]
        assert record.budgets == (BudgetSpec(1, Period.NEVER, name="all"), BudgetSpec(5_000_000_000))
        assert record.limits == (LimitSpec(Metric.CONCURRENCY, 3),)
        if scope == "key:till":
            assert (keys[key["id"]].limits, keys[key["id"]].budgets) == (record.limits, record.budgets)
    for resource in ("budgets", "limits"):
        seen: list[str] = []
        cursor: str | None = None
        while not seen or cursor:
            page = made(client.get(f"{V1}/{resource}", params={"limit": 2, **({"cursor": cursor} if cursor else {})}))
            seen += [scope["scope"] for scope in page["items"]]
            cursor = page["next"]
        assert seen == sorted(scopes, key=lambda scope: scope.split(":"))
        (one,) = made(client.get(f"{V1}/{resource}", params={"kind": "tag"}))["items"]
        assert one["scope"] == "tag:env=prod"
    assert made(client.get(f"{V1}/keys/{key['id']}"))["limits"][0]["amount"] == 3
    made(client.put(f"{V1}/budgets/tag:env=prod", json={"budgets": []}, headers=ANY))
    assert made(client.get(f"{V1}/budgets", params={"kind": "tag"}))["items"] == []
    assert everywhere.audited[-1] == ("budgets.set", "tag:env=prod")


@pytest.mark.parametrize(
    "scope", ["team:none", "key:none", "nothing", "planet:mars", "model:", "tag:env", "model:%C3%A9"]
)
def test_a_scope_that_cannot_be_is_told(admin: Admin, scope: str) -> None:
    for resource in ("budgets", "limits"):
        refused(admin.client().get(f"{V1}/{resource}/{scope}"), 404)
        refused(admin.client().put(f"{V1}/{resource}/{scope}", json={resource: []}, headers=ANY), 404)
