"""The outbox on each database: told once by any number of hosts, delivered at least once, given up after days."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
import sqlalchemy as sa

from stellwerk.admin import outbox
from stellwerk.admin.outbox import CLAIM_S, KEPT_S, TRIED_S, Outbox
from stellwerk.admin.tables import alerts, deliveries
from stellwerk.alerting.store import Verdict, Watched
from stellwerk.core.alert import Crossing, Told
from stellwerk.core.periods import FOREVER_S
from stellwerk.core.scope import BudgetSpec, Period
from stellwerk.errors import StoreUnavailable
from stellwerk.ports.notifier import Outcome
from tests.unit.admin.kit import NOW_S, Admin, made

SPEC = BudgetSpec(50_000_000_000, Period.DAY, "Europe/Berlin", alerts=(0.5, 0.8))
CROSSING = Crossing(
    account="team:shop/budget/day/1699916400",
    scope="team:shop",
    team="shop",
    spec=SPEC,
    begins_s=1_699_916_400,
    ends_s=1_700_002_800,
    spent_nanos=26_500_000_000,
    estimated_nanos=1_000_000_000,
    share=0.5,
)
DELIVERED = Verdict(Outcome.DELIVERED, "")


def states(admin: Admin) -> dict[str, str]:
    """How far the only alert has come, by channel."""
    with admin.database.reading() as connection:
        query = sa.select(deliveries.c.channel, deliveries.c.state)
        return {row.channel: row.state for row in connection.execute(query)}


def test_an_alert_is_told_once_on_each_channel(everywhere: Admin) -> None:
    box = Outbox(everywhere.database)
    assert box.tell(CROSSING, ("ops", "log", "ops"), NOW_S) == {Told(0.5, SPEC.limit_nanos)}
    assert box.tell(CROSSING, ("ops",), NOW_S + 1) == {Told(0.5, SPEC.limit_nanos)}
    delivery = box.claim("ops", NOW_S)
    assert delivery is not None
    assert delivery.attempt == 1
    said = json.loads(delivery.message.body)
    assert said == {
        "version": 1,
        "id": delivery.message.id,
        "type": "budget.threshold",
        "timestamp": "2023-11-14T22:13:20Z",
        "summary": "team:shop has spent 26.5 of 50 USD until 2023-11-15T00:00:00+01:00, 50 % or more of its budget "
        "day; at 100 % what it might not be able to pay is refused",
        "data": {
            "scope": "team:shop",
            "budget": "day",
            "period": {
                "every": "day",
                "time_zone": "Europe/Berlin",
                "begins": "2023-11-14T00:00:00+01:00",
                "ends": "2023-11-15T00:00:00+01:00",
            },
            "threshold": 0.5,
            "limit_usd": "50",
            "spent_usd": "26.5",
            "estimated_usd": "1",
            "hard": True,
            "at_limit": "refuse",
        },
    }
    assert box.claim("ops", NOW_S) is None
    box.settle(delivery, DELIVERED, NOW_S)
    assert states(everywhere) == {"ops": "delivered", "log": "waiting"}


def test_the_next_threshold_and_a_raised_limit_are_told_anew(everywhere: Admin) -> None:
    box = Outbox(everywhere.database)
    box.tell(CROSSING, ("log",), NOW_S)
    more = msgspec.structs.replace(CROSSING, spent_nanos=41_000_000_000, share=0.8)
    assert len(box.tell(more, ("log",), NOW_S)) == 2
    assert len(box.tell(CROSSING, ("log",), NOW_S)) == 2
    raised = msgspec.structs.replace(
        CROSSING,
        spec=msgspec.structs.replace(SPEC, limit_nanos=100_000_000_000),
        spent_nanos=50_000_000_000,
    )
    assert len(box.tell(raised, ("log",), NOW_S)) == 3


def test_many_hosts_at_once_tell_and_deliver_once(everywhere: Admin) -> None:
    box = Outbox(everywhere.database)
    with ThreadPoolExecutor(8) as hosts:
        list(hosts.map(lambda _: box.tell(CROSSING, ("ops",), NOW_S), range(16)))
        claimed = [one for one in hosts.map(lambda _: box.claim("ops", NOW_S), range(16)) if one is not None]
    assert len(claimed) == 1
    with everywhere.database.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(alerts)).scalar() == 1


def test_a_claim_ends_by_itself_and_a_late_verdict_is_not_heard(everywhere: Admin) -> None:
    box = Outbox(everywhere.database)
    box.tell(CROSSING, ("ops",), NOW_S)
    lost = box.claim("ops", NOW_S)
    assert lost is not None
    assert box.claim("ops", NOW_S + CLAIM_S - 1) is None
    again = box.claim("ops", NOW_S + CLAIM_S)
    assert again is not None
    assert (again.attempt, again.message) == (2, lost.message)
    box.settle(lost, DELIVERED, NOW_S)
    assert states(everywhere) == {"ops": "waiting"}
    box.settle(again, Verdict(Outcome.FAILED, "x" * 1_000, 30.0), NOW_S + CLAIM_S)
    assert box.claim("ops", NOW_S + CLAIM_S + 29) is None
    last = box.claim("ops", NOW_S + CLAIM_S + 30)
    assert last is not None
    box.settle(last, Verdict(Outcome.REFUSED, "status 410"), NOW_S)
    assert states(everywhere) == {"ops": "refused"}


def test_what_nobody_takes_is_dropped_and_what_is_long_over_forgotten(everywhere: Admin) -> None:
    box = Outbox(everywhere.database)
    endless = msgspec.structs.replace(
        CROSSING, account="key:web/budget/never/0", spec=BudgetSpec(1, Period.NEVER, alerts=(0.5,)), ends_s=FOREVER_S
    )
    box.tell(CROSSING, ("ops",), NOW_S)
    box.tell(endless, (), NOW_S)
    assert box.tidy(NOW_S + TRIED_S) == 0
    assert box.tidy(NOW_S + TRIED_S + 1) == 1
    assert states(everywhere) == {"ops": "dropped"}
    assert box.claim("ops", NOW_S + TRIED_S + 1) is None
    box.tidy(CROSSING.ends_s + KEPT_S + 1)
    with everywhere.database.reading() as connection:
        assert [row.account for row in connection.execute(sa.select(alerts))] == [endless.account]
    assert states(everywhere) == {}
    assert box.tell(endless, ("ops",), NOW_S) == {Told(0.5, 1)}


def test_budgets_of_the_database_come_in_pages(everywhere: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "PAGE", 2)
    client = everywhere.client()
    made(client.post("/admin/v1/teams", json={"name": "idle"}))
    made(client.post("/admin/v1/teams", json={"name": "shop", "budgets": [{"limit_usd": "5", "alerts": [0.9]}]}))
    made(client.post("/admin/v1/users", json={"name": "ann", "parent": "shop", "budgets": [{"limit_usd": "1"}]}))
    made(client.post("/admin/v1/keys", json={"name": "till", "team": "shop", "budgets": [{"limit_usd": "2"}]}))
    made(client.put("/admin/v1/budgets/model:smart", json={"budgets": [{"limit_usd": "3"}]}, headers={"if-match": "*"}))
    box, after = Outbox(everywhere.database), None
    found: list[Watched] = []
    while True:
        page, after = box.budgets(after)
        found += page
        if after is None:
            break
    assert [(one.scope, one.team) for one in found] == [
        ("key:till", "shop"),
        ("model:smart", ""),
        ("team:shop", "shop"),
        ("user:ann", "shop"),
    ]
    assert found[2].budgets == (BudgetSpec(5_000_000_000, alerts=(0.9,)),)


def test_a_database_that_is_away_is_told_without_its_address(admin: Admin) -> None:
    box = Outbox(admin.database)
    with admin.database.writing() as connection:
        connection.execute(sa.text("DROP TABLE deliveries"))
    for call in (
        lambda: box.tell(CROSSING, ("ops",), NOW_S),
        lambda: box.claim("ops", NOW_S),
        lambda: box.tidy(NOW_S),
    ):
        with pytest.raises(StoreUnavailable, match=r"cannot be used now: OperationalError$"):
            call()
    with admin.database.reading() as connection:
        assert connection.execute(sa.select(alerts)).all() == []
