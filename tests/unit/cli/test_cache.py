"""``stellwerk cache replay`` and ``stellwerk bench cache``: lines in, lines out, and figures that add up."""

import json
from pathlib import Path

import pytest

from stellwerk.cli import main
from stellwerk.cli.bench_traffic import traffic
from stellwerk.cli.bench_twins import twins

QUESTIONS = {
    "cancel": ["How do I cancel my order?", "I want to cancel an order, how?", "how can i cancel my order"],
    "return": ["How do I return a jacket?", "What is the way to send a jacket back?"],
}
ROWS = [
    {"id": "a", "text": "How do I cancel my order?", "answer": "Press cancel."},
    {"id": "b", "text": "How do I cancel my order?", "answer": "Press cancel."},
    {"id": "c", "text": "how do I  cancel my order", "answer": "Press cancel."},
    {"id": "d", "text": "Hi, please tell me how I can cancel my order", "answer": "Press cancel."},
    {"id": "e", "text": "How do I not cancel my order?", "answer": "Do nothing."},
    {"id": "f", "text": "What is the weather today?", "answer": "Sun."},
    {"id": "g", "text": "What is the weather today?", "answer": "Rain."},
    {"id": "h", "text": "How do I cancel my order?", "answer": "Ask them.", "scope": "other"},
]


def replayed(folder: Path, rows: list[dict[str, str]], *options: str) -> list[dict[str, object]]:
    source, target = folder / "in.jsonl", folder / "out.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert main(["cache", "replay", "--input", str(source), "--output", str(target), *options]) == 0
    return [json.loads(line) for line in target.read_text().splitlines()]


def test_traffic_is_replayed_cold_line_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = replayed(tmp_path, ROWS)
    told = [(line["id"], line["outcome"], line["answered_by"]) for line in lines]
    assert told == [
        ("a", "miss", None),
        ("b", "exact", "a"),
        ("c", "normalized", "a"),
        ("d", "semantic", "a"),
        ("e", "miss", None),
        ("f", "miss", None),
        ("g", "exact", "f"),
        ("h", "miss", None),
    ]
    assert set(lines[0]) == {"id", "outcome", "answered_by", "score", "micros"}
    assert "8 requests: 2 exact, 1 normalized, 1 semantic, 4 miss" in capsys.readouterr().out


def test_a_decision_never_depends_on_the_answer_of_its_own_line(tmp_path: Path) -> None:
    other = [{**row, "answer": "Something else."} if row["id"] == "d" else row for row in ROWS]
    assert replayed(tmp_path, ROWS)[3]["outcome"] == replayed(tmp_path, other)[3]["outcome"] == "semantic"


def test_an_explanation_says_what_forbade_an_answer(tmp_path: Path) -> None:
    lines = replayed(tmp_path, ROWS, "--explain")
    why = json.dumps(lines[4]["why"])
    assert '"kind": "negation"' in why


def test_faulty_lines_are_named_and_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"text": "a"}\n{"answer": "b"}\n{\n')
    assert main(["cache", "replay", "--input", str(source), "--output", str(target)]) == 1
    told = capsys.readouterr().err
    assert "in.jsonl:1: expected an answer" in told
    assert "in.jsonl:2: expected an object with a text" in told
    assert "in.jsonl:3: " in told
    assert list(tmp_path.iterdir()) == [source]


def test_a_rate_that_is_no_share_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text("")
    options = ["--input", str(source), "--output", str(tmp_path / "out"), "--max-error-rate", "2"]
    assert main(["cache", "replay", *options]) == 1
    assert "--max-error-rate" in capsys.readouterr().err


def test_a_benchmark_prints_ours_beside_plain_thresholds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    groups, hard = tmp_path / "groups.jsonl", tmp_path / "hard.jsonl"
    groups.write_text(
        "".join(json.dumps({"text": t, "intent": name}) + "\n" for name, texts in QUESTIONS.items() for t in texts)
    )
    pair = {"a": "Cancel my order", "b": "Don't cancel my order", "category": "negation", "same_answer": False}
    hard.write_text(json.dumps(pair) + "\n")
    duplicates = tmp_path / "pairs.jsonl"
    duplicates.write_text(json.dumps({"a": "What is a loan?", "b": "Why is snow white?", "label": 0}) + "\n")
    options = ["--groups", str(groups), "--duplicates", str(duplicates), "--hard", str(hard), "--requests", "60"]
    assert main(["bench", "cache", *options, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["hard"]["negation"]["stellwerk"] == 0.0
    natural = told["workloads"]["groups, natural"]
    assert list(natural) == ["cosine >= 0.95", "cosine >= 0.90", "cosine >= 0.85", "cosine >= 0.80", "stellwerk"]
    assert natural["stellwerk"]["wrong"] == 0.0
    assert natural["stellwerk"]["hit_rate"] > 0.5
    assert main(["bench", "cache", "--hard", str(hard)]) == 0
    assert "negation" in capsys.readouterr().out


def test_the_same_seed_makes_the_same_traffic_and_twins_are_new_texts() -> None:
    made = twins(QUESTIONS, 3, 1)
    assert made
    assert not {text for text, _ in made} & {text for texts in QUESTIONS.values() for text in texts}
    once = [f"question {number}" for number in range(50)]
    assert traffic(QUESTIONS, once, 80, 3, made, 0.1) == traffic(QUESTIONS, once, 80, 3, made, 0.1)
    assert {asked.kind for asked in traffic(QUESTIONS, once, 200, 3, made, 0.1)} >= {
        "repeat",
        "variant",
        "once",
        "twin",
    }
