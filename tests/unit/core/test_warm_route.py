"""A conversation stays where its prompt is cached, unless moving saves more than that."""

from collections.abc import Callable

from stellwerk.core.catalog import ModelCard
from stellwerk.core.envelope import Envelope
from stellwerk.core.price import Price, Rates, Row
from stellwerk.core.route import Ask, Kept, Plan, Target
from stellwerk.core.warm_route import expected_cost, keep_warm, reference_of

USD = 10**9


def target(name: str, dollars: int | None = None) -> Target:
    """A target at so many dollars for a million tokens, a tenth of that for cached ones."""
    if dollars is None:
        return Target(f"{name}/m", name, "m")
    rates = Rates(dollars * USD, dollars * USD, dollars * USD // 10)
    return Target(f"{name}/m", name, "m", card=ModelCard(name, "m", price=Price((Row(rates),))))


def ask(kept: Kept | None, tokens: Callable[[], int] = lambda: 10_000) -> Ask:
    """A request some time later."""
    return Ask(Envelope("openai_chat", "m", is_stream=False, body=b"{}", output_cap=0), 0.5, 100.0, tokens, kept)


WARM = Kept("b/m", 10_000, 90.0)


def order(targets: tuple[Target, ...], kept: Kept | None, own: tuple[Target, ...] | None = None) -> tuple[str, str]:
    """Who comes first, and why."""
    plan = keep_warm(Plan(targets, "as drawn"), targets if own is None else own, ask(kept), expected_cost())
    assert set(plan.targets) == set(targets)
    return (plan.targets[0].provider if plan.targets else "", plan.reason)


def test_it_stays_where_it_is_cached() -> None:
    said = "b/m has the conversation's prompt in its cache; else as drawn"
    assert order((target("a"), target("b")), WARM) == ("b", said)
    assert order((target("a", 3), target("b", 3)), WARM)[0] == "b"
    assert order((target("a", 3), target("b", 20)), WARM)[0] == "b"


def test_it_moves_where_that_saves_more_than_the_cache() -> None:
    assert order((target("a", 1), target("b", 30)), WARM) == ("a", "as drawn, although b/m has the prompt cached")


def test_what_is_not_known_or_over_changes_nothing() -> None:
    targets = (target("a"), target("b"))
    assert order(targets, None) == ("a", "as drawn")
    assert order(targets, Kept("b/m", 10, -300.0)) == ("a", "as drawn")
    assert order(targets, Kept("gone/m", 10, 90.0)) == ("a", "as drawn")
    assert order(targets, Kept("a/m", 10, 90.0)) == ("a", "as drawn")
    assert order(targets, WARM, (targets[0],)) == ("a", "as drawn")
    assert order((), WARM) == ("", "as drawn")


def test_calls_are_compared_with_the_first_target_or_the_dearest() -> None:
    small, large, free = target("small", 1), target("large", 9), target("free")
    assert reference_of("priority", (small, large)) is small
    assert reference_of("cheapest", (small, large, free)) is large
    assert reference_of("cascade", (free, free)) is None
    assert reference_of("priority", (free, large)) is None
    assert reference_of("cheapest", (large,)) is None
