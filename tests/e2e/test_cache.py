"""What the cache holds is shown and let go by the command line, while the gateway runs."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from stellwerk.cli import main
from stellwerk.config.caching import open_cache
from stellwerk.core.snapshot import StateSpec
from tests.caches import digest, entry_of, finds, gone, now, until
from tests.e2e.kit import ENVIRONMENT, model, provider, server, up


def told(capsys: pytest.CaptureFixture[str], folder: Path, *words: str) -> str:
    """What a command prints that does what it is told."""
    assert main(["cache", *words, "--config", str(folder / "stellwerk.toml")]) == 0
    return capsys.readouterr().out


def test_answers_are_shown_and_let_go_by_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    sections = (server(), provider("north", "http://127.0.0.1:9/v1"), model("smart", "north"))
    with up(tmp_path, *sections) as gateway:
        cache = open_cache(StateSpec(str(gateway.state)), workers=2)

        async def story() -> None:
            for number, tenant in enumerate(("shop", "shop", "desk", "desk")):
                cache.keep(entry_of(number, tenant=tenant, stored_ms=now() - number * 3_600_000), now())
            await until(lambda: finds(cache, 0, 1, 2, 3))
            shown = json.loads(told(capsys, tmp_path, "stats", "--json"))
            assert (shown["backend"], shown["entries"]) == ("sqlite", 4)
            assert "sqlite" in told(capsys, tmp_path, "stats")
            assert told(capsys, tmp_path, "purge", "--tenant", "shop") == "purged: tenant=shop\n"
            await until(lambda: gone(cache, 0, 1))
            assert await finds(cache, 2, 3)
            told(capsys, tmp_path, "purge", "--before", "150m")
            await until(lambda: gone(cache, 3))
            assert await finds(cache, 2)
            told(capsys, tmp_path, "purge", "--key", digest(2).hex().upper(), "--json")
            await until(lambda: gone(cache, 2))
            told(capsys, tmp_path, "purge", "--all")

        asyncio.run(story())
        cache.close()


@pytest.mark.parametrize("words", [[], ["--all", "--before", "2027-01-31"], ["--key", "xyz"], ["--before", "soon"]])
def test_what_is_to_go_has_to_be_said(words: list[str]) -> None:
    try:
        status = main(["cache", "purge", *words])
    except SystemExit as ended:
        status = int(ended.code or 0)
    assert status == 2


def test_without_a_gateway_nothing_is_purged(tmp_path: Path) -> None:
    (tmp_path / "stellwerk.toml").write_text("")
    assert main(["cache", "purge", "--all", "--config", str(tmp_path / "stellwerk.toml")]) == 1
