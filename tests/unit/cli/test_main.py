"""The command line as a function: what it takes, what it refuses, and how it ends."""

import json
import runpy
import sys
from pathlib import Path

import pytest

from stellwerk import __version__
from stellwerk.cli import COMMANDS, main
from stellwerk.cli.up import compiler


def test_the_module_is_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["stellwerk", "--version"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("stellwerk", run_name="__main__")
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"stellwerk {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["start"],
        ["chec"],
        ["check", "one.toml", "two.toml"],
        ["check", "--jso"],
        ["up", "now"],
        ["up", "--config"],
        ["health", "--deep"],
        ["simulate", "openai"],
        ["demo", "twice"],
    ],
)
def test_wrong_use_is_told_and_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: stellwerk")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_and_knows_json(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: stellwerk {command} ")
    assert "--json" in shown


def test_the_list_of_commands_has_a_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    for command in COMMANDS:
        assert f"\n    {command} " in shown


def test_a_good_file_ends_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "stellwerk.toml"
    path.write_text("")
    assert main(["check", str(path)]) == 0
    shown = capsys.readouterr()
    assert shown.out == f"{path}: ok\n"
    assert shown.err.count("warning: ") == 2


def test_a_bad_file_ends_with_1_and_a_line_for_each_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "stellwerk.toml"
    path.write_text("[server]\nworkers = 'two'\nport = 1\n")
    assert main(["check", "--config", str(path)]) == 1
    shown = capsys.readouterr()
    assert shown.out == f"{path}: 2 problem(s)\n"
    assert [line.partition(": ")[0] for line in shown.err.splitlines()[:2]] == [f"{path}:2", f"{path}:3"]


def test_the_verdict_in_json_is_one_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "stellwerk.toml"
    path.write_text("[server\n")
    assert main(["check", "--json", str(path)]) == 1
    verdict = json.loads(capsys.readouterr().out)
    assert verdict["ok"] is False
    assert len(verdict["problems"]) == 1
    assert verdict["warnings"] == []


@pytest.mark.parametrize("command", ["up", "health", "simulate"])
def test_a_file_that_is_not_there_ends_with_1(command: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "absent.toml"
    assert main([command, "--config", str(path)]) == 1
    assert f"{path}: " in capfd.readouterr().err


def test_a_compiler_is_our_own_interpreter_with_a_file_and_a_version() -> None:
    command = compiler(Path("/etc/stellwerk.toml"), Path("/state/2.msgpack"), 2)
    assert list(command) == [
        sys.executable,
        "-m",
        "stellwerk.config.compile",
        "/etc/stellwerk.toml",
        "/state/2.msgpack",
        "--version",
        "2",
    ]
