"""``stellwerk optimize``: prompts in, fewer tokens out, counted exactly."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from quicktok import get_encoding

from stellwerk.cli import main

ROWS = [{"id": n, "name": f"lamp {n}", "stock": n * 7} for n in range(40)]
JSON = json.dumps(ROWS, indent=2)
TEXT = {"id": "a", "text": f"Stock:\n{JSON}", "kind": "json"}
TALK = {
    "id": 2,
    "messages": [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": [{"type": "text", "text": JSON}]},
    ],
}
SHORT = {"text": "What is a lamp?"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the files are."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in (TEXT, TALK, SHORT)) + "\n")
    return tmp_path


def optimized(*arguments: str) -> int:
    """Runs the command."""
    return main(["optimize", "--input", "in.jsonl", "--output", "out.jsonl", *arguments])


def rows(folder: Path, name: str = "out.jsonl") -> list[dict[str, Any]]:
    """The lines of a file."""
    return [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(
    ("model", "vocabulary"), [("", "o200k_base"), ("gpt-4", "cl100k_base"), ("claude-x", "o200k_base")]
)
def test_a_line_is_the_same_with_its_text_changed_and_counted(folder: Path, model: str, vocabulary: str) -> None:
    assert optimized("--level", "safe", *(["--model", model] if model else [])) == 0
    text, talk, short = rows(folder)
    count = get_encoding(vocabulary).count
    assert text["id"], text["kind"] == ("a", "json")
    assert json.loads(text["text"].removeprefix("Stock:\n")) == ROWS
    assert text["tokens_before"] == count(TEXT["text"])
    assert text["tokens_after"] == count(text["text"])
    assert sum(text["steps"].values()) == text["tokens_before"] - text["tokens_after"]
    assert list(text["steps"]) == ["json_minify"]
    assert talk["messages"][0] == {"role": "system", "content": "Be kind."}
    assert json.loads(talk["messages"][1]["content"][0]["text"]) == ROWS
    assert talk["tokens_before"] == count("Be kind.") + count(JSON)
    assert short == {
        "id": 3,
        **SHORT,
        "tokens_before": short["tokens_after"],
        "tokens_after": 5,
        "steps": {},
        "micros": short["micros"],
    }


def test_what_was_encoded_is_decoded(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert optimized("--level", "balanced") == 0
    assert "at balanced" in capsys.readouterr().out
    assert "<rows 40" in rows(folder)[0]["text"]
    assert main(["optimize", "--decode", "--input", "out.jsonl", "--output", "back.jsonl"]) == 0
    text, talk, _ = rows(folder, "back.jsonl")
    assert json.loads(text["text"].removeprefix("Stock:\n")) == ROWS
    assert json.loads(talk["messages"][1]["content"][0]["text"]) == ROWS


def test_a_question_decides_which_documents_stay(folder: Path) -> None:
    documents = "\n\n".join(
        f"[Document {n}] " + f"The {word} stands there. " * 12
        for n, word in enumerate(["lamp", "ship", "rail", "hall"] * 2)
    )
    (folder / "in.jsonl").write_text(json.dumps({"text": documents, "question": "Where is the ship?"}))
    assert optimized("--level", "aggressive") == 0
    assert rows(folder)[0]["steps"].keys() == {"rag_pruning"}
    assert "The ship" in rows(folder)[0]["text"]


def test_a_summary_tells_what_was_saved(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    del folder
    assert optimized("--json", "--level", "balanced", "--steps", "json_minify", "--min-tokens", "0") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ok"]
    assert told["lines"] == 3
    assert told["saved"] == pytest.approx(1 - told["tokens_after"] / told["tokens_before"], abs=1e-6)
    assert list(told["steps"]) == ["json_minify"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("[1]", "expected an object with a text or messages"),
        ('{"text": 1}', "expected an object with a text or messages"),
        ('{"text": "x", "question": 1}', "expected a text as question"),
        ("{", "Expecting property name"),
        ("[" * 100_000, "maximum recursion depth"),
    ],
)
def test_a_faulty_line_is_named_and_nothing_is_written(
    folder: Path, line: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "in.jsonl").write_text(f'{{"text": "x"}}\n{line}\n')
    assert optimized() == 1
    assert f"in.jsonl:2: {expected}" in capsys.readouterr().err
    assert not (folder / "out.jsonl").exists()
    assert [path.name for path in folder.iterdir()] == ["in.jsonl"]


def test_many_faulty_lines_are_not_all_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "in.jsonl").write_text("1\n" * 50)
    assert optimized() == 1
    assert len(capsys.readouterr().err.splitlines()) == 10


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--steps", "tables"], "there is no 'tables'"),
        (["--input", "none.jsonl"], "none.jsonl: the prompts cannot be read"),
        (["--output", "none/out.jsonl"], "none/out.jsonl: the results cannot be written"),
    ],
)
def test_what_cannot_be_done_is_said(
    folder: Path, arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    del folder
    assert optimized(*arguments) == 1
    assert expected in capsys.readouterr().err


def test_without_the_library_that_counts_nothing_is_done(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del folder
    monkeypatch.setitem(sys.modules, "quicktok", None)
    assert optimized() == 1
    assert "stellwerk[tokens]" in capsys.readouterr().err
