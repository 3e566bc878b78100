"""``/admin/v1/savings``: what caches, optimizers, marks and routing have saved, from the events of this host.

Days that are not on record, or no longer, have saved nothing. While a day's file cannot be read, the answer
is 503 and says why.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from stellwerk.admin.access import Caller, Principal, Role
from stellwerk.admin.problems import Place, Problem
from stellwerk.admin.resource import resource
from stellwerk.admin.values import Body, Name
from stellwerk.core.cost import format_usd
from stellwerk.core.savings import Row, grouped, total
from stellwerk.errors import StoreUnavailable
from stellwerk.stores.sqlite.read import read_events

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stellwerk.admin.changes import Changes
    from stellwerk.admin.operation import Installation
    from stellwerk.core.event import RequestEvent

MOST_DAYS = 31
Amount = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]{1,9})?$", examples=["0.25", "-0.000012"])]


class SavingsRow(Body):
    """What the requests of one group have cost, and saved at list price; what was lost is negative."""

    name: str
    requests: int = Field(ge=0)
    unpriced: int = Field(ge=0, description="How many of them have no known cost; they are not in the amounts.")
    cost_usd: Amount
    saved_usd: dict[str, Amount] = Field(description="By what has saved it, such as prompt_cache or routing.")
    net_usd: Amount = Field(description="All of that together.")


class Savings(Body):
    """Savings of some days, put together by model, key, team or day."""

    by: Literal["model", "key", "team", "day"]
    since: date
    until: date = Field(description="The last day, included.")
    rows: list[SavingsRow]
    total: SavingsRow


def router(changes: Changes, installation: Installation) -> APIRouter:
    """What was saved."""
    api = resource("/savings", tag="savings")

    @api.get("")
    def show_savings(
        caller: Caller,
        by: Literal["model", "key", "team", "day"] = "model",
        since: date | None = None,
        until: date | None = None,
        team: Annotated[list[Name], Query(max_length=100)] = [],  # noqa: B006  # FastAPI copies it
    ) -> Savings:
        """Days are UTC, the last week unless the query says otherwise; at most a month at once."""
        caller.may(Role.VIEWER)
        last = until or datetime.fromtimestamp(changes.clock(), UTC).date()
        first = since or last - timedelta(days=6)
        if not 0 <= (last - first).days < MOST_DAYS:
            raise Problem(422, "1 fault", errors=[Place(pointer="#/query/since", detail=f"{MOST_DAYS} days at most")])
        try:
            rows = grouped(_of(caller, team, installation, first, last), by)
        except StoreUnavailable as error:
            raise Problem(503, error.message) from error
        shown = [_shown(name, row) for name, row in rows.items()]
        return Savings(by=by, since=first, until=last, rows=shown, total=_shown("", total(rows.values())))

    return api


def _of(
    caller: Principal, asked: list[str], installation: Installation, first: date, last: date
) -> Iterator[RequestEvent]:
    """The events of the teams that were asked for, as far as they may be seen."""
    teams = caller.reach(asked)
    for event in read_events(installation.events, first_day=first, last_day=last):
        if teams is None or event.team in teams:
            yield event


def _shown(name: str, row: Row) -> SavingsRow:
    return SavingsRow(
        name=name,
        requests=row.requests,
        unpriced=row.unpriced,
        cost_usd=format_usd(row.cost_nanos).decode(),
        saved_usd={kind: format_usd(nanos).decode() for kind, nanos in row.saved.items()},
        net_usd=format_usd(row.net_nanos).decode(),
    )
