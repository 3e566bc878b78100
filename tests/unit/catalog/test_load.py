"""Loading: what ships, with the user's own file over it."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from stellwerk.catalog.load import OVERLAY, load, vendored
from stellwerk.catalog.update import adopt
from stellwerk.core.price import Price, Rates, Row
from stellwerk.errors import ConfigurationError

ACME = {"provider": "acme", "id": "acme-1", "prices": [{"input": 1}]}


def content(*models: dict[str, Any]) -> bytes:
    return json.dumps({"format": 1, "date": "2027-01-01", "models": models}).encode()


def test_without_a_file_of_the_user_what_ships_holds(tmp_path: Path) -> None:
    assert list(load(tmp_path)) == list(load()) == list(load(None))


def test_the_users_file_lies_over_what_ships(tmp_path: Path) -> None:
    (tmp_path / OVERLAY).write_bytes(content(ACME, {"provider": "openai", "id": "GPT-5.2", "prices": [{"input": 0}]}))
    before, after = load().find("openai", "gpt-5-2"), load(tmp_path).find("openai", "gpt-5-2")
    assert before is not None
    assert after is not None
    assert after.price == Price((Row(Rates(input=0)),))
    assert after.context_window == before.context_window
    assert after.source == OVERLAY
    assert load(tmp_path).find("acme", "acme-1") is not None


@pytest.mark.parametrize(
    ("written", "reason"),
    [(b"{", "truncated"), (content({**ACME, "prices": [{"input": -1}]}), "acme/acme-1: input: expected dollars")],
)
def test_a_file_that_cannot_be_used_is_an_error_with_its_place(tmp_path: Path, written: bytes, reason: str) -> None:
    path = tmp_path / OVERLAY
    path.write_bytes(written)
    with pytest.raises(ConfigurationError) as refused:
        load(tmp_path)
    (problem,) = refused.value.problems
    assert problem.startswith(f"{path}: ")
    assert reason in problem


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / OVERLAY).mkdir()
    with pytest.raises(ConfigurationError, match="cannot be read: is a directory"):
        load(tmp_path)


def test_an_update_is_put_in_place_and_says_what_it_changes(tmp_path: Path) -> None:
    state = tmp_path / "state"
    shipped = load().find("openai", "gpt-5.2")
    assert shipped is not None
    new = content(
        ACME,
        {"provider": "openai", "id": "gpt-5.2", "prices": [{"input": 9}]},
        {"provider": "openai", "id": "gpt-5.4", "max_output": 7},
        {"provider": "openai", "id": "o3"},
    )
    changes = adopt(new, state, "new.json")
    assert changes.as_dict() == {
        "path": str(state / OVERLAY),
        "date": "2027-01-01",
        "added": ("acme/acme-1",),
        "repriced": ("openai/gpt-5.2",),
        "changed": ("openai/gpt-5.4",),
        "unchanged": 1,
    }
    assert (state / OVERLAY).read_bytes() == new
    assert [path.name for path in state.iterdir()] == [OVERLAY]


@pytest.mark.parametrize("bad", [b"{}", content({**ACME, "prices": [{"input": "NaN"}]})])
def test_an_update_that_cannot_be_used_changes_nothing(tmp_path: Path, bad: bytes) -> None:
    adopt(content(ACME), tmp_path, "good.json")
    with pytest.raises(ConfigurationError, match=r"bad\.json: "):
        adopt(bad, tmp_path, "bad.json")
    assert (tmp_path / OVERLAY).read_bytes() == content(ACME)


def test_an_update_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigurationError, match="cannot be written: "):
        adopt(content(ACME), tmp_path / "file", "good.json")


def test_the_whole_catalogue_loads_within_a_blink() -> None:
    vendored()
    started = time.process_time()
    load()
    assert time.process_time() - started < 1.0  # 0.02 were measured; only the compiler and the command line pay it
