"""``stellwerk models learn``: what it takes, what it writes, what it says."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stellwerk.cli import main, outcomes
from stellwerk.core.learned_route import decode
from tests.unit.core.outcomes import outcomes as made_up

ROWS = 700
"""So many outcomes are enough for a threshold, and learned from soon."""


@pytest.fixture
def logged(tmp_path: Path) -> Path:
    """Outcomes with fields that nobody asked for, and an empty line."""
    path = tmp_path / "outcomes.jsonl"
    rows = [
        {"prompt": row.prompt, "weak": bool(row.weak), "strong": row.strong, "domain": "x"} for row in made_up(ROWS)
    ]
    path.write_text("\n".join(["", *map(json.dumps, rows), ""]))
    return path


def learn(logged: Path, *more: str) -> int:
    return main(["models", "learn", "--input", str(logged), "--output", str(logged.with_name("out.model")), *more])


def test_a_model_is_written_and_measured(logged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert learn(logged, "--floor", "0.95") == 0
    written, errors = capsys.readouterr()
    assert not errors  # no terminal, no progress
    for told in ("AUC ", "threshold ", "to the weak ", "quality kept ", "saved ", "random router   keeps "):
        assert f"\n{told}" in written
    assert "at 95 %" in written
    route = decode(logged.with_name("out.model").read_bytes())
    assert f"learned from {route.rows:,} outcomes" in written
    assert list(logged.parent.glob(".*")) == []


def test_the_figures_are_a_document_too(logged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert learn(logged, "--floor", "0.95", "--price-ratio", "5", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["ok"]
    assert document["cut"]["at_least"] >= document["floor"] == 0.95
    share, saved = document["test"]["share"]["value"], document["test"]["saved"]["value"]
    assert saved == pytest.approx(share * 0.8)
    assert document["learned_rows"] + document["test"]["rows"] == ROWS


def test_the_same_outcomes_give_the_same_model(logged: Path) -> None:
    out = logged.with_name("out.model")
    assert learn(logged, "--floor", "0.9") == 0
    first = out.read_bytes()
    assert learn(logged, "--floor", "0.9") == 0
    assert out.read_bytes() == first
    assert learn(logged, "--floor", "0.9", "--seed", "1") == 0
    assert out.read_bytes() != first


def test_with_a_test_file_all_of_the_input_is_learned_from(logged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    test = logged.with_name("test.jsonl")
    test.write_bytes(b"\n".join(map(msgspec.json.encode, made_up(300, seed=5))))
    assert learn(logged, "--floor", "0.95", "--test", str(test)) == 0
    assert f"learned from {ROWS:,} outcomes, measured on 300 others" in capsys.readouterr().out


def test_fields_can_have_other_names(logged: Path) -> None:
    logged.write_text(logged.read_text().replace('"prompt"', '"q"').replace('"weak"', '"a"').replace('"strong"', '"b"'))
    names = ("--prompt-field", "q", "--weak-field", "a", "--strong-field", "b")
    assert learn(logged, "--floor", "0.95", *names) == 0


def test_a_floor_that_is_out_of_reach_writes_nothing(logged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert learn(logged, "--floor", "1", "--confidence", "0.999") == 1
    assert "no threshold was found to keep 1 of the strong model's quality, at most 0.9" in capsys.readouterr().err
    assert not logged.with_name("out.model").exists()


def test_faulty_lines_are_shown_by_number(logged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = ['{"prompt": 1, "weak": 0, "strong": 0}', '{"prompt": "", "weak": 2, "strong": 0}', "[]", '{"prompt": ""}']
    logged.write_text("\n".join(rows))
    assert learn(logged) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"{logged}:1: prompt: expected the text of a prompt"
    assert lines[1] == f"{logged}:2: weak: expected true, false, or a number from 0 to 1"
    assert lines[2].startswith(f"{logged}:3: Expected `object`")
    assert lines[3] == f"{logged}:4: weak: expected true, false, or a number from 0 to 1"


def test_only_the_first_faults_are_shown(logged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logged.write_text("x\n" * 500)
    assert learn(logged) == 1
    assert len(capsys.readouterr().err.splitlines()) == outcomes.MOST_PROBLEMS


def test_too_few_outcomes_are_refused(logged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logged.write_text('{"prompt": "p", "weak": 1, "strong": 1}\n' * 49)
    assert learn(logged) == 1
    assert capsys.readouterr().err == f"{logged}: expected at least 50 outcomes, found 49\n"


def test_a_file_that_is_away_is_told(logged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert learn(logged.with_name("away")) == 1
    assert "away: the outcomes cannot be read: no such file or directory" in capsys.readouterr().err


def test_a_file_beyond_all_measure_is_not_read(logged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with logged.open("ab") as file:
        file.truncate(outcomes.MAX_FILE_BYTES + 1)
    assert learn(logged) == 1
    assert "the outcomes have more than 2,147,483,648 bytes" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_told(logged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = logged.with_name("no") / "out.model"
    assert main(["models", "learn", "--input", str(logged), "--output", str(out), "--floor", "0.9"]) == 1
    assert f"{out}: the model cannot be written: no such file or directory" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong",
    [("--floor", "0"), ("--floor", "1.1"), ("--confidence", "1"), ("--price-ratio", "1"), ("--price-ratio", "inf")],
)
def test_numbers_without_sense_are_wrong_use(logged: Path, wrong: tuple[str, str]) -> None:
    with pytest.raises(SystemExit) as ended:
        learn(logged, *wrong)
    assert ended.value.code == 2


def test_a_terminal_sees_how_far_it_is(logged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal: Any = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert learn(logged, "--floor", "0.9") == 0
    shown = terminal.getvalue()
    assert "\rlearning, 0 of 6\rlearning, 1 of 6" in shown
    assert shown.endswith("\r\x1b[K")
