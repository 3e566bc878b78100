"""Virtual keys: made once, told once, changed under a version, rotated, revoked; and workers know of it."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from stellwerk.admin import pages
from stellwerk.core.scope import BudgetSpec, LimitSpec, Metric, Period
from tests.unit.admin.kit import NOW_S, PEPPER, Admin, made, refused, tag

KEYS = "/admin/v1/keys"


def team(admin: Admin, name: str = "shop", **fields: object) -> None:
    made(admin.client().post("/admin/v1/teams", json={"name": name, **fields}))


def test_a_key_is_made_changed_rotated_and_revoked(everywhere: Admin) -> None:
    client = everywhere.client()
    made(client.post("/admin/v1/organizations", json={"name": "acme"}))
    team(everywhere, parent="acme")
    made(client.post("/admin/v1/users", json={"name": "ann", "parent": "shop"}))
    body = {
        "name": "till",
        "team": "shop",
        "user": "ann",
        "models": ["smart"],
        "dialects": ["openai_chat"],
        "tags": {"env": "prod"},
        "networks": ["10.0.0.0/8"],
        "expires_s": 1_800_000_000,
        "limits": [{"metric": "tokens", "amount": 1000, "per_s": 10, "window": True}],
        "budgets": [{"limit_usd": "12.345678901", "period": "day", "time_zone": "Europe/Berlin", "hard": False}],
    }
    answer = client.post(KEYS, json=body)
    key = made(answer)
    assert answer.headers["location"] == f"{KEYS}/{key['id']}"
    assert answer.headers["cache-control"] == "no-store"
    record = everywhere.known()[0][key["id"]]
    assert record.digest == hashlib.blake2b(key["key"].encode(), key=PEPPER, digest_size=16).digest()
    assert (record.team, record.organization, record.user) == ("shop", "acme", "ann")
    assert (record.models, record.dialects, record.tags) == (("smart",), ("openai_chat",), (("env", "prod"),))
    assert (record.networks, record.expires_s) == (("10.0.0.0/8",), 1_800_000_000)
    assert record.limits == (LimitSpec(Metric.TOKENS, 1000, 10, is_window=True),)
    assert record.budgets == (BudgetSpec(12_345_678_901, Period.DAY, "Europe/Berlin", is_hard=False),)
    shared = everywhere.known()[1]["key:till"]
    assert (shared.parent, shared.limits, shared.budgets) == ("", record.limits, record.budgets)

    shown = client.get(f"{KEYS}/{key['id']}")
    assert made(shown) == {name: value for name, value in key.items() if name != "key"}
    assert shown.headers["etag"] == '"1"'

    changed = made(client.patch(f"{KEYS}/{key['id']}", json={"expires_s": None, "models": ["*"]}, headers=tag(key)))
    assert (changed["version"], changed["expires_s"], changed["models"], changed["tags"]) == (
        2,
        None,
        ["*"],
        body["tags"],
    )
    assert everywhere.known()[0][key["id"]].expires_s is None

    second = made(client.post(f"{KEYS}/{key['id']}/rotate", json={"overlap_s": 60}))
    known = everywhere.known()[0]
    assert (second["name"], second["models"], second["limits"]) == ("till", ["*"], body["limits"])
    assert known[second["id"]].limits == record.limits
    assert known[key["id"]].expires_s == NOW_S + 60
    assert known[second["id"]].digest != known[key["id"]].digest

    assert client.delete(f"{KEYS}/{key['id']}", headers={"if-match": "*"}).status_code == 204
    assert set(everywhere.known()[0]) == {second["id"]}
    refused(client.get(f"{KEYS}/{key['id']}"), 404)
    assert made(client.get("/admin/v1/budgets/key:till"))["budgets"]
    assert client.delete(f"{KEYS}/{second['id']}", headers=tag(second)).status_code == 204
    refused(client.get("/admin/v1/budgets/key:till"), 404)
    assert "key:till" not in everywhere.known()[1]

    verbs = [what for what, _ in everywhere.audited]
    assert verbs[3:] == ["key.create", "key.change", "key.expire", "key.rotate", "key.revoke", "key.revoke"]
    assert [delta.version for delta in everywhere.deltas] == list(range(9))
    log = b"".join(path.read_bytes() for path in everywhere.state.rglob("*") if path.is_file())
    assert key["key"].encode() not in log
    assert second["key"].encode() not in log


def test_pages_follow_one_another_whatever_is_made_meanwhile(everywhere: Admin) -> None:
    client = everywhere.client()
    for name in ("shop", "Lab", "desk"):
        team(everywhere, name)
    names = [f"{prefix}{number}" for prefix in ("k", "K", "z") for number in range(5)]
    for place, name in enumerate(names):
        made(client.post(KEYS, json={"name": name, "team": ("shop", "Lab", "desk")[place % 3]}))
    seen: list[str] = []
    cursor = None
    while True:
        page = made(client.get(KEYS, params={"limit": 4, **({"cursor": cursor} if cursor else {})}))
        assert len(page["items"]) <= 4
        seen += [key["name"] for key in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == sorted(names)
    two = made(client.get(KEYS, params={"team": ["shop", "desk"], "limit": 3}))
    rest = made(client.get(KEYS, params={"team": ["shop", "desk"], "cursor": two["next"]}))
    expected = sorted(name for place, name in enumerate(names) if place % 3 != 1)
    assert [key["name"] for key in two["items"] + rest["items"]] == expected
    assert [key["name"] for key in made(client.get(KEYS, params={"name": "K"}))["items"]] == sorted(names[5:10])
    assert made(client.get(KEYS, params={"enabled": "false"}))["items"] == []
    assert made(client.get(KEYS, params={"user": "nobody"}))["items"] == []


@pytest.mark.parametrize("cursor", ["nonsense", "WyJhIl0=", "e30=", "WzEsMl0=", "é"])
def test_a_cursor_that_no_page_has_given_is_told(admin: Admin, cursor: str) -> None:
    assert "#/query/cursor" in refused(admin.client().get(KEYS, params={"cursor": cursor}), 422)


def test_who_has_not_seen_the_last_version_changes_nothing(admin: Admin) -> None:
    client = admin.client()
    key = made(client.post(KEYS, json={"name": "till"}))
    path = f"{KEYS}/{key['id']}"
    made(client.patch(path, json={"enabled": False}, headers=tag(key)))
    for method, body in (("PATCH", {"enabled": True}), ("DELETE", None)):
        assert "version 2" in refused(client.request(method, path, json=body, headers=tag(key)), 412)
        assert "If-Match" in refused(client.request(method, path, json=body), 428)
    assert not admin.known()[0][key["id"]].is_enabled
    made(client.patch(path, json={"enabled": True}, headers={"if-match": '"7", "2"'}))


def test_of_many_who_change_one_version_one_wins(everywhere: Admin) -> None:
    key = made(everywhere.client().post(KEYS, json={"name": "till"}))

    def change(number: int) -> int:
        body = {"tags": {"n": str(number)}}
        return everywhere.client().patch(f"{KEYS}/{key['id']}", json=body, headers=tag(key)).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(change, range(8)))
    assert statuses == [200] + [412] * 7
    assert [delta.version for delta in everywhere.deltas] == [0, 1, 2]


def test_of_many_who_make_one_name_one_wins(everywhere: Admin) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: everywhere.client().post(KEYS, json={"name": "till"}), range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert len(everywhere.known()[0]) == 1


def test_a_request_that_is_sent_again_is_done_once(everywhere: Admin) -> None:
    client = everywhere.client()
    once = {"idempotency-key": "a-key-of-the-client"}
    first = made(client.post(KEYS, json={"name": "till"}, headers=once))
    assert made(client.post(KEYS, json={"name": "till"}, headers=once)) == first
    assert "another request" in refused(client.post(KEYS, json={"name": "other"}, headers=once), 422)
    assert [what for what, _ in everywhere.audited] == ["key.create"]
    rotated = made(client.post(f"{KEYS}/{first['id']}/rotate", json={}, headers={"idempotency-key": "another"}))
    assert made(client.post(f"{KEYS}/{first['id']}/rotate", json={}, headers={"idempotency-key": "another"})) == rotated
    assert rotated["key"] != first["key"]
    everywhere.now[0] += 90_000
    refused(client.post(KEYS, json={"name": "till"}, headers=once), 409)
    other = everywhere.token("operator")
    assert made(other.post(KEYS, json={"name": "theirs"}, headers=once))["key"] != first["key"]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "#/body/name"),
        ({"name": "a b"}, "#/body/name"),
        ({"name": "a", "models": []}, "#/body/models"),
        ({"name": "a", "models": ["a b"]}, "#/body/models/0"),
        ({"name": "a", "networks": ["10.0.0.1/8"]}, "#/body/networks/0"),
        ({"name": "a", "expires_s": "soon"}, "#/body/expires_s"),
        ({"name": "a", "tags": {"a": "b,c=d"}}, "#/body/tags/a"),
        ({"name": "a", "limits": [{"metric": "requests", "amount": -1}]}, "#/body/limits/0/amount"),
        ({"name": "a", "limits": [{"metric": "requests", "amount": 1}] * 2}, "no two limits"),
        ({"name": "a", "budgets": [{"limit_usd": 5}]}, "#/body/budgets/0/limit_usd"),
        ({"name": "a", "budgets": [{"limit_usd": "1e3"}]}, "#/body/budgets/0/limit_usd"),
        ({"name": "a", "budgets": [{"limit_usd": "1"}, {"limit_usd": "2"}]}, "no two budgets"),
        ({"name": "a", "budgets": [{"limit_usd": "1", "time_zone": "Mars"}]}, "#/body/budgets/0/time_zone"),
        ({"name": "a", "digest": "x"}, "#/body/digest"),
    ],
    ids=str,
)
def test_what_is_wrong_is_told_with_its_place(admin: Admin, body: dict[str, object], where: str) -> None:
    assert where in refused(admin.client().post(KEYS, json=body), 422)
    assert admin.audited == []


def test_a_key_belongs_to_what_is_there(admin: Admin) -> None:
    client = admin.client()
    team(admin)
    made(client.post("/admin/v1/users", json={"name": "ann", "parent": "shop"}))
    assert "no team lab" in refused(client.post(KEYS, json={"name": "a", "team": "lab"}), 409)
    assert "no user bob" in refused(client.post(KEYS, json={"name": "a", "user": "bob"}), 409)
    assert "belongs to the team shop" in refused(client.post(KEYS, json={"name": "a", "user": "ann"}), 409)
    assert "configuration file" in refused(client.post(KEYS, json={"name": "web"}), 409)
    made(client.post(KEYS, json={"name": "a", "team": "shop", "user": "ann"}))
    assert "rotate it" in refused(client.post(KEYS, json={"name": "a", "team": "shop"}), 409)
    refused(client.patch(f"{KEYS}/key_none", json={"team": "lab"}, headers={"if-match": "*"}), 422)


def test_rotation_never_lengthens_a_life(admin: Admin) -> None:
    client = admin.client()
    key = made(client.post(KEYS, json={"name": "a", "expires_s": int(NOW_S) + 5}))
    second = made(client.post(f"{KEYS}/{key['id']}/rotate", json={"expires_s": int(NOW_S) + 900}))
    known = admin.known()[0]
    assert (known[key["id"]].expires_s, known[second["id"]].expires_s) == (NOW_S + 5, NOW_S + 900)


def test_complaint_07_a_budget_is_kept_or_refused_and_never_dropped(everywhere: Admin) -> None:
    client = everywhere.client()
    body = {"name": "till", "budgets": [{"limit_usd": "15", "period": "month"}]}
    key = made(client.post(KEYS, json=body))
    assert [budget["limit_usd"] for budget in made(client.get(f"{KEYS}/{key['id']}"))["budgets"]] == ["15"]
    assert everywhere.known()[1]["key:till"].budgets == (BudgetSpec(15_000_000_000),)
    for unknown in ({"budget": 15}, {"max_budget": 15}, {"budgets": {"limit_usd": "15"}}):
        assert client.post(KEYS, json={"name": "other", **unknown}).status_code == 422
    assert len(made(client.get(KEYS))["items"]) == 1


def test_pages_of_many_teams_hold_the_same_however_they_are_found(
    everywhere: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = everywhere.client()
    names = [f"team{number}" for number in range(pages.FEW + 3)]
    for number, name in enumerate(names):
        team(everywhere, name)
        for which in range(3):
            made(client.post(KEYS, json={"name": f"key-{which}-{number:02}", "team": name}))
    made(client.post(KEYS, json={"name": "key-0-aside"}))
    wanted = [f"key-{which}-{number:02}" for which in range(3) for number in range(len(names))]
    for near in (4_000, 5):  # all of them are near, or too few
        monkeypatch.setattr(pages, "NEAR", near)
        found: list[str] = []
        cursor = ""
        while cursor or not found:
            query: dict[str, Any] = {"team": names, "limit": 4} | ({"cursor": cursor} if cursor else {})
            page = made(client.get(KEYS, params=query))
            found += [key["name"] for key in page["items"]]
            cursor = page["next"]
        assert found == wanted
