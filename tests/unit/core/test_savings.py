"""What requests have saved: the difference to the same call without, kind by kind, and added up."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core import savings
from stellwerk.core.catalog import ModelCard
from stellwerk.core.event import RequestEvent
from stellwerk.core.price import Price, Rates, Row
from stellwerk.core.usage import Usage
from tests.unit.stores.events import DAY_MS, NOON_MS, make_event

USD = 10**9
CLAUDE = ModelCard(
    "anthropic",
    "claude",
    price=Price((Row(Rates(3 * USD, 15 * USD, 3 * USD // 10, 15 * USD // 4, 6 * USD)),)),
)
CHEAP = ModelCard("anthropic", "small", price=Price((Row(Rates(USD, 5 * USD)),)))


def test_marks_have_saved_discounts_minus_surcharges() -> None:
    usage = Usage(10_000, 100, cache_read_tokens=8_000, cache_write_tokens=1_000)
    assert savings.of_marks(usage, CLAUDE, 0) == 8_000 * 2_700 - 1_000 * 750
    long = msgspec.structs.replace(usage, cache_read_tokens=0, cache_write_1h_tokens=1_000)
    assert savings.of_marks(long, CLAUDE, 0) == -1_000 * 3_000
    assert savings.of_marks(Usage(10_000, 100), CLAUDE, 0) == 0
    assert savings.of_marks(usage, None, 0) == 0


def test_an_answer_that_was_there_has_saved_its_call() -> None:
    assert savings.of_answer(Usage(1_000, 100), CLAUDE, 0) == 1_000 * 3_000 + 100 * 15_000
    assert savings.of_answer(Usage(1_000, 100), None, 0) == 0
    assert savings.of_tier("exact") == savings.CACHE_EXACT


def test_a_route_has_saved_the_difference_and_may_have_lost() -> None:
    usage = Usage(1_000, 100)
    assert savings.of_route(usage, CHEAP, CLAUDE, 0) == 1_000 * 2_000 + 100 * 10_000
    assert savings.of_route(usage, CLAUDE, CHEAP, 0) == -savings.of_route(usage, CHEAP, CLAUDE, 0)
    assert savings.of_route(usage, None, CLAUDE, 0) == 0


@given(st.dictionaries(st.sampled_from(savings.KINDS), st.integers(-(2**60), 2**60)))
def test_a_column_holds_what_was_put_in(amounts: dict[str, int]) -> None:
    assert savings.read(savings.tell(amounts)) == {kind: nanos for kind, nanos in amounts.items() if nanos}


@given(st.text())
def test_any_column_can_be_read(column: str) -> None:
    assert all(isinstance(nanos, int) for nanos in savings.read(column).values())


def test_what_is_no_amount_is_left_out() -> None:
    assert savings.read("a=1 b=x =3 c d=-4 e=²") == {"a": 1, "d": -4}


def event(number: int, **fields: object) -> RequestEvent:
    return msgspec.structs.replace(make_event(NOON_MS + number, number), **fields)


def test_requests_are_put_together_and_added_up() -> None:
    events = [
        event(1, model="a", key_name="k", team="t", cost_nanos=300, savings="prompt_cache=100"),
        event(DAY_MS, model="b", key_name="k", team="u", cost_nanos=None, savings="routing=-7 prompt_cache=2"),
    ]
    by_model = savings.grouped(events, "model")
    assert list(by_model) == ["a", "b"]
    assert (by_model["a"].share, by_model["b"].net_nanos, by_model["b"].share) == (0.25, -5, 0.0)
    assert list(savings.grouped(events, "key")) == ["k"]
    assert list(savings.grouped(events, "team")) == ["t", "u"]
    assert list(savings.grouped(events, "day")) == ["2025-11-23", "2025-11-24"]
    whole = savings.total(by_model.values())
    assert (whole.requests, whole.unpriced, whole.cost_nanos) == (2, 1, 300)
    assert whole.saved == {"prompt_cache": 102, "routing": -7}
