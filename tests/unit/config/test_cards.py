"""Cards of targets: found when the configuration is compiled, so that a worker needs no catalogue."""

from pathlib import Path

import msgspec
import pytest

from stellwerk.catalog.load import OVERLAY
from stellwerk.config.cards import Cards
from stellwerk.config.compile import compile_file, main
from stellwerk.config.load import examine
from stellwerk.core.catalog import Catalog, ModelCard
from stellwerk.core.price import Price, Rates, Row
from stellwerk.core.snapshot import ProviderSpec, Snapshot
from tests.unit.config.conftest import Write

PRICE = Price((Row(Rates(input=2)), Row(Rates(input=1), since_s=100)))
CATALOG = Catalog(
    [
        ModelCard("openai", "gpt-5.2", ("gpt-5-2",), price=PRICE),
        ModelCard("groq", "llama"),
        ModelCard("compatible", "llama"),
    ]
)


def spec(kind: str, **options: object) -> ProviderSpec:
    return ProviderSpec("one", kind, options, {})


@pytest.mark.parametrize(
    ("provider", "model", "name"),
    [
        (spec("openai"), "gpt-5.2", "openai/gpt-5.2"),
        (spec("openai", base_url="http://127.0.0.1:1/v1"), "gpt-5-2", "openai/gpt-5.2"),
        (spec("azure", deployments={"chat": "gpt-5.2"}), "chat", "openai/gpt-5.2"),
        (spec("azure", deployments={"chat": "gpt-5.2"}), "gpt-5.2", "openai/gpt-5.2"),
        (spec("azure", deployments="chat"), "chat", None),
        (spec("compatible", host="groq", base_url="http://127.0.0.1:1/v1"), "llama", "groq/llama"),
        (spec("compatible", base_url="http://127.0.0.1:1/v1"), "llama", None),
    ],
)
def test_a_target_has_the_card_of_its_providers_kind_wherever_the_address_points(
    provider: ProviderSpec, model: str, name: str | None
) -> None:
    card = Cards(CATALOG, [provider], 0).of("one", model)
    assert (card and f"{card.provider}/{card.id}") == name


def test_a_card_carries_what_a_worker_needs_and_no_more() -> None:
    card = Cards(CATALOG, [spec("openai")], 100_000).of("one", "gpt-5.2")
    assert card is not None
    assert card == ModelCard("openai", "gpt-5.2", price=Price((PRICE.rows[1],)), price_version=card.price_version)
    assert len(card.price_version) == 12


HEAD = """
[[providers]]
name = "up"
kind = "openai"
api_key = "literal-key-9f2c7a1e"

[[models]]
name = "m"
targets = [{ provider = "up", model = "gpt-5.2" }, { provider = "up", model = "unheard-of" }]
"""


def test_a_compiled_configuration_brings_the_cards_of_its_targets(write: Write) -> None:
    known, unknown = compile_file(write(HEAD)).models[0].targets
    assert known.card is not None
    assert known.card.id == "gpt-5.2"
    assert known.card.price is not None
    assert unknown.card is None
    snapshot = compile_file(write(HEAD))
    content = msgspec.msgpack.encode(snapshot)
    assert msgspec.msgpack.decode(content, type=Snapshot) == snapshot
    assert len(content) < 4096


def test_the_users_own_models_count_when_the_configuration_is_compiled(write: Write, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / OVERLAY).write_text(
        '{"format": 1, "date": "2027-01-01", "models": '
        '[{"provider": "openai", "id": "unheard-of", "prices": [{"input": 3}]}]}'
    )
    card = compile_file(write(HEAD)).models[0].targets[1].card
    assert card is not None
    assert card.price == Price((Row(Rates(input=3 * 10**9)),))


def test_models_that_cannot_be_used_leave_the_compiled_file_as_it_is(
    write: Write, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / OVERLAY).write_text("{")
    assert main([str(write(HEAD)), str(tmp_path / "out")]) == 1
    assert not (tmp_path / "out").exists()
    problem = msgspec.json.decode(capfd.readouterr().out.splitlines()[-1])
    assert (problem["level"], problem["path"]) == ("error", "state.directory")
    assert str(tmp_path / "state" / OVERLAY) in problem["text"]


def test_models_that_cannot_be_used_are_told_with_everything_else_that_is_wrong(write: Write, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / OVERLAY).write_text(
        '{"format": 1, "date": "2027-01-01", "models": [{"provider": "p", "id": "m", "prices": [{"input": -3}]}]}'
    )
    verdict = examine(write(HEAD.replace('provider = "up"', 'provider = "down"')))
    assert len(verdict.problems) == 3
    assert any("p/m: input: expected dollars from 0" in line for line in verdict.lines)


def test_a_state_directory_that_no_system_can_have_is_a_problem(write: Write) -> None:
    (line,) = examine(write('[state]\ndirectory = "a\\u0000b"\n')).lines
    assert "null" in line
