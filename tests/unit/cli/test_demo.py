"""The demo where what it needs is missing or away: it says so and fails, step by step."""

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


@pytest.mark.parametrize("is_quiet", [False, True])
def test_a_gateway_that_is_away_fails_every_step_and_ends_nothing(
    nowhere: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], is_quiet: bool
) -> None:
    monkeypatch.setattr("stellwerk.cli.demo_story.EVENTS_S", 0.05)
    steps = tell(nowhere, KEYS, tmp_path, lambda: None, is_quiet=is_quiet)
    assert [step["ok"] for step in steps] == [False] * 19
    shown = capsys.readouterr().out
    assert [line.split()[0] for line in shown.splitlines()] == ([] if is_quiet else ["FAIL"] * 19)
