"""``stellwerk savings``: what is on record, added up, as a table and as JSON."""

import json
from pathlib import Path

import msgspec
import pytest

from stellwerk.cli import main
from stellwerk.stores.sqlite.store import SqliteEvents
from tests.unit.stores.events import NOON_MS, make_event


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with nothing on record yet."""
    file = tmp_path / "stellwerk.toml"
    file.write_text("")
    return file


def record(config: Path) -> None:
    """Two requests of one model, and one of another whose cost nobody knows."""
    store = SqliteEvents(config.parent / "state" / "events", retention_days=3650, busy_timeout_s=1)
    rows = (
        (1, "smart", 600, "prompt_cache=400"),
        (2, "smart", 0, "cache_exact=1000 made_up=-5"),
        (3, "fast", None, ""),
    )
    store.append(
        [
            msgspec.structs.replace(make_event(NOON_MS + n, n), model=model, cost_nanos=cost, savings=saved)
            for n, model, cost, saved in rows
        ]
    )
    store.close()


def test_savings_stand_in_a_table_with_their_sum(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(config)
    assert main(["savings", "--config", str(config)]) == 0
    head, fast, smart, whole, note = capsys.readouterr().out.splitlines()
    assert head.split() == ["MODEL", "REQUESTS", "COST", "CACHE_EXACT", "PROMPT_CACHE", "MADE_UP", "SAVED", "SHARE"]
    assert fast.startswith("fast")
    assert smart.split()[-1] == whole.split()[-1] == "69.9%"
    assert "0.000001395 USD" in whole
    assert note == "1 of them without a known cost"


def test_savings_are_json_for_programs(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(config)
    assert main(["savings", "--config", str(config), "--json", "--by", "key", "--model", "smart"]) == 0
    found = json.loads(capsys.readouterr().out)
    (row,) = found["rows"]
    assert row["saved_nanos"] == {"prompt_cache": 400, "cache_exact": 1000, "made_up": -5}
    assert (row["net_nanos"], row["cost_nanos"], found["total"]["requests"]) == (1395, 600, 2)


def test_without_events_that_is_said(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["savings", "--config", str(config)]) == 0
    assert capsys.readouterr().out == "no requests are on record\n"
