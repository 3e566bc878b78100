"""``stellwerk models``: what it shows, what it takes, and how it ends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stellwerk.catalog.load import OVERLAY
from stellwerk.cli import main
from stellwerk.cli.models_view import described, line, page
from stellwerk.core.catalog import ModelCard
from stellwerk.core.price import Price, Rates, Row

ROOT = Path(__file__).parent.parent.parent.parent
NEW = {
    "format": 1,
    "date": "2027-01-01",
    "models": [
        {"provider": "acme", "id": "acme-1", "prices": [{"input": 1.5, "output": 6}]},
        {"provider": "openai", "id": "gpt-5.2", "prices": [{"input": 9, "output": 9}]},
        {"provider": "openai", "id": "gpt-5.4", "max_output": 7},
    ],
}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory without a configuration."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration whose state directory is beside it."""
    path = tmp_path / "stellwerk.toml"
    path.write_text('[state]\ndirectory = "kept"\n')
    return path


def test_models_are_listed_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list", "--provider", "anthropic"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 15
    assert all(line.startswith("anthropic/") for line in lines)
    assert [line.split() for line in lines if "claude-sonnet-4-5 " in line] == [
        ["anthropic/claude-sonnet-4-5", "200,000", "3", "in,", "15", "out"]
    ]


def test_everything_is_listed_without_a_provider(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert len(document["models"]) > 1500
    assert {source["name"] for source in document["sources"]} == {"genai-prices", "models.dev"}
    assert document["date"] >= "2026-11-25"


def test_a_provider_without_models_is_told_which_have_some(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list", "--provider", "acme"]) == 1
    assert "no models of 'acme' are known; there are those of anthropic, " in capsys.readouterr().err


@pytest.mark.parametrize("name", ["claude-haiku-4-5", "anthropic/claude-haiku-4-5-20251001"])
def test_a_model_is_shown_with_all_that_is_known(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "show", name]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("anthropic/claude-haiku-4-5\n")
    assert "\n    cache_write_1h             2 USD a million tokens\n" in shown
    assert "\n    web_search                10 USD a thousand calls\n" in shown


def test_a_model_whose_price_grows_with_the_prompt_says_from_where(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "show", "anthropic/claude-sonnet-4-5"]) == 0
    assert " 22.5 USD a million tokens above 200,000 tokens of prompt\n" in capsys.readouterr().out


def test_json_may_stand_before_the_action(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json", "show", "openai/gpt-5.2"]) == 0
    (model,) = json.loads(capsys.readouterr().out)["models"]
    assert model["price"][0]["usd"] == {"input": "1.75", "output": "14", "cache_read": "0.175", "web_search": "10"}
    assert {row["service"] for row in model["price"]} == {"standard", "batch", "flex", "priority", "fast"}


@pytest.mark.parametrize(
    ("name", "offered"), [("gpt-5.2x", "did you mean gpt-5.2"), ("§§", "is known, so it would be unpriced\n")]
)
def test_an_unknown_model_is_told_with_what_is_like_it(
    name: str, offered: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "show", name]) == 1
    assert offered in capsys.readouterr().err


def test_an_update_is_kept_in_the_state_directory_and_shown(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "new.json").write_text(json.dumps(NEW))
    assert main(["models", "update", "--from", "new.json", "--config", str(config)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "new: acme/acme-1",
        "new price: openai/gpt-5.2",
        "changed: openai/gpt-5.4",
        f"{tmp_path / 'kept' / OVERLAY}: models of 2027-01-01, 0 as they were; reload to use them",
    ]
    assert main(["models", "show", "acme-1"]) == 0
    assert "models.json" in capsys.readouterr().out


def test_an_update_in_json_is_one_document(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "new.json").write_text(json.dumps(NEW))
    assert main(["models", "--config", str(config), "update", "--from", "new.json", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is True
    assert told["added"] == ["acme/acme-1"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["update", "--from", "absent.json"], "absent.json: the models cannot be read: no such file"),
        (["update", "--from", "bad.json"], "bad.json: "),
        (["list", "--config", "absent.toml"], "absent.toml: "),
    ],
)
def test_what_cannot_be_read_is_told_and_ends_with_1(
    arguments: list[str], reason: str, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert config.exists()
    (tmp_path / "bad.json").write_text("[]")
    assert main(["models", *arguments]) == 1
    assert reason in capsys.readouterr().err


def test_an_update_needs_a_state_directory(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "update", "--from", "new.json"]) == 1
    assert "no state directory" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["update"], ["show"], ["forget"], ["list", "anthropic"]])
def test_wrong_use_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["models", *arguments])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: stellwerk")


def test_the_help_says_that_nothing_is_fetched(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["models", "update", "--help"])
    assert "Nothing is fetched" in capsys.readouterr().out


def test_whoever_has_seen_enough_may_close_the_pipe() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    finished = subprocess.run(
        [sys.executable, "-m", "stellwerk", "models", "list"],
        cwd=ROOT,
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert (finished.returncode, finished.stderr) == (0, b"")


def test_a_card_that_says_little_is_shown_honestly() -> None:
    card = ModelCard("p", "m", is_deprecated=True)
    assert line(card, 0).split() == ["p/m", "?", "unpriced"]
    assert page(card) == "p/m  (deprecated)\n  price   unpriced"
    assert described(card)["price"] is None


def test_conditions_and_missing_rates_are_shown() -> None:
    row = Row(Rates(input=10**9), service="night", since_s=1_791_936_000, hours=(1350, 360))
    card = ModelCard("p", "m", price=Price((row,)))
    assert "  price   night, since 2026-10-14, from 22:30 to 06:00 UTC\n" in page(card)
    assert line(card, 0).endswith("1 in, - out")
    assert described(card)["price"][0]["hours_utc"] == ["22:30", "06:00"]
