"""Keeps a conversation with the target that has its prompt in its cache, where a strategy would move it.

A move costs what the cached prompt would have saved: it is made where the other target is cheaper by more than that.
"""

from __future__ import annotations

from typing import Final

import msgspec

from stellwerk.core.expected_cost import ExpectedCost
from stellwerk.core.ordering import remembered
from stellwerk.core.prompt_memory import HORIZONS_S, SHORT
from stellwerk.core.route import Ask, Plan, Target

INTERCHANGEABLE: Final = frozenset({"priority", "weighted", "least_busy", "fastest"})
"""Strategies to which targets are alike but for where they stand: any of them may answer the next turn."""
PRICED_CHOICES: Final = frozenset({"cheapest", "learned", "cascade"})
"""Strategies that choose by what targets cost."""
_ANSWER_TOKENS: Final = 500


def keep_warm(plan: Plan, own: tuple[Target, ...], ask: Ask, cost: ExpectedCost) -> Plan:
    """The plan, with the target first that answered the conversation's last turn, if moving away does not pay.

    ``own`` are the model's targets, among which it may be; ``cost`` compares two of them.
    """
    kept = remembered(ask, HORIZONS_S[SHORT])
    if kept is None or not plan.targets or plan.targets[0].identity == kept.identity:
        return plan
    warm = next((target for target in plan.targets if target.identity == kept.identity and target in own), None)
    if warm is None:
        return plan
    first = plan.targets[0]
    if cost.is_priced(warm) and cost.is_priced(first):
        (cheaper, _), _ = cost.ranked((warm, first), ask, kept)
        if cheaper is not warm:
            return msgspec.structs.replace(
                plan, reason=f"{plan.reason}, although {warm.identity} has the prompt cached"
            )
    others = tuple([target for target in plan.targets if target is not warm])
    reason = f"{warm.identity} has the conversation's prompt in its cache; else {plan.reason}"
    return Plan((warm, *others), reason, plan.acceptance)


def expected_cost() -> ExpectedCost:
    """Compares targets for an answer of usual length."""
    return ExpectedCost(_ANSWER_TOKENS)


def reference_of(strategy: str, own: tuple[Target, ...]) -> Target | None:
    """The target that a model's calls are compared with, to tell what choosing another one saves.

    The dearest where the strategy goes by what targets cost, else the first. ``None`` for a model with one target only,
    or where that one has no price.
    """
    if len(own) < 2:  # nothing to choose
        return None
    found = max(own, key=_list_price) if strategy in PRICED_CHOICES else own[0]
    return found if _list_price(found) >= 0 else None


def _list_price(target: Target) -> int:
    """A token in and one out, at list price; -1 where that is not known."""
    if target.card is None or target.card.price is None:
        return -1
    rates = target.card.price.rows[0].rates
    return -1 if rates.input is None else rates.input + (rates.output or 0)
