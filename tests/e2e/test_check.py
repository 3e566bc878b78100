"""``stellwerk check``, and how the command line takes what it is told."""

import json
from pathlib import Path

import pytest

from stellwerk import __version__
from tests.e2e.kit import WEB, WEB_KEY, model, provider, server, stellwerk

GOOD = server() + provider("north", "http://127.0.0.1:9/v1") + model("smart", "north") + WEB
BAD = server() + model("smart", "nowhere") + WEB.replace("WEB_KEY", "ABSENT_KEY") + '\n[surprise]\nkey = "value"\n'
RISKY = GOOD.replace("env:WEB_KEY", WEB_KEY)


def test_a_good_file_is_ok(tmp_path: Path) -> None:
    (tmp_path / "stellwerk.toml").write_text(GOOD)
    done = stellwerk(tmp_path, "check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "stellwerk.toml: ok\n", "")


@pytest.mark.parametrize("arguments", [("other.toml",), ("--config", "other.toml")])
def test_another_file_can_be_named(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "other.toml").write_text(GOOD)
    assert stellwerk(tmp_path, "check", *arguments).stdout == "other.toml: ok\n"


def test_every_problem_of_a_bad_file_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "stellwerk.toml").write_text(BAD)
    done = stellwerk(tmp_path, "check")
    assert done.returncode == 1
    assert done.stdout == "stellwerk.toml: 3 problem(s)\n"
    for place in ("models[0].targets[0].provider", "ABSENT_KEY", "surprise"):
        assert place in done.stderr


def test_warnings_are_told_and_do_not_fail(tmp_path: Path) -> None:
    (tmp_path / "stellwerk.toml").write_text(RISKY)
    done = stellwerk(tmp_path, "check")
    assert done.returncode == 0
    assert done.stderr.startswith("warning: stellwerk.toml:")
    assert "a secret stands in the file itself" in done.stderr


@pytest.mark.parametrize(("text", "problems", "warnings"), [(GOOD, 0, 0), (BAD, 3, 0), (RISKY, 0, 1)])
def test_json_says_the_same_in_one_document(tmp_path: Path, text: str, problems: int, warnings: int) -> None:
    (tmp_path / "stellwerk.toml").write_text(text)
    done = stellwerk(tmp_path, "check", "--json")
    verdict = json.loads(done.stdout)
    assert verdict["ok"] is (problems == 0)
    assert (len(verdict["problems"]), len(verdict["warnings"])) == (problems, warnings)
    assert done.returncode == (1 if problems else 0)


def test_nothing_is_started_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "stellwerk.toml").write_text(GOOD)
    stellwerk(tmp_path, "check")
    assert [path.name for path in tmp_path.iterdir()] == ["stellwerk.toml"]


def test_the_version_is_told(tmp_path: Path) -> None:
    done = stellwerk(tmp_path, "--version")
    assert (done.returncode, done.stdout) == (0, f"stellwerk {__version__}\n")


@pytest.mark.parametrize("command", ["up", "simulate", "health"])
def test_json_tells_why_a_command_failed_in_one_document(tmp_path: Path, command: str) -> None:
    (tmp_path / "bad.toml").write_text("[providers\n")
    done = stellwerk(tmp_path, command, "--json", "--config", "bad.toml")
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert any("bad.toml" in problem for problem in answer["problems"])
