"""The lines that checks learn from: files are what their parts make, and what is held out stays apart."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "training" / "guardrails"


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def test_files_are_what_the_parts_make() -> None:
    subprocess.run([sys.executable, FOLDER / "generate.py", "--check"], check=True)


def test_no_family_is_learned_from_and_held_out() -> None:
    assert not {row["group"] for row in rows("train")} & {row["group"] for row in rows("held_out")}


@pytest.mark.matrix
def test_nothing_held_out_shares_most_of_its_words_with_what_is_learned_from() -> None:
    learned = [words(row["text"]) for row in rows("train")]
    for row in rows("held_out"):
        held = words(row["text"])
        assert max(len(held & other) / len(held | other) for other in learned) <= 0.5, row["text"]


@pytest.mark.parametrize(("name", "least"), [("train", 1_900), ("held_out", 300), ("harmful", 35)])
def test_texts_are_many_and_each_stands_once(name: str, least: int) -> None:
    texts = [row["text"] for row in rows(name)]
    assert len(texts) == len(set(texts)) >= least


def test_an_attack_and_a_harmless_prompt_are_never_the_same() -> None:
    labels: dict[str, set[int]] = {}
    for row in [*rows("train"), *rows("held_out")]:
        labels.setdefault(row["text"], set()).add(row["label"])
    assert all(len(found) == 1 for found in labels.values())
