"""Who pays and who is counted: organizations, teams, users, keys and tags, with the limits and budgets they have.

A request falls under several scopes at once: its key's own, those of the key's user, team and organization, those of
the model that was asked for and of the provider that is asked, and those of its tags. It needs room in all of them.
"""

from __future__ import annotations

import enum

import msgspec


class ScopeKind(enum.Enum):
    """What limits and budgets can be set for."""

    ORGANIZATION = "organization"
    TEAM = "team"
    USER = "user"
    KEY = "key"
    MODEL = "model"
    PROVIDER = "provider"
    TAG = "tag"
    """Requests with one value of one tag; the scope's name is ``tag=value``."""


class Metric(enum.Enum):
    """What a limit counts."""

    REQUESTS = "requests"
    TOKENS = "tokens"
    """Of prompt and answer together."""
    CONCURRENCY = "concurrency"
    """Requests at the same time."""


class Period(enum.Enum):
    """How long a budget lasts before it begins anew."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    """Begins on Monday."""
    MONTH = "month"
    NEVER = "never"


class LimitSpec(msgspec.Struct, frozen=True, gc=False):
    """At most so many in ``per_s`` seconds; for concurrency, at the same time.

    As a bucket (the rule) what has been used comes back evenly, and all of it may be used at once; as a window it comes
    back when the next window begins, counted from Unix time 0.
    """

    metric: Metric
    amount: int
    per_s: int = 60
    is_window: bool = False


class BudgetSpec(msgspec.Struct, frozen=True, gc=False):
    """At most so many nano-dollars in each period, which begins at midnight, or on the hour, of ``time_zone``.

    A hard budget refuses what it might not be able to pay; a soft one only tells. ``alerts`` are shares of the limit.
    """

    limit_nanos: int
    period: Period = Period.MONTH
    time_zone: str = "UTC"
    is_hard: bool = True
    alerts: tuple[float, ...] = (0.5, 0.8, 0.95)
    name: str = ""
    """Tells several budgets of one scope apart; else they are told apart by their periods."""


class Unit(enum.Enum):
    """What a request takes of a limit or budget."""

    REQUEST = "request"
    TOKEN = "token"  # noqa: S105  # no secret
    PLACE = "place"
    """Given back when the request ends."""
    HARD_MONEY = "hard money"
    SOFT_MONEY = "soft money"


def unit_of(spec: LimitSpec | BudgetSpec) -> Unit:
    """What requests take of this."""
    if isinstance(spec, BudgetSpec):
        return Unit.HARD_MONEY if spec.is_hard else Unit.SOFT_MONEY
    return _UNITS[spec.metric]


_UNITS = {Metric.REQUESTS: Unit.REQUEST, Metric.TOKENS: Unit.TOKEN, Metric.CONCURRENCY: Unit.PLACE}


class ScopeRecord(msgspec.Struct, frozen=True):
    """A scope with what it may use. ``parent`` is a team's organization; empty where there is none."""

    kind: ScopeKind
    name: str
    parent: str = ""
    limits: tuple[LimitSpec, ...] = ()
    budgets: tuple[BudgetSpec, ...] = ()
    is_enabled: bool = True

    @property
    def id(self) -> str:
        """Names the scope among all of them."""
        return f"{self.kind.value}:{self.name}"


class KeyRecord(msgspec.Struct, frozen=True):
    """A virtual key. The key itself is nowhere kept: ``digest`` is its keyed digest (16 bytes).

    Several keys may have one ``name``, as while one replaces another: they share the limits and budgets of the scope
    ``key:<name>``. ``expires_s`` is Unix time in seconds. Empty ``networks`` allow every address, empty ``dialects``
    every one; ``models`` are names, ``*`` for every one.
    """

    id: str
    name: str
    digest: bytes
    team: str = ""
    organization: str = ""
    user: str = ""
    models: tuple[str, ...] = ("*",)
    dialects: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    """Put on each of its requests, whatever the caller says."""
    networks: tuple[str, ...] = ()
    """Addresses it may be used from, in CIDR notation."""
    expires_s: float | None = None
    is_enabled: bool = True
    limits: tuple[LimitSpec, ...] = ()
    budgets: tuple[BudgetSpec, ...] = ()


class DirectoryDelta(msgspec.Struct, frozen=True):
    """What is new or other in a version of the directory, and the ids of what is gone."""

    version: int
    keys: tuple[KeyRecord, ...] = ()
    removed_keys: tuple[str, ...] = ()
    scopes: tuple[ScopeRecord, ...] = ()
    removed_scopes: tuple[str, ...] = ()
