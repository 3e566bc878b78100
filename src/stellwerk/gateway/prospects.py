"""What can be said of the targets of a request at a moment: who could be asked, when, and why nobody can."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from stellwerk.errors import Overloaded, StellwerkError, UpstreamError, UpstreamRateLimited

if TYPE_CHECKING:
    from stellwerk.core.route import Target
    from stellwerk.gateway.configuration import Route
    from stellwerk.gateway.standing import Standing

MAX_RETRY_AFTER_S = 5.0
"""A provider that wants to be left alone for longer is not waited for."""


def has_able(targets: Sequence[Target], begin: int, routes: Mapping[str, Route], now: float) -> bool:
    """Whether one of the targets from a place on could be asked."""
    for index in range(begin, len(targets)):
        standing = routes[targets[index].identity].standing
        if standing.is_plain or not standing.verdict(now):
            return True
    return False


def last_resort(
    targets: Sequence[Target], asked: Collection[str], routes: Mapping[str, Route], now: float, *, may_exceed: bool
) -> Route | None:
    """A target that has not been asked yet, and mostly answers, although its circuit is open or its hands are full."""
    for target in targets:
        route = routes[target.identity]
        if target.identity not in asked and route.standing.is_last_resort(now, may_exceed=may_exceed):
            return route
    return None


def repeatable(
    told: dict[str, StellwerkError], routes: Mapping[str, Route], now: float, pause_s: float, expires: float
) -> tuple[Route, float] | None:
    """Whom to ask again, from the last one that was asked on, and in how many seconds; that repeat is paid for.

    ``told`` is how each target that was asked has failed, by identity; the repeat has to begin before ``expires``.
    """
    for identity, error in reversed(told.items()):
        if not isinstance(error, UpstreamError) or error.is_lasting:
            continue
        standing = routes[identity].standing
        wait_s = max(pause_s, error.retry_after_s or 0.0, standing.repeatable_in_s(now))
        if wait_s <= MAX_RETRY_AFTER_S and now + wait_s < expires and standing.may_repeat(now):
            return routes[identity], wait_s
    return None


def is_limited(targets: Sequence[Target], routes: Mapping[str, Route], now: float) -> bool:
    """Whether some target is only kept from being asked by its provider's limits."""
    return any(standing.is_limited(now) for standing in _standings(targets, routes))


def ready_in_s(targets: Sequence[Target], routes: Mapping[str, Route], now: float) -> float:
    """Seconds until time alone may have made one of them ready; 0 where that is not up to time."""
    return min((ready_s for each in _standings(targets, routes) if (ready_s := each.ready_in_s(now)) > 0), default=0.0)


def nobody(targets: Sequence[Target], routes: Mapping[str, Route], now: float) -> StellwerkError:
    """Why no target can be asked: the caller is told when to come back."""
    standings = _standings(targets, routes)
    reasons = "; ".join(
        f"{target.provider}: {standing.verdict(now)}" for target, standing in zip(targets, standings, strict=True)
    )
    message = f"No provider of this model can be asked now ({reasons})."
    ready_s = min(standing.ready_in_s(now) for standing in standings)
    if is_limited(targets, routes, now):
        return UpstreamRateLimited(message, retry_after_s=ready_s)
    return Overloaded(message, retry_after_s=ready_s)


def _standings(targets: Sequence[Target], routes: Mapping[str, Route]) -> list[Standing]:
    return [routes[target.identity].standing for target in targets]
