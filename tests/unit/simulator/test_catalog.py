"""The models of a provider."""

import pytest

from stellwerk.simulator import SimulatedModel, SimulatedProvider
from stellwerk.simulator.catalog import MOST_GUESSED, Catalog
from stellwerk.simulator.dice import Dice
from stellwerk.simulator.refusal import Refusal


def test_a_provider_without_models_serves_any_name() -> None:
    catalog = Catalog(SimulatedProvider(name="x"))
    for number in range(MOST_GUESSED + 10):
        assert catalog.behaviour(f"model-{number}").context_tokens == 128_000
    assert len(catalog._behaviours) <= MOST_GUESSED


def test_a_provider_with_models_refuses_other_names() -> None:
    catalog = Catalog(SimulatedProvider(name="x", models=("a",)))
    catalog.behaviour("a")
    with pytest.raises(Refusal) as caught:
        catalog.behaviour("b")
    assert (caught.value.status, caught.value.code, caught.value.param) == (404, "model_not_found", "model")


def test_what_a_model_does_not_say_is_its_providers() -> None:
    spec = SimulatedProvider(name="x", first_token_ms=5, token_ms=6, models=(SimulatedModel(name="m", token_ms=7),))
    behaviour = Catalog(spec).behaviour("m")
    assert (behaviour.first_token_ms(Dice(b"")), behaviour.token_ms(Dice(b""))) == (5, 7)


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("gpt-4o", False),
        ("gpt-5.2", True),
        ("o4-mini", True),
        ("openai/o3", True),
        ("gpt-oss-20b", True),
        ("olmo", False),
    ],
)
def test_whether_a_model_reasons_is_taken_from_its_name(name: str, reasons: bool) -> None:
    assert Catalog(SimulatedProvider(name="x")).behaviour(name).reasons is reasons


def test_a_model_may_say_itself_whether_it_reasons() -> None:
    spec = SimulatedProvider(name="x", models=(SimulatedModel(name="gpt-5", reasoning=False),))
    assert Catalog(spec).behaviour("gpt-5").reasons is False
