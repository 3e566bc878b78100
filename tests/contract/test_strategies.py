"""What every strategy has to be: an order of the targets it was given, with its reason, from memory alone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk import plugins
from stellwerk.core.envelope import Envelope
from stellwerk.core.learned_route import Cut, Head, LearnedRoute, encode
from stellwerk.core.route import Ask, Kept, Target
from stellwerk.ports.strategy import Strategy

OPTIONS: dict[str, dict[str, Any]] = {
    "cascade": {},
    "cheapest": {},
    "fastest": {},
    "learned": {"model": "route.model"},
    "least_busy": {},
    "priority": {},
    "sticky": {"otherwise": "least_busy"},
    "weighted": {},
}
"""Options with which each strategy can be built: a new one gets a row here."""
ROUTE = LearnedRoute(1, b"", Head(-1.0, b""), Head(-1.0, b""), 1.0, 0.0, 100, (Cut(0.4, 1.0, 1.0),), 0.9)
"""One by which every text goes to the weak target."""
TEXTS = ["", "Name the river."]
ENVELOPES = [
    Envelope("openai_chat", "plain", is_stream=False, body=b"{}"),
    Envelope("openai_chat", "plain", is_stream=True, body=b"{}", wants_usage=False, output_cap=5, choices=2),
]


class Calm:
    """A target about which nothing is known."""

    in_flight = 0
    first_byte_s = 0.0


TARGETS = st.lists(
    st.builds(
        lambda number, weight: Target(f"p/{number}", "p", str(number), weight),
        st.integers(0, 99),
        st.floats(0, 1e9),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda target: target.identity,
).map(tuple)


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The working directory, with the files that options name."""
    path = tmp_path_factory.mktemp("strategies")
    Path(path / "route.model").write_bytes(encode(ROUTE))
    with contextlib.chdir(path):
        yield


@pytest.mark.parametrize("name", plugins.shelf("strategies"))
@given(
    targets=TARGETS,
    envelope=st.sampled_from(ENVELOPES),
    draw=st.floats(0, 1, exclude_max=True),
    text=st.sampled_from(TEXTS),
)
def test_a_plan_orders_targets_that_were_given_and_says_why(
    name: str, targets: tuple[Target, ...], envelope: Envelope, draw: float, text: str
) -> None:
    strategy = cast("Strategy", plugins.build("strategies", name, OPTIONS[name]))
    standings = {target.identity: Calm() for target in targets}
    plan = strategy.plan(targets, Ask(envelope, draw, 0.0, lambda: 100, text=lambda: text), standings)
    assert plan.targets
    assert set(plan.targets) <= set(targets)
    assert len(set(plan.targets)) == len(plan.targets)
    assert plan.reason.strip()


@pytest.mark.parametrize("name", plugins.shelf("strategies"))
@given(targets=TARGETS, envelope=st.sampled_from(ENVELOPES), draw=st.floats(0, 1, exclude_max=True))
def test_a_plan_depends_on_nothing_but_what_was_given(
    name: str, targets: tuple[Target, ...], envelope: Envelope, draw: float
) -> None:
    standings = {target.identity: Calm() for target in targets}
    kept = Kept(targets[-1].identity, 50, 0.0)
    strategies = [cast("Strategy", plugins.build("strategies", name, OPTIONS[name])) for _ in range(2)]
    asks = [Ask(envelope, draw, 1.0, lambda: 100, kept), Ask(envelope, draw, 1.0, lambda: 100, kept)]
    assert len({strategy.plan(targets, ask, standings) for strategy in strategies for ask in asks}) == 1


@pytest.mark.parametrize("name", plugins.shelf("strategies"))
@given(targets=TARGETS, envelope=st.sampled_from(ENVELOPES), draw=st.floats(0, 1, exclude_max=True))
def test_a_fixed_plan_is_the_order_of_every_plan(
    name: str, targets: tuple[Target, ...], envelope: Envelope, draw: float
) -> None:
    strategy = cast("Strategy", plugins.build("strategies", name, OPTIONS[name]))
    fixed = strategy.fixed(targets)
    if fixed is not None:
        standings = {target.identity: Calm() for target in targets}
        assert fixed.targets == strategy.plan(targets, Ask(envelope, draw, 0.0, lambda: 100), standings).targets
