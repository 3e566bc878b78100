"""``/admin/v1/alerts``: what was told is listed to whom it concerns, and channels can be tried."""

import msgspec

from stellwerk.admin.outbox import Outbox
from stellwerk.alerting.store import Verdict
from stellwerk.ports.notifier import Outcome
from tests.unit.admin.kit import NOW_S, Admin, made, refused
from tests.unit.admin.test_outbox import CROSSING

ALERTS = "/admin/v1/alerts"


def test_alerts_are_listed_with_what_became_of_them_the_newest_first(everywhere: Admin) -> None:
    box, client = Outbox(everywhere.database), everywhere.client()
    assert made(client.get(ALERTS)) == {"items": [], "next": None}
    scopes = [f"key:k{number}" for number in range(5)]
    for number, scope in enumerate(scopes):
        box.tell(msgspec.structs.replace(CROSSING, account=scope, scope=scope), ("ops", "log"), NOW_S + number)
    failed, taken = box.claim("ops", NOW_S), box.claim("log", NOW_S)
    assert failed is not None
    assert taken is not None
    box.settle(failed, Verdict(Outcome.FAILED, "status 500", 7.0), NOW_S)
    box.settle(taken, Verdict(Outcome.DELIVERED, ""), NOW_S)

    first = made(client.get(ALERTS, params={"limit": 3}))
    second = made(client.get(ALERTS, params={"limit": 3, "cursor": first["next"]}))
    assert second["next"] is None
    assert [one["scope"] for one in first["items"] + second["items"]] == scopes[::-1]
    assert second["items"][-1] == {
        "id": failed.message.id,
        "time_s": NOW_S,
        "scope": "key:k0",
        "budget": "day",
        "period": "day",
        "begins": "2023-11-14T00:00:00+01:00",
        "ends": "2023-11-15T00:00:00+01:00",
        "threshold": 0.5,
        "limit_usd": "50",
        "spent_usd": "26.5",
        "estimated_usd": "1",
        "hard": True,
        "deliveries": [
            {
                "channel": "log",
                "state": "delivered",
                "attempts": 1,
                "error": "",
                "next_s": None,
                "done_s": NOW_S,
            },
            {
                "channel": "ops",
                "state": "waiting",
                "attempts": 1,
                "error": "status 500",
                "next_s": NOW_S + 7,
                "done_s": None,
            },
        ],
    }
    delivered = made(client.get(ALERTS, params={"state": "delivered"}))["items"]
    assert [one["scope"] for one in delivered] == ["key:k0"]
    assert [one["scope"] for one in made(client.get(ALERTS, params={"scope": "key:k3"}))["items"]] == ["key:k3"]
    for cursor in ("x", "WyJ4Il0=", "WyLCsiJd"):
        assert "a cursor" in refused(client.get(ALERTS, params={"cursor": cursor}), 422)


def test_a_token_of_a_team_sees_the_alerts_of_that_team(admin: Admin) -> None:
    box = Outbox(admin.database)
    for team, scope in (("shop", "team:shop"), ("lab", "team:lab"), ("", "model:smart")):
        box.tell(msgspec.structs.replace(CROSSING, account=scope, scope=scope, team=team), ("log",), NOW_S)
    seen = made(admin.token("viewer", "shop").get(ALERTS))["items"]
    assert [one["scope"] for one in seen] == ["team:shop"]
    assert len(made(admin.token("viewer").get(ALERTS))["items"]) == 3


def test_a_channel_is_tried_by_those_who_may(admin: Admin) -> None:
    tried = made(admin.token("operator").post(f"{ALERTS}/test", json={"channel": "log"}))
    assert tried == {"id": tried["id"], "channel": "log", "delivered": True, "error": ""}
    assert f'"id": "{tried["id"]}"' in admin.lines.getvalue()
    assert ("alerts.test", "log") in admin.audited
    assert "only log" in refused(admin.client().post(f"{ALERTS}/test", json={"channel": "ops"}), 404)
    refused(admin.token("viewer").post(f"{ALERTS}/test", json={"channel": "log"}), 403)
    refused(admin.token("admin", "shop").post(f"{ALERTS}/test", json={"channel": "log"}), 403)
    assert made(admin.client().get(ALERTS))["items"] == []
