"""The outbox of alerts in the control database, for all hosts together: told once, delivered at least once.

One row's lock orders those who put something in, and the unique threshold of an account stands behind it. A delivery is
claimed by moving the time at which it is due ahead: when whoever claimed it dies, it is due again by itself. Raises
``StoreUnavailable`` while the database is away.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from stellwerk.admin import records
from stellwerk.admin.database import Database
from stellwerk.admin.tables import alerts, deliveries, facts, scopes
from stellwerk.alerting import message
from stellwerk.alerting.store import Delivery, Verdict, Watched
from stellwerk.core.alert import Crossing, Told, due
from stellwerk.core.scope import ScopeKind
from stellwerk.errors import StoreUnavailable
from stellwerk.ports.notifier import Message, Outcome

COUNTER = "alerts"
"""The fact that numbers alerts."""
CLAIM_S = 60.0
"""How long a delivery is its claimant's."""
TRIED_S = 3 * 86_400.0
"""How long delivering is tried."""
KEPT_S = 30 * 86_400.0
"""How long alerts are kept after their period."""
PAGE = 200
LONGEST_REASON = 256

WAITING, DELIVERED, REFUSED, DROPPED = "waiting", "delivered", "refused", "dropped"


class Outbox:
    """Implements ``alerting.store.AlertStore``."""

    __slots__ = ("_database",)

    def __init__(self, database: Database) -> None:
        self._database = database

    def budgets(self, after: str | None) -> tuple[Sequence[Watched], str | None]:
        """A page of scopes with budgets, and the mark of the next one."""
        query = sa.select(scopes).where(scopes.c.has_budgets == sa.true()).order_by(scopes.c.kind, scopes.c.name)
        if after is not None:
            place = sa.tuple_(*(sa.literal(piece) for piece in json.loads(after)))
            query = query.where(sa.tuple_(scopes.c.kind, scopes.c.name) > place)
        with _away(), self._database.reading() as connection:
            rows = connection.execute(query.limit(PAGE)).all()
        following = json.dumps([rows[-1].kind, rows[-1].name]) if len(rows) == PAGE else None
        return [_watched(row) for row in rows], following

    def tell(self, found: Crossing, channels: Sequence[str], now_s: float) -> frozenset[Told]:
        """Puts an alert in, unless somebody was told already; and all that has been told of the account."""
        here = facts.c.name == COUNTER
        locked = sa.update(facts).where(here).values(number=facts.c.number).returning(facts.c.number)
        query = sa.select(alerts.c.share, alerts.c.limit_nanos).where(alerts.c.account == found.account)
        with _away(), self._database.writing() as connection:
            number = connection.execute(locked).scalar_one() + 1
            told = frozenset(Told(*row) for row in connection.execute(query))
            if due(found.spec, found.spent_nanos, told) != found.share:
                return told
            connection.execute(sa.insert(alerts).values(_row(number, found, now_s)))
            for channel in dict.fromkeys(channels):
                fresh = {"alert": number, "channel": channel, "state": WAITING, "attempts": 0, "error": ""}
                connection.execute(sa.insert(deliveries).values({**fresh, "next_s": now_s}))
            connection.execute(sa.update(facts).where(here).values(number=number))
        return told | {found.told}

    def claim(self, channel: str, now_s: float) -> Delivery | None:
        """The delivery that is due the longest, for ``CLAIM_S``."""
        is_due = sa.and_(deliveries.c.state == WAITING, deliveries.c.channel == channel, deliveries.c.next_s <= now_s)
        joined = deliveries.join(alerts, alerts.c.number == deliveries.c.alert)
        query = sa.select(deliveries.c.alert, deliveries.c.attempts, alerts.c.id, alerts.c.body).select_from(joined)
        with _away():
            with self._database.reading() as connection:
                row = connection.execute(query.where(is_due).order_by(deliveries.c.next_s).limit(1)).one_or_none()
            if row is None:
                return None
            mine = sa.and_(is_due, deliveries.c.alert == row.alert, deliveries.c.attempts == row.attempts)
            claim = sa.update(deliveries).where(mine).values(attempts=row.attempts + 1, next_s=now_s + CLAIM_S)
            with self._database.writing() as connection:
                if connection.execute(claim).rowcount != 1:
                    return None  # somebody else was faster; the next round sees what is left
        return Delivery(row.alert, channel, row.attempts + 1, _message(row.body))

    def settle(self, delivery: Delivery, verdict: Verdict, now_s: float) -> None:
        """Notes what became of a claimed delivery, unless somebody else has claimed it since."""
        mine = sa.and_(
            deliveries.c.alert == delivery.number,
            deliveries.c.channel == delivery.channel,
            deliveries.c.attempts == delivery.attempt,
            deliveries.c.state == WAITING,
        )
        values: dict[str, Any] = {"error": verdict.reason[:LONGEST_REASON]}
        if verdict.outcome is Outcome.FAILED:
            values["next_s"] = now_s + verdict.again_s
        else:
            values |= {"state": DELIVERED if verdict.outcome is Outcome.DELIVERED else REFUSED, "done_s": now_s}
        with _away(), self._database.writing() as connection:
            connection.execute(sa.update(deliveries).where(mine).values(values))

    def tidy(self, now_s: float) -> int:
        """Drops deliveries that nobody could make for days, and forgets alerts whose period is long over."""
        old = sa.select(alerts.c.number).where(alerts.c.time_s < now_s - TRIED_S)
        stale = sa.and_(deliveries.c.state == WAITING, deliveries.c.alert.in_(old))
        with _away(), self._database.writing() as connection:
            drop = sa.update(deliveries).where(stale).values(state=DROPPED, done_s=now_s)
            dropped = connection.execute(drop).rowcount
            over = sa.and_(alerts.c.ends_s < now_s - KEPT_S, alerts.c.time_s < now_s - KEPT_S)
            connection.execute(sa.delete(alerts).where(over))
        return dropped


@contextmanager
def _away() -> Iterator[None]:
    """Its text may hold the database's URL, and with it a password: only its kind is told."""
    try:
        yield
    except SQLAlchemyError as error:
        raise StoreUnavailable(f"the control database cannot be used now: {type(error).__name__}") from error


def _watched(row: Any) -> Watched:
    record = records.scope_record(row)
    return Watched(record.id, row.name if record.kind is ScopeKind.TEAM else _team(record.kind, row), record.budgets)


def _team(kind: ScopeKind, row: Any) -> str:
    return str(row.parent) if kind in {ScopeKind.USER, ScopeKind.KEY} else ""


def _row(number: int, found: Crossing, now_s: float) -> dict[str, Any]:
    written = message.of_budget(f"alert_{secrets.token_hex(10)}", now_s, found)
    return {
        "number": number,
        "id": written.id,
        "account": found.account,
        "share": found.share,
        "limit_nanos": found.spec.limit_nanos,
        "scope": found.scope,
        "team": found.team,
        "ends_s": found.ends_s,
        "time_s": now_s,
        "body": written.body,
    }


def _message(body: bytes) -> Message:
    """As it was put in."""
    said = json.loads(body)
    return Message(said["id"], said["type"], said["summary"], body)
