"""Orders of targets that several strategies give: that of the configuration, by weight, and by load."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from stellwerk.core.route import Ask, Kept, Plan, Standing, Target

AS_CONFIGURED = "the order of the configuration"


def only(targets: tuple[Target, ...]) -> Plan | None:
    """The plan where there is nothing to choose."""
    return Plan(targets, "the only target") if len(targets) == 1 else None


def as_configured(targets: tuple[Target, ...]) -> Plan:
    """The order in which the configuration lists them."""
    return Plan(targets, AS_CONFIGURED)


def by_weight(targets: tuple[Target, ...], draw: float) -> Plan:
    """A random order without replacement: each place goes to one of those left with a chance of its share of weight.

    All places come from the one ``draw``: where a draw falls within a share is a draw of its own. So the first places
    are as random as can be, and the 53 bits of a float last for some fifteen targets of equal weight. Targets without
    weight stand by at the end, in their order.
    """
    left = [target for target in targets if target.weight]
    if not left:
        return as_configured(targets)
    weights = [target.weight for target in left]
    whole = sum(weights)
    order = []
    while len(left) > 1:
        point, place = draw * sum(weights), 0
        # The last one is not asked: it has what is left, and whatever rounding leaves over.
        for weight in weights[:-1]:
            if point < weight:
                break
            point -= weight
            place += 1
        draw = point / weights.pop(place)
        order.append(left.pop(place))
    order += left
    if len(order) < len(targets):
        order += [target for target in targets if not target.weight]
    first = order[0]
    return Plan(tuple(order), f"{first.identity} by its weight, {first.weight:g} of {whole:g}")


def by_load(targets: tuple[Target, ...], standings: Mapping[str, Standing], draw: float) -> Plan:
    """The least busy first: fewest calls under way for its weight, this one counted; equals by ``draw``."""
    loads = [(standings[target.identity].in_flight + 1) / target.weight if target.weight else inf for target in targets]
    order = sorted(range(len(loads)), key=loads.__getitem__)
    tied = loads.count(loads[order[0]])
    if tied > 1:
        order.insert(0, order.pop(pick(draw, tied)))
    first = targets[order[0]]
    reason = f"{first.identity} is the least busy, {standings[first.identity].in_flight} in flight"
    return Plan(tuple([targets[place] for place in order]), reason)


def pick(draw: float, count: int) -> int:
    """One of ``count`` places, each with the same chance."""
    return min(int(draw * count), count - 1)


def remembered(ask: Ask, ttl_s: float) -> Kept | None:
    """The conversation's last turn, if it is not longer ago than a provider keeps a prompt in its cache."""
    kept = ask.kept
    return kept if kept is not None and ask.now - kept.at < ttl_s else None
