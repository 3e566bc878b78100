"""What clients send and get: limits, budgets, keys, scopes, tokens. Dollars are decimals written as text."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from stellwerk.config import notation
from stellwerk.core.scope import BudgetSpec, LimitSpec, Metric, Period

MOST = 2**53 - 1
"""Numbers of JSON are exact up to here everywhere."""
LAST_S = 253_402_300_799
"""The end of the year 9999."""

_ZONES = available_timezones() | {"UTC"}


def _zone(text: str) -> str:
    if text not in _ZONES:
        raise ValueError("a time zone such as Europe/Berlin")
    return text


def _network(text: str) -> str:
    return notation.network(text)


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}$", examples=["shop"])]
ModelName = Annotated[str, Field(pattern=r"^(\*|[A-Za-z0-9_][A-Za-z0-9_.:/@+~-]{0,255})$", examples=["smart"])]
Dialect = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$", examples=["openai_chat"])]
TagName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
TagValue = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@:/-]{0,127}$")]
Network = Annotated[str, Field(max_length=64, examples=["10.0.0.0/8"]), AfterValidator(_network)]
Moment = Annotated[int, Field(ge=0, le=LAST_S, description="Unix time in seconds.")]
Usd = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,8})(\.[0-9]{1,9})?$", examples=["50", "0.25"])]
Version = Annotated[int, Field(ge=1, description="Grows with every change; the ETag.")]


class Body(BaseModel):
    """A JSON object without unknown names."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Limit(Body):
    """At most ``amount`` in ``per_s`` seconds; for concurrency, at the same time."""

    metric: Literal["requests", "tokens", "concurrency"]
    amount: int = Field(ge=0, le=MOST)
    per_s: int = Field(default=60, ge=1, le=31_622_400)
    window: bool = Field(default=False, description="Whether it comes back at once when a fixed window begins.")

    def spec(self) -> LimitSpec:
        """The same for the workers."""
        return LimitSpec(Metric(self.metric), self.amount, self.per_s, self.window)


class Budget(Body):
    """At most ``limit_usd`` in each period. Budgets of one scope are told apart by name, or else by period."""

    limit_usd: Usd
    period: Literal["minute", "hour", "day", "week", "month", "never"] = "month"
    time_zone: Annotated[str, Field(max_length=64), AfterValidator(_zone)] = "UTC"
    hard: bool = Field(default=True, description="Whether what might not be payable is refused.")
    alerts: list[Annotated[float, Field(gt=0, le=100)]] = Field(default=[0.5, 0.8, 0.95], max_length=20)
    name: str = Field(default="", pattern=r"^[A-Za-z0-9._-]{0,64}$")

    @property
    def label(self) -> str:
        """What tells it from the scope's other ones."""
        return self.name or self.period

    def spec(self) -> BudgetSpec:
        """The same for the workers."""
        nanos = int(Decimal(self.limit_usd).scaleb(9))
        return BudgetSpec(nanos, Period(self.period), self.time_zone, self.hard, tuple(self.alerts), self.name)


Limits = Annotated[list[Limit], Field(max_length=20)]
Budgets = Annotated[list[Budget], Field(max_length=20)]


class Allowance(Body):
    """Limits and budgets, each at most once."""

    limits: Limits = []
    budgets: Budgets = []

    @model_validator(mode="after")
    def _are_distinct(self) -> Self:
        _demand_distinct([(limit.metric, limit.per_s) for limit in self.limits], "limits of one metric and time")
        _demand_distinct([budget.label for budget in self.budgets], "budgets of one name or period")
        return self


class ScopeNew(Allowance):
    """An organization, a team or a user."""

    name: Name
    parent: Name | None = Field(default=None, description="A team's organization; a user's team.")
    enabled: bool = True


class ScopeChange(Body):
    """What is to be other; what is left out stays, and ``null`` takes a parent away."""

    parent: Name | None = None
    enabled: bool = True


class Scope(ScopeNew):
    """An organization, a team or a user, as it is."""

    version: Version
    created_s: float
    updated_s: float


