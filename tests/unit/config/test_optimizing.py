"""The sections about prompts in fewer tokens."""

from __future__ import annotations

from pathlib import Path

import pytest

from stellwerk.config.compile import compile_file
from stellwerk.config.load import examine
from stellwerk.core.optimization import Level
from stellwerk.core.snapshot import OptimizeSpec

HEAD = """
[[providers]]
name = "up"
kind = "compatible"
base_url = "http://127.0.0.1:9/v1"

[[keys]]
name = "k"
key = "a-key-that-is-long-enough"

"""
MODEL = '[[models]]\nname = "m"\ntargets = [{ provider = "up", model = "x" }]\n'


def compiled(folder: Path, text: str) -> OptimizeSpec:
    """What the model's settings come to."""
    file = folder / "stellwerk.toml"
    file.write_text(HEAD + text)
    return compile_file(file).models[0].optimize


def test_nothing_happens_unless_it_is_wanted(tmp_path: Path) -> None:
    assert compiled(tmp_path, MODEL) == OptimizeSpec(Level.OFF)


def test_a_models_keys_win_over_the_general_ones(tmp_path: Path) -> None:
    general = '[optimize]\nlevel = "balanced"\nmin_tokens = 500\nmax_output_tokens = 900\n'
    own = 'optimize = { level = "aggressive", steps = ["rag_pruning", "history"] }\n'
    assert compiled(tmp_path, MODEL + general) == OptimizeSpec(Level.BALANCED, None, 500, 900)
    assert compiled(tmp_path, MODEL + own + general) == OptimizeSpec(
        Level.AGGRESSIVE, ("rag_pruning", "history"), 500, 900
    )


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ('[optimize]\nlevel = "high"', 'optimize.level: expected "off", "safe", "balanced" or "aggressive", found'),
        ('[optimize]\nsteps = ["tables"]', "optimize.steps[0]: expected a step (duplicates, history,"),
        ("[optimize]\nmin_tokens = -1", "optimize.min_tokens: expected"),
        ("[optimize]\nmax_output_tokens = 0", "optimize.max_output_tokens: expected"),
        ("[optimize]\nmode = 1", "optimize.mode: unknown key"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, section: str, expected: str) -> None:
    file = tmp_path / "stellwerk.toml"
    file.write_text(f"{HEAD}{MODEL}{section}\n")
    (line,) = examine(file).lines
    assert expected in line


def test_a_step_that_its_level_does_not_allow_is_warned_of(tmp_path: Path) -> None:
    file = tmp_path / "stellwerk.toml"
    own = 'optimize = { level = "balanced" }\n'
    file.write_text(f'{HEAD}{MODEL}{own}[optimize]\nlevel = "safe"\nsteps = ["whitespace", "json_table"]\n')
    verdict = examine(file)
    assert verdict.settings is not None
    (warning,) = [one for one in verdict.warnings if "does nothing" in one.message]
    assert warning.path == ("optimize", "steps", 1)
    assert warning.message == '"json_table" does nothing at level "safe"'
