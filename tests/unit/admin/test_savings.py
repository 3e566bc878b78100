"""What was saved, over the admin API: added up, by group, for those who may see it."""

from datetime import UTC, datetime

import msgspec

from stellwerk.stores.sqlite.store import SqliteEvents
from tests.unit.admin.kit import NOW_S, Admin, made, refused
from tests.unit.stores.events import make_event

TODAY = datetime.fromtimestamp(NOW_S, UTC).date()
DAY_S = 86_400


def record(admin: Admin) -> None:
    """Three requests: two of the shop, of today and yesterday, and one of somebody else without a known cost."""
    store = SqliteEvents(admin.around.events, retention_days=30, busy_timeout_s=1)
    plain = make_event(int(NOW_S * 1000), 1)
    store.append(
        [
            msgspec.structs.replace(
                each, model=model, team=team, cost_nanos=cost, savings=saved, started_ms=int((NOW_S - ago_s) * 1000)
            )
            for each, model, team, cost, saved, ago_s in (
                (plain, "smart", "shop", 1_000, "prompt_cache=500 routing=-20", 1),
                (plain, "fast", "shop", 2_000, "", DAY_S),
                (plain, "smart", "lab", None, "cache_exact=7", 2),
            )
        ]
    )
    store.close()


def test_savings_are_added_up_by_model(admin: Admin) -> None:
    record(admin)
    found = made(admin.client().get("/admin/v1/savings"))
    assert (found["by"], found["until"]) == ("model", TODAY.isoformat())
    fast, smart = found["rows"]
    assert (fast["name"], fast["cost_usd"], fast["net_usd"]) == ("fast", "0.000002", "0")
    saved = {"prompt_cache": "0.0000005", "routing": "-0.00000002", "cache_exact": "0.000000007"}
    assert (smart["saved_usd"], smart["unpriced"]) == (saved, 1)
    assert found["total"]["net_usd"] == "0.000000487"
    days = made(admin.client().get("/admin/v1/savings", params={"by": "day", "since": TODAY.isoformat()}))
    assert [row["name"] for row in days["rows"]] == [TODAY.isoformat()]


def test_a_token_of_one_team_sees_that_teams_alone(admin: Admin) -> None:
    record(admin)
    viewer = admin.token("viewer", "lab")
    found = made(viewer.get("/admin/v1/savings", params={"by": "team"}))
    assert [row["name"] for row in found["rows"]] == ["lab"]
    assert made(viewer.get("/admin/v1/savings", params={"team": "shop"}))["rows"] == []


def test_nothing_on_record_has_saved_nothing(admin: Admin) -> None:
    found = made(admin.client().get("/admin/v1/savings"))
    assert (found["rows"], found["total"]["requests"]) == ([], 0)


def test_more_than_a_month_and_files_that_cannot_be_read_are_refused(admin: Admin) -> None:
    refused(admin.client().get("/admin/v1/savings", params={"since": "2020-01-01"}), 422)
    admin.around.events.mkdir()
    (admin.around.events / f"events-{TODAY:%Y%m%d}.db").write_bytes(b"no database" * 100)
    refused(admin.client().get("/admin/v1/savings"), 503)
