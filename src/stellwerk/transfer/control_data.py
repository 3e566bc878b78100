"""Control data as plain values: by kind, by name. What two installations have is the same when these are equal.

Kinds are those of the file: organizations, teams, users and keys by name; limits and budgets by scope, in each of them
by what tells one from another. Values have one form each, however they were written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

OWNERS = ("organizations", "teams", "users", "keys")
ALLOWANCES = ("limits", "budgets")
KINDS = (*OWNERS, *ALLOWANCES)
PARENTS = {"teams": ("organization",), "users": ("team",), "keys": ("team", "user")}
"""Whom entries of a kind may name as those they belong to."""
RIGHTS = ("models", "dialects", "tags", "networks", "expires_s", "enabled")

ControlData = dict[str, dict[str, dict[str, Any]]]


def empty() -> ControlData:
    """Nothing of any kind."""
    return {kind: {} for kind in KINDS}


def singular(kind: str) -> str:
    """``team`` of ``teams``; limits and budgets are told of together."""
    return kind.removesuffix("s") if kind in OWNERS else kind


def owner_of(scope: str) -> tuple[str, str] | None:
    """Kind and name of whom a scope such as ``team:shop`` is; ``None`` for models, providers and tags."""
    kind, _, name = scope.partition(":")
    return (f"{kind}s", name) if f"{kind}s" in OWNERS else None


def limits(found: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Limits of one scope, by metric and time."""
    return {_label(one["metric"], one["per_s"]): dict(one) for one in found}


def _label(metric: str, per_s: int) -> str:
    """What is used at the same time has no time; it is told apart by one all the same."""
    return metric if (metric, per_s) == ("concurrency", 60) else f"{metric} in {per_s} s"


def budgets(found: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Budgets of one scope, by name or else by period."""
    return {one["name"] or one["period"]: {**one, "limit_usd": dollars(one["limit_usd"])} for one in found}


def dollars(amount: str) -> str:
    """A decimal without needless zeros."""
    text = f"{Decimal(amount):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def from_scope(kind: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """An organization, a team or a user of the admin API."""
    named = dict.fromkeys(PARENTS.get(kind, ()), found["parent"])
    return {**named, "enabled": found["enabled"]}


def from_key(found: Mapping[str, Any]) -> dict[str, Any]:
    """A key of the admin API. Its limits and budgets are those of its name's scope."""
    return {name: found[name] for name in ("team", "user", *RIGHTS)}
