"""``stellwerk bench tokens``: figures on prompts of one's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import tokens
from stellwerk.cli import main

JSON = json.dumps([{"id": n, "name": f"Lamp {n}"} for n in range(40)], indent=2)
TOOLS = json.dumps(
    [
        {
            "name": "a",
            "parameters": {
                "type": "object",
                "properties": {f"p{n}": {"title": "P", "type": "string"} for n in range(50)},
            },
        }
    ]
)


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    """A file of them."""
    file = tmp_path / "prompts.jsonl"
    rows = [
        {"kind": "json", "text": JSON},
        {"messages": [{"role": "user", "content": JSON}]},
        {"kind": "tools", "text": TOOLS, "answers": ["p7"]},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def test_each_level_and_each_kind_has_its_line(prompts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "tokens", str(prompts), "--level", "safe", "--level", "balanced"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in told if line] == [
        *("safe:", "texts", "json", "prompts", "tools", "all"),
        *("balanced:", "texts", "json", "prompts", "tools", "all"),
    ]


def test_the_same_as_a_document(prompts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--json", "tokens", str(prompts), "--level", "balanced", "--steps", "json_table"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["balanced"]["json"]["values_kept"] == told["balanced"]["json"]["values"] == 1
    assert told["balanced"]["json"]["saved"] > 0.4
    assert list(told["balanced"]["all"]["steps"]) == ["json_table"]


def test_the_benchmark_weighs_kinds_as_agents_have_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "prompts.jsonl"
    rows = [{"kind": kind, "prompt": TOOLS if kind == "tools" else JSON} for kind in tokens.MIX]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert tokens.main([str(file)]) == 0
    told = capsys.readouterr().out
    assert told.count("the mix: ") == 3
    assert "declarations: " in told
