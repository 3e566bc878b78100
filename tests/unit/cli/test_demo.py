"""The demo where what it needs is missing or away: it says so and fails, step by step."""

import json
import socket
import sys
from pathlib import Path

import pytest

from stellwerk.cli import main
from stellwerk.cli.demo_story import tell

KEYS = {"SHOP_KEY": "shop", "INTERN_KEY": "intern", "STELLWERK_ADMIN_TOKEN": "admin"}


@pytest.fixture
def nowhere() -> str:
    """A base URL that refuses every connection."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}"


def test_without_the_official_client_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    assert main(["demo", "--once"]) == 1
    assert "pip install 'stellwerk[demo]'" in capsys.readouterr().err


@pytest.mark.parametrize("is_json", [False, True])
def test_a_gateway_that_is_away_fails_every_step_and_ends_nothing(
    nowhere: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], is_json: bool
) -> None:
    monkeypatch.setattr("stellwerk.cli.demo_story.EVENTS_S", 0.05)
    assert tell(nowhere, KEYS, tmp_path, is_json=is_json) is False
    shown = capsys.readouterr().out
    if is_json:
        steps = json.loads(shown)
        assert len(steps) == 11
        assert not any(step["ok"] for step in steps)
    else:
        assert [line.split()[0] for line in shown.splitlines()] == ["FAIL"] * 11
