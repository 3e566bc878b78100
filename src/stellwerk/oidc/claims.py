"""What a token says: whether it is good now and for us, and who its bearer is here. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from stellwerk.core.issuer import ClaimPath, IssuerSpec, Requirement
from stellwerk.core.scope import KeyRecord
from stellwerk.errors import PermissionDenied
from stellwerk.oidc.jws import refuse

LONGEST_NAME = 256
MOST_MODELS = 1000
LAST_S = 1e12
"""Unix seconds that nobody lives to see."""
_TAG_VALUE = re.compile(r"[\x20-\x2b\x2d-\x3c\x3e-\x7e]*")
"""Printable ASCII without the comma and the equals sign."""


def check_times(claims: Mapping[str, Any], leeway_s: float, now: float) -> float:
    """Until when the token is good, the leeway included (Unix seconds). Raises ``AuthenticationFailed``."""
    expires_s = _time(claims, "exp")
    if expires_s is None:
        refuse("it does not say when it expires")
    expires_s += leeway_s
    if expires_s <= now:
        refuse("it has expired")
    if (_time(claims, "nbf") or 0.0) > now + leeway_s:
        refuse("it is not valid yet")
    if (_time(claims, "iat") or 0.0) > now + leeway_s:
        refuse("it was issued in the future")
    return expires_s


def audiences_of(claims: Mapping[str, Any]) -> frozenset[str]:
    """Whom a token is meant for. Raises ``AuthenticationFailed``."""
    told = claims.get("aud")
    listed = [told] if isinstance(told, str) else told
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        refuse("it does not say whom it is meant for")
    return frozenset(listed)


def demand(claims: Mapping[str, Any], required: Iterable[Requirement]) -> None:
    """Raises ``PermissionDenied`` unless the claims are as they have to be."""
    for one in required:
        if not fulfils(claims, one):
            message = f"The token is valid, but its claim {shown(one.claim)} has no value that is accepted here."
            raise PermissionDenied(message)


def fulfils(claims: Mapping[str, Any], required: Requirement) -> bool:
    """Whether a claim has one of the values, or lists one."""
    return not set(values_at(claims, required.claim)).isdisjoint(required.values)


def record_of(claims: Mapping[str, Any], spec: IssuerSpec) -> KeyRecord:
    """Who the bearer is, as those who have keys are. Raises ``AuthenticationFailed`` and ``PermissionDenied``."""
    template = spec.callers
    user = name_at(claims, spec.user)
    if user is None:
        refuse(f"it has no claim {shown(spec.user)} that can name a user")
    tags = {name: _tag(claims, path) for name, path in spec.tags}
    return msgspec.structs.replace(
        template,
        id=f"{spec.name}/{user}",
        name=f"{spec.name}/{user}",
        user=user,
        team=team_of(claims, spec) or template.team,
        organization=name_at(claims, spec.organization) or template.organization,
        models=_models(claims, spec.models, template.models) if spec.models else template.models,
        tags=(*((name, value) for name, value in template.tags if name not in tags), *tags.items()),
    )


def team_of(claims: Mapping[str, Any], spec: IssuerSpec) -> str:
    """The bearer's team; empty where the claims are not asked for one.

    Raises ``PermissionDenied`` where they are, and name none or several, and there is none for that case.
    """
    if not spec.team:
        return ""
    found = teams_of(values_at(claims, spec.team), spec.teams)
    if len(found) == 1 or (found and spec.teams):
        return found[0]
    if spec.callers.team:
        return ""
    number = "several teams" if found else "no team that is known here"
    raise PermissionDenied(f"The token is valid, but its claim {shown(spec.team)} names {number}.")


def teams_of(values: Sequence[str], table: Sequence[tuple[str, str]]) -> list[str]:
    """The teams that values of a claim stand for: in the order of the table, without one in that of the claim."""
    if not table:
        return [value for value in dict.fromkeys(values) if is_name(value)]
    return list(dict.fromkeys(team for value, team in table if value in values))


def values_at(claims: Mapping[str, Any], path: ClaimPath) -> list[str]:
    """The texts at a place: one, those of a list, or none. A number or a truth value counts as JSON writes it."""
    found: Any = claims
    for step in path:
        found = found.get(step) if isinstance(found, Mapping) else None
    listed = found if isinstance(found, list) else [found]
    texts = [_text(one) for one in listed]
    return [text for text in texts if text is not None]


def name_at(claims: Mapping[str, Any], path: ClaimPath) -> str | None:
    """The one name at a place, fit for logs and figures."""
    values = values_at(claims, path) if path else []
    return values[0] if len(values) == 1 and is_name(values[0]) else None


def is_name(text: str) -> bool:
    """Whether it can name a user or a team."""
    return 0 < len(text) <= LONGEST_NAME and text.isprintable() and text == text.strip()


def shown(path: ClaimPath) -> str:
    """A place as a message names it."""
    return "'" + ".".join(path) + "'"


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else None


def _tag(claims: Mapping[str, Any], path: ClaimPath) -> str:
    values = values_at(claims, path)
    if not values:
        return ""
    if len(values) > 1 or len(values[0]) > LONGEST_NAME or not _TAG_VALUE.fullmatch(values[0]):
        refuse(f"its claim {shown(path)} has no value that can be a tag")
    return values[0]


def _models(claims: Mapping[str, Any], path: ClaimPath, otherwise: tuple[str, ...]) -> tuple[str, ...]:
    """Those that are named, among those that any caller of the issuer may use."""
    if not claims.keys() & path[:1]:
        return otherwise
    named = values_at(claims, path)[:MOST_MODELS]
    if "*" in otherwise:
        return tuple(named)
    return tuple(otherwise if "*" in named else (name for name in named if name in otherwise))


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    found = claims.get(name)
    if found is None:
        return None
    # Not infinite, no NaN, and no integer that is too large for a float.
    if isinstance(found, bool) or not isinstance(found, int | float) or not abs(found) <= LAST_S:
        refuse(f"its claim {name} is no time")
    return float(found)
