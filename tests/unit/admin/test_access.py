"""Who may do what: nothing without a token, and with one what its role and its teams allow."""

from collections.abc import Iterator

import pytest

from tests.unit.admin.kit import NOW_S, Admin, made, open_admin, refused, tag

PATHS = ("/", "/admin/v1/keys", "/admin/v1/openapi.json", "/docs", "/admin/reload", "/nowhere", "/admin/v1/keys/x")


@pytest.fixture(scope="module")
def unmoved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Admin]:
    """One API for all requests that may leave nothing in it."""
    found = open_admin(tmp_path_factory.mktemp("unmoved"))
    yield found
    found.database.close()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "BREW"])
@pytest.mark.parametrize("path", PATHS)
def test_without_a_token_there_is_nothing_but_401(unmoved: Admin, method: str, path: str) -> None:
    for headers in (
        {},
        {"authorization": "Bearer"},
        {"authorization": "Bearer wrong"},
        {"authorization": "Basic eA=="},
    ):
        answer = unmoved.client("").request(method, path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_two_tokens_at_once_are_none(admin: Admin) -> None:
    headers = [("authorization", "Bearer never-tell-admin-token"), ("authorization", "Bearer x")]
    assert admin.client("").get("/admin/v1/keys", headers=headers).status_code == 401


def test_without_a_token_in_the_configuration_nobody_is_let_in(admin: Admin) -> None:
    admin.changes.guard.configure(None)
    refused(admin.client().get("/admin/v1/keys"), 401)
    admin.changes.guard.configure("another")
    refused(admin.client().get("/admin/v1/keys"), 401)
    made(admin.client("another").get("/admin/v1/keys"))


def test_roles(everywhere: Admin) -> None:
    root = everywhere.client()
    made(root.post("/admin/v1/teams", json={"name": "shop"}))
    key = made(root.post("/admin/v1/keys", json={"name": "till", "team": "shop"}))
    viewer, operator, admin = (everywhere.token(role) for role in ("viewer", "operator", "admin"))
    path = f"/admin/v1/keys/{key['id']}"
    for who in (viewer, operator, admin):
        for seen in (path, "/admin/v1/keys", "/admin/v1/teams/shop", "/admin/v1/budgets/team:shop", "/admin/v1/status"):
            made(who.get(seen))
    assert "role operator" in refused(viewer.post("/admin/v1/keys", json={"name": "x"}), 403)
    refused(viewer.post(f"{path}/rotate", json={}), 403)
    refused(viewer.patch(path, json={}, headers=tag(key)), 403)
    refused(viewer.delete(path, headers=tag(key)), 403)
    made(operator.patch(path, json={"enabled": False}, headers=tag(key)))
    for who in (viewer, operator):
        refused(who.post("/admin/v1/teams", json={"name": "lab"}), 403)
        refused(who.put("/admin/v1/budgets/team:shop", json={"budgets": []}, headers={"if-match": "*"}), 403)
        refused(who.get("/admin/v1/tokens"), 403)
        refused(who.post("/admin/reload"), 403)
    made(admin.post("/admin/v1/teams", json={"name": "lab"}))
    assert len(made(admin.get("/admin/v1/tokens"))["items"]) == 3
    made(admin.post("/admin/reload"))


def test_a_token_of_a_team_sees_and_changes_that_team_alone(everywhere: Admin) -> None:
    root = everywhere.client()
    for team in ("shop", "lab"):
        made(root.post("/admin/v1/teams", json={"name": team, "budgets": [{"limit_usd": "1"}]}))
        made(
            root.post("/admin/v1/users", json={"name": f"{team}-ann", "parent": team, "budgets": [{"limit_usd": "1"}]})
        )
        made(root.post("/admin/v1/keys", json={"name": f"{team}-key", "team": team, "budgets": [{"limit_usd": "1"}]}))
    made(root.post("/admin/v1/keys", json={"name": "nobodys"}))
    theirs = made(root.get("/admin/v1/keys", params={"team": "lab"}))["items"][0]
    mine = made(root.get("/admin/v1/keys", params={"team": "shop"}))["items"][0]
    shop = everywhere.token("admin", "shop")

    assert [key["name"] for key in made(shop.get("/admin/v1/keys"))["items"]] == ["shop-key"]
    assert made(shop.get("/admin/v1/keys", params={"team": "lab"}))["items"] == []
    assert [team["name"] for team in made(shop.get("/admin/v1/teams"))["items"]] == ["shop"]
    assert [user["name"] for user in made(shop.get("/admin/v1/users"))["items"]] == ["shop-ann"]
    assert made(shop.get("/admin/v1/organizations"))["items"] == []
    scopes = [scope["scope"] for scope in made(shop.get("/admin/v1/budgets"))["items"]]
    assert scopes == ["key:shop-key", "team:shop", "user:shop-ann"]
    for hidden in (
        f"/admin/v1/keys/{theirs['id']}",
        "/admin/v1/teams/lab",
        "/admin/v1/users/lab-ann",
        "/admin/v1/budgets/team:lab",
        "/admin/v1/budgets/key:lab-key",
        "/admin/v1/limits/user:lab-ann",
        "/admin/v1/limits/model:smart",
    ):
        refused(shop.get(hidden), 404)

    made(shop.post("/admin/v1/keys", json={"name": "new", "team": "shop"}))
    made(shop.post("/admin/v1/users", json={"name": "bob", "parent": "shop"}))
    any_version = {"if-match": "*"}
    made(shop.put("/admin/v1/budgets/key:new", json={"budgets": []}, headers=any_version))
    assert shop.delete(f"/admin/v1/keys/{mine['id']}", headers=tag(mine)).status_code == 204
    refused(shop.post("/admin/v1/keys", json={"name": "x", "team": "lab"}), 403)
    refused(shop.post("/admin/v1/keys", json={"name": "x"}), 403)
    refused(shop.post("/admin/v1/users", json={"name": "x", "parent": "lab"}), 403)
    refused(shop.post("/admin/v1/users", json={"name": "x"}), 403)
    refused(shop.patch("/admin/v1/users/bob", json={"parent": "lab"}, headers=any_version), 403)
    refused(shop.post("/admin/v1/teams", json={"name": "x"}), 403)
    refused(shop.delete("/admin/v1/teams/shop", headers=any_version), 403)
    refused(shop.put("/admin/v1/budgets/team:shop", json={"budgets": []}, headers=any_version), 403)
    refused(shop.delete(f"/admin/v1/keys/{theirs['id']}", headers=tag(theirs)), 404)
    refused(shop.post(f"/admin/v1/keys/{theirs['id']}/rotate", json={}), 404)
    for everybodys in ("/admin/v1/tokens", "/admin/v1/tokens/x"):
        refused(shop.get(everybodys), 403)
    refused(shop.post("/admin/v1/tokens", json={"name": "x", "role": "admin"}), 403)
    refused(shop.post("/admin/reload"), 403)


def test_tokens_are_told_once_expire_and_are_revoked(everywhere: Admin) -> None:
    root = everywhere.client()
    token = made(root.post("/admin/v1/tokens", json={"name": "ci", "role": "viewer", "expires_s": int(NOW_S) + 10}))
    who = everywhere.client(token["token"])
    made(who.get("/admin/v1/keys"))
    shown = made(root.get(f"/admin/v1/tokens/{token['id']}"))
    assert "token" not in shown
    refused(root.post("/admin/v1/tokens", json={"name": "ci", "role": "admin"}), 409)
    everywhere.now[0] += 10
    refused(who.get("/admin/v1/keys"), 401)
    everywhere.now[0] -= 10
    made(who.get("/admin/v1/keys"))
    assert root.delete(f"/admin/v1/tokens/{token['id']}", headers=tag(shown)).status_code == 204
    refused(who.get("/admin/v1/keys"), 401)
    refused(root.get(f"/admin/v1/tokens/{token['id']}"), 404)
    assert everywhere.audited == [("token.create", token["id"]), ("token.revoke", token["id"])]
    log = b"".join(path.read_bytes() for path in everywhere.state.rglob("*") if path.is_file())
    assert token["token"].encode() not in log
