"""Prices of one's own at a target, and the currency in which amounts are shown."""

from pathlib import Path

import msgspec
import pytest

from stellwerk.catalog.book import BOOK, entries
from stellwerk.config.compile import compile_file, main
from stellwerk.core.catalog import ModelCard
from stellwerk.core.cost import cost_of
from stellwerk.core.usage import Usage
from tests.unit.config.conftest import Said, Write

FRAME = """
[[providers]]
name = "up"
kind = "openai"
api_key = "literal-key-9f2c7a1e"

[[models]]
name = "m"

[[models.targets]]
provider = "up"
model = "{model}"
{prices}
"""
MONDAY_MS = 1_795_392_000_000
"""2026-11-23, midnight UTC."""


def card(write: Write, prices: str, model: str = "gpt-5.2") -> ModelCard:
    found = compile_file(write(FRAME.format(model=model, prices=prices))).models[0].targets[0].card
    assert found is not None
    return found


def test_a_price_of_ones_own_counts_instead_of_the_catalogues_and_is_marked(write: Write) -> None:
    own = card(write, "prices = [{ input = 1.4, cache_read = 0.14, output = 11.2 }]")
    # 900 x 1.40 + 100 x 0.14 + 10 x 11.20 a million.
    assert cost_of(Usage(1_000, 10, 100), own, MONDAY_MS).nanos == 1_386_000
    assert own.has_own_price
    assert own.context_window > 0  # the rest is still what the catalogue knows
    shipped = card(write, "")
    assert not shipped.has_own_price
    assert shipped.price_version.startswith("shipped 20")


def test_a_model_that_nobody_knows_has_the_price_that_it_is_given(write: Write) -> None:
    assert cost_of(Usage(1_000), card(write, "prices = [{ input = 2 }]", "unheard-of"), MONDAY_MS).nanos == 2_000_000
    assert card(write, "prices = []", "gpt-5.2").price is None


def test_a_price_can_say_all_that_the_catalogue_can(write: Write) -> None:
    own = card(
        write,
        """
        [[models.targets.prices]]
        input = 1
        output = 2
        cache_read = 0.1
        cache_write = 1.25
        cache_write_1h = 2
        input_audio = 10
        cache_read_audio = 0.5
        output_audio = 20
        input_image = 3
        output_image = 30
        reasoning = 4
        web_search = 10
        request = 5
        tiers = [{ above = 1000, input = 100, output = 200 }]

        [[models.targets.prices]]
        service = "batch"
        since = 2026-01-01
        input = 0.5
        output = 1

        [[models.targets.prices]]
        hours = [22:00:00, 06:00:00]
        input = 0.9
        output = 1.8
        """,
    )
    noon_ms = MONDAY_MS + 12 * 3_600_000
    usage = Usage(100, 50, 20, 20, 10, 20, 5, 10, 5, 10, 5, 1)
    units = {line.unit: line.nanos for line in cost_of(usage, own, noon_ms).lines}
    assert units == {
        "cache_read_audio": 5 * 500,
        "cache_read": 15 * 100,
        "cache_write_1h": 10 * 2_000,
        "cache_write": 10 * 1_250,
        "input_audio": 15 * 10_000,
        "input_image": 10 * 3_000,
        "input": 35 * 1_000,
        "output_audio": 5 * 20_000,
        "output_image": 5 * 30_000,
        "reasoning": 10 * 4_000,
        "output": 30 * 2_000,
        "web_search": 10_000_000,
        "request": 5_000_000,
    }
    assert cost_of(Usage(1_001), own, noon_ms).nanos == 1_001 * 100_000
    assert cost_of(Usage(10, service_tier="batch"), own, noon_ms).nanos == 10 * 500
    assert cost_of(Usage(10), own, MONDAY_MS).nanos == 10 * 900


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        ('prices = [{ service = "batch", input = 1 }]', "the first of the prices must be the standard one"),
        ("prices = [{ tiers = [{ above = 9, input = 1 }, { above = 9, input = 2 }] }]", "must ascend"),
        ("prices = [{ input = -1 }]", "expected a number not below 0, found -1"),
        ("prices = [{ inputs = 1 }]", "unknown key, expected one of input, output"),
        ("prices = [{ hours = [06:00:00], input = 1 }]", "expected two times of day"),
        ('prices = [{ hours = ["06:00", "08:00"] }]', "expected a time of day, such as 16:30:00"),
        ('prices = [{ since = "today" }]', "expected a day, such as 2026-11-25"),
    ],
)
def test_a_price_that_cannot_be_one_is_told_with_its_line(said: Said, prices: str, expected: str) -> None:
    problem, *_ = said(FRAME.format(model="x", prices=prices))
    assert expected in problem
    assert "models[0].targets[0].prices" in problem


def test_the_prices_in_use_are_written_down(write: Write, tmp_path: Path) -> None:
    path = write(FRAME.format(model="gpt-5.2", prices="prices = [{ input = 1.4, output = 2 }]"))
    assert main([str(path), str(tmp_path / "out")]) == 0
    used = compile_file(path).models[0].targets[0].card
    assert used is not None
    assert entries(tmp_path / "state")[used.price_version].price == used.price


def test_a_book_that_cannot_be_written_is_a_warning(
    write: Write, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "state" / BOOK).mkdir(parents=True)
    assert main([str(write(FRAME.format(model="gpt-5.2", prices=""))), str(tmp_path / "out")]) == 0
    told = [msgspec.json.decode(line) for line in capfd.readouterr().out.splitlines()]
    assert any(line["level"] == "warning" and "cannot be written down" in line["message"] for line in told)


def test_a_currency_is_three_letters_and_worth_something(said: Said, head: str) -> None:
    assert said(f'{head}[display]\ncurrency = "EUR"\nper_usd = 0.86\n') == []
    assert len(said(f'{head}[display]\ncurrency = "euro"\nper_usd = 0\n')) == 2
