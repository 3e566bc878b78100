"""``/admin/v1/alerts``: what somebody was told of budgets, whether it got there, and a test of a channel."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Protocol

import sqlalchemy as sa
from fastapi import APIRouter, Query
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from stellwerk.admin.access import Caller, Principal, Role
from stellwerk.admin.changes import Changes
from stellwerk.admin.outbox import WAITING
from stellwerk.admin.pages import Cursor, Page, Size, cut, position
from stellwerk.admin.problems import Place, Problem
from stellwerk.admin.resource import resource
from stellwerk.admin.tables import alerts, deliveries
from stellwerk.admin.values import Body, Usd
from stellwerk.alerting import message
from stellwerk.ports.notifier import Message, Outcome, Receipt

LONGEST_NUMBER = 18
State = Literal["waiting", "delivered", "refused", "dropped"]


class Channels(Protocol):
    """The channels of this host's configuration."""

    @property
    def names(self) -> tuple[str, ...]:
        """Those that there are."""
        ...

    async def deliver(self, channel: str, message: Message) -> Receipt:
        """Tries once."""
        ...


class DeliveryShown(Body):
    """How far an alert has come on one channel."""

    channel: str
    state: State = Field(description="`refused`: the channel wants it no more; `dropped`: given up after three days.")
    attempts: int = Field(ge=0)
    error: str = Field(description="Why the last attempt failed; empty where it did not.")
    next_s: float | None = Field(description="When it is tried again, as Unix time; null when it is not.")
    done_s: float | None = Field(description="When it was done with; null while it waits.")


class AlertShown(Body):
    """An alert, once for a threshold of a budget in a period."""

    id: str = Field(examples=["alert_0123456789abcdef0123"])
    time_s: float
    scope: str = Field(examples=["team:shop"])
    budget: str = Field(description="Its name, or else its period.")
    period: Literal["minute", "hour", "day", "week", "month", "never"]
    begins: datetime | None
    ends: datetime | None
    threshold: float = Field(description="The share of the limit that was reached.")
    limit_usd: Usd
    spent_usd: Usd = Field(description="When it was noticed.")
    estimated_usd: Usd = Field(description="The part of that which is an estimate.")
    hard: bool
    deliveries: list[DeliveryShown]


class ChannelTest(Body):
    """Which channel to try."""

    channel: str = Field(min_length=1, max_length=64, examples=["ops"])


class ChannelTested(Body):
    """What became of a test."""

    id: str = Field(description="Of the message.")
    channel: str
    delivered: bool
    error: str = Field(description="Why not; empty where it was.")


def router(changes: Changes, channels: Channels) -> APIRouter:
    """The resource."""
    api = resource("/alerts", tag="alerts")

    @api.get("")
    def list_alerts(
        caller: Caller,
        size: Size = 50,
        cursor: Cursor = None,
        scope: Annotated[str | None, Query(max_length=320, pattern=r"^[^\x00]*$")] = None,
        state: Annotated[State | None, Query(description="Those with a delivery in this state.")] = None,
    ) -> Page[AlertShown]:
        """The newest first."""
        caller.may(Role.VIEWER)
        query = _visible(caller)
        if scope is not None:
            query = query.where(alerts.c.scope == scope)
        if state is not None:
            query = query.where(alerts.c.number.in_(sa.select(deliveries.c.alert).where(deliveries.c.state == state)))
        start = _number(cursor)
        if start is not None:
            query = query.where(alerts.c.number < start)
        with changes.database.reading() as connection:
            found = connection.execute(query.order_by(alerts.c.number.desc()).limit(size + 1)).all()
            rows, following = cut(found, size, lambda row: (str(row.number),))
            there = _deliveries(connection, [row.number for row in rows])
        return Page(items=[_shown(row, there.get(row.number, [])) for row in rows], next=following)

    @api.post("/test")
    async def test_channel(body: ChannelTest, caller: Caller) -> ChannelTested:
        """Sends a message on a channel at once; whether it got there."""
        caller.may_everywhere(Role.OPERATOR)
        if body.channel not in channels.names:
            raise Problem(404, f"there is no such channel, only {', '.join(channels.names)}")
        await run_in_threadpool(changes.note, caller, "alerts.test", body.channel)
        sent = message.of_test(f"alert_{secrets.token_hex(10)}", changes.clock(), body.channel)
        receipt = await channels.deliver(body.channel, sent)
        delivered = receipt.outcome is Outcome.DELIVERED
        return ChannelTested(id=sent.id, channel=body.channel, delivered=delivered, error=receipt.reason)

    return api


def _visible(caller: Principal) -> sa.Select[Any]:
    query = sa.select(alerts)
    return query if caller.teams is None else query.where(alerts.c.team.in_(sorted(caller.teams)))


def _number(cursor: str | None) -> int | None:
    place = position(cursor, 1)
    if place is None:
        return None
    if not (place[0].isascii() and place[0].isdigit() and len(place[0]) <= LONGEST_NUMBER):
        raise Problem(422, "1 fault", errors=[Place(pointer="#/query/cursor", detail="a cursor that a page has given")])
    return int(place[0])


def _deliveries(connection: sa.Connection, numbers: Sequence[int]) -> dict[int, list[Any]]:
    query = sa.select(deliveries).where(deliveries.c.alert.in_(numbers)).order_by(deliveries.c.channel)
    found: dict[int, list[Any]] = {}
    for row in connection.execute(query):
        found.setdefault(row.alert, []).append(row)
    return found


def _shown(row: Any, there: Sequence[Any]) -> AlertShown:
    said = json.loads(row.body)["data"]
    return AlertShown(
        id=row.id,
        time_s=row.time_s,
        scope=row.scope,
        budget=said["budget"],
        period=said["period"]["every"],
        begins=_moment(said["period"]["begins"]),
        ends=_moment(said["period"]["ends"]),
        threshold=row.share,
        limit_usd=said["limit_usd"],
        spent_usd=said["spent_usd"],
        estimated_usd=said["estimated_usd"],
        hard=said["hard"],
        deliveries=[_delivery(one) for one in there],
    )


def _delivery(row: Any) -> DeliveryShown:
    return DeliveryShown(
        channel=row.channel,
        state=row.state,
        attempts=row.attempts,
        error=row.error,
        next_s=row.next_s if row.state == WAITING else None,
        done_s=row.done_s,
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