class KeyRights(Body):
    """What a key may do."""

    models: list[ModelName] = Field(default=["*"], min_length=1, max_length=1000)
    dialects: list[Dialect] = Field(default=[], max_length=20, description="Empty: every one.")
    tags: dict[TagName, TagValue] = Field(default={}, max_length=20, description="Put on each of its requests.")
    networks: list[Network] = Field(
        default=[], max_length=100, description="Where it may be used from; empty: anywhere."
    )
    expires_s: Moment | None = None
    enabled: bool = True


class KeyNew(KeyRights, Allowance):
    """A virtual key to be made."""

    name: Name
    team: Name | None = None
    user: Name | None = None


class KeyChange(KeyRights):
    """What is to be other; what is left out stays, and ``null`` takes an expiry away."""


class Rotation(Body):
    """How a key is replaced."""

    overlap_s: int = Field(default=86_400, ge=0, le=31_622_400, description="How long the old one goes on, at most.")
    expires_s: Moment | None = Field(default=None, description="When the new one ends.")


class Key(KeyRights, Allowance):
    """A virtual key as it is; limits and budgets are those that all keys of its name share."""

    id: str
    name: str
    team: str | None
    organization: str | None
    user: str | None
    version: Version
    created_s: float
    updated_s: float


class KeyMade(Key):
    """A virtual key together with what callers send: told this once and kept nowhere."""

    key: str


class ScopeLimits(Body):
    """The limits of a scope."""

    limits: Limits

    @model_validator(mode="after")
    def _are_distinct(self) -> Self:
        _demand_distinct([(limit.metric, limit.per_s) for limit in self.limits], "limits of one metric and time")
        return self


class ScopeBudgets(Body):
    """The budgets of a scope."""

    budgets: Budgets

    @model_validator(mode="after")
    def _are_distinct(self) -> Self:
        _demand_distinct([budget.label for budget in self.budgets], "budgets of one name or period")
        return self


class LimitsOf(ScopeLimits):
    """The limits of a scope, as they are."""

    scope: str = Field(examples=["team:shop"])
    version: int = Field(ge=0, description="Of the scope; 0 where it has never had any.")


class BudgetsOf(ScopeBudgets):
    """The budgets of a scope, as they are."""

    scope: str = Field(examples=["team:shop"])
    version: int = Field(ge=0, description="Of the scope; 0 where it has never had any.")


class TokenNew(Body):
    """A token for people or programs that administer."""

    name: Name
    role: Literal["viewer", "operator", "admin"]
    teams: list[Name] = Field(default=[], max_length=100, description="The teams it reaches; empty: all there is.")
    expires_s: Moment | None = None


class Token(TokenNew):
    """A token as it is."""

    id: str
    version: Version
    created_s: float
    updated_s: float


class TokenMade(Token):
    """A token together with what is sent as bearer: told this once and kept nowhere."""

    token: str


class Status(Body):
    """How the control plane is doing."""

    configuration: int = Field(description="The version of the configuration that is in force.")
    directory: int = Field(description="The version of the directory.")
    published: int = Field(description="The version that this host's workers can read.")


class Session(Body):
    """Somebody who has logged in."""

    id: str
    name: str
    subject: str = Field(description="Who it is at which issuer.")
    role: str
    teams: list[str] | None = Field(description="Those that are reached; null for every one.")
    created_s: float
    expires_s: float


class Who(Body):
    """Who somebody is here."""

    name: str
    role: str
    teams: list[str] | None = Field(description="Those that are reached; null for every one.")
    subject: str | None = Field(description="Who it is at which issuer, for people of one.")


class Reloaded(Body):
    """What became of a reload."""

    version: int = Field(description="The version of the configuration that is in force.")
    adopted: bool = Field(description="Whether the workers have taken a new one; else they are still trying it.")


def is_scope(text: str) -> bool:
    """Whether a text is a scope's id, its kind spelled out."""
    return re.fullmatch(r"(organization|team|user|key|model|provider|tag):[\x21-\x7e]{1,256}", text) is not None


def _demand_distinct(found: list[object], what: str) -> None:
    if len(set(found)) < len(found):
        raise ValueError(f"no two {what}")
