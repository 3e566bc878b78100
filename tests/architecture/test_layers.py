"""The layers: the contracts hold on the real tree, and a planted violation of each is named."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def lint(root: Path) -> tuple[bool, str]:
    """Whether the contracts hold for the tree under ``root``, and what import-linter says."""
    environment = os.environ | {"PYTHONPATH": str(root / "src"), "COLUMNS": "200", "NO_COLOR": "1"}
    finished = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--config", root / "pyproject.toml", "--no-cache"],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return finished.returncode == 0, finished.stdout + finished.stderr


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the package and its contracts that may be spoilt."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def plant(tree: Path, module: str, line: str) -> None:
    """Adds a module of one line."""
    path = tree / "src" / Path(*module.split(".")).with_suffix(".py")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{line}\n", encoding="utf-8")


def test_the_contracts_hold() -> None:
    holds, report = lint(ROOT)
    assert holds, report


def test_an_untouched_copy_passes_so_that_what_fails_below_is_what_was_planted(tree: Path) -> None:
    holds, report = lint(tree)
    assert holds, report


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        pytest.param("stellwerk.core.planted", "stellwerk.gateway", id="upwards"),
        pytest.param("stellwerk.config.planted", "stellwerk.http", id="one layer upwards"),
        pytest.param("stellwerk.supervisor.planted", "stellwerk.errors", id="a sibling"),
        pytest.param("stellwerk.providers.planted", "stellwerk.providers.openai", id="a plugin of the same shelf"),
        pytest.param("stellwerk.core.planted", "time", id="a clock in core"),
        pytest.param("stellwerk.core.planted", "random", id="dice in core"),
        pytest.param("stellwerk.dialects.planted", "asyncio", id="an event loop in a dialect"),
        pytest.param("stellwerk.gateway.planted", "pydantic", id="pydantic in a worker"),
        pytest.param("stellwerk.cli.planted", "pydantic", id="pydantic beside config"),
        pytest.param("stellwerk.supervisor.planted", "msgspec", id="more than the standard library in the supervisor"),
    ],
)
def test_an_import_that_is_not_allowed_is_named(tree: Path, importer: str, imported: str) -> None:
    plant(tree, importer, f"import {imported}")
    holds, report = lint(tree)
    assert not holds, report
    assert f"{importer} -> {imported}" in report


def test_a_folder_without_a_place_is_named(tree: Path) -> None:
    plant(tree, "stellwerk.drawer.__init__", "")
    holds, report = lint(tree)
    assert not holds, report
    assert "stellwerk.drawer" in report


def test_a_folder_that_is_placed_but_missing_is_named(tree: Path) -> None:
    shutil.rmtree(tree / "src" / "stellwerk" / "cli")
    holds, report = lint(tree)
    assert not holds, report
    assert "stellwerk.cli" in report
