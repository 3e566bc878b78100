"""What may be used and spent: limits and budgets as they are written in ``stellwerk.toml``."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field

from stellwerk.config.section import Count, Label, Section, written
from stellwerk.core.scope import BudgetSpec, LimitSpec, Metric, Period

MINUTE_S = 60
DAY_S = 86_400
MOST_USD = 1e9
NANOS = 1_000_000_000


def _zone(text: str) -> str:
    """A time zone of the IANA database."""
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError('expected a time zone such as "Europe/Berlin"') from None
    return text


class Allowance(Section):
    """At most so much at a time. What has been used comes back evenly, and all of it may be used at once."""

    rpm: Count | None = Field(default=None, description="Requests a minute.")
    tpm: Count | None = Field(default=None, description="Tokens a minute, of prompts and answers together.")
    rpd: Count | None = Field(default=None, description="Requests in 24 hours.")
    tpd: Count | None = Field(default=None, description="Tokens in 24 hours.")
    concurrency: Count | None = Field(default=None, description="Requests at the same time.")

    def specs(self) -> tuple[LimitSpec, ...]:
        """Those that are given."""
        given = (
            (Metric.CONCURRENCY, self.concurrency, MINUTE_S),
            (Metric.REQUESTS, self.rpm, MINUTE_S),
            (Metric.REQUESTS, self.rpd, DAY_S),
            (Metric.TOKENS, self.tpm, MINUTE_S),
            (Metric.TOKENS, self.tpd, DAY_S),
        )
        return tuple(LimitSpec(metric, amount, per_s) for metric, amount, per_s in given if amount is not None)


class Budget(Section):
    """At most so much money in each period."""

    limit_usd: float = Field(ge=0, le=MOST_USD, allow_inf_nan=False, description="US dollars, to the billionth.")
    period: Literal["minute", "hour", "day", "week", "month", "never"] = Field(
        default="month", description='How often it begins anew; "never" is once and for all.'
    )
    time_zone: Annotated[str, written(_zone)] = Field(
        default="UTC", description="Where days, weeks (from Monday) and months begin at midnight."
    )
    hard: bool = Field(
        default=True,
        description="Whether what it might not be able to pay for is refused; a soft one only counts and tells.",
    )
    alerts: list[Annotated[float, Field(gt=0, le=1)]] = Field(
        default=[0.5, 0.8, 0.95], max_length=20, description="Shares of the limit at which somebody is told."
    )
    name: Label | None = Field(default=None, description="Tells two budgets of one period apart.")

    def spec(self) -> BudgetSpec:
        """As the gateway counts it."""
        nanos = int(Decimal(str(self.limit_usd)) * NANOS)
        alerts = tuple(sorted(set(self.alerts)))
        return BudgetSpec(nanos, Period(self.period), self.time_zone, self.hard, alerts, self.name or "")


def budgets(given: Budget | list[Budget] | None) -> tuple[BudgetSpec, ...]:
    """One, several, or none."""
    if given is None:
        return ()
    return tuple(budget.spec() for budget in (given if isinstance(given, list) else [given]))
