"""The judge of coverage: what it refuses, and that it says which file is at fault."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).parent.parent.parent / "scripts" / "coverage_floor.py"


@pytest.fixture
def judge() -> ModuleType:
    specification = importlib.util.spec_from_file_location("coverage_floor", SCRIPT)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules.setdefault("coverage_floor", module)
    specification.loader.exec_module(module)
    return module


def entry(
    percent: float = 100.0, lines: tuple[int, ...] = (), branches: tuple[tuple[int, int], ...] = ()
) -> dict[str, Any]:
    """One file of a report, with the fields that coverage writes."""
    return {
        "summary": {
            "percent_covered": percent,
            "missing_lines": len(lines),
            "missing_branches": len(branches),
        },
        "missing_lines": list(lines),
        "missing_branches": [list(branch) for branch in branches],
    }


def report(total: float, **files: dict[str, Any]) -> dict[str, Any]:
    """A report over files named by folder."""
    return {
        "files": {f"src/stellwerk/{folder}/part.py": found for folder, found in files.items()},
        "totals": {"percent_covered": total},
    }


FOLDERS = frozenset({"core", "dialects", "http"})


def test_a_complete_report_passes(judge: ModuleType) -> None:
    assert judge.complaints(report(100.0, core=entry(), dialects=entry(), http=entry()), FOLDERS) == []


def test_ninety_five_percent_are_enough_outside_the_pure_folders(judge: ModuleType) -> None:
    assert judge.complaints(report(95.0, core=entry(), dialects=entry(), http=entry(90.0, (3,))), FOLDERS) == []


def test_a_missed_line_in_core_is_named(judge: ModuleType) -> None:
    found = judge.complaints(report(99.9, core=entry(99.0, (17,)), dialects=entry(), http=entry()), FOLDERS)
    assert found == ["src/stellwerk/core/part.py: must be complete, misses lines [17] and branches []"]


def test_a_missed_branch_in_a_dialect_is_named(judge: ModuleType) -> None:
    found = judge.complaints(report(99.9, core=entry(), dialects=entry(99.0, (), ((4, 6),)), http=entry()), FOLDERS)
    assert found == ["src/stellwerk/dialects/part.py: must be complete, misses lines [] and branches [4->6]"]


def test_too_little_overall_is_refused_and_the_poorest_file_comes_first(judge: ModuleType) -> None:
    found = judge.complaints(report(94.99, core=entry(), dialects=entry(), http=entry(60.0, (1,))), FOLDERS)
    assert found[0].startswith("overall: 94.99 %")
    assert found[1] == "src/stellwerk/http/part.py: 60.0 %"


def test_a_pure_folder_that_was_not_measured_at_all_is_refused(judge: ModuleType) -> None:
    assert judge.complaints(report(100.0, core=entry(), http=entry()), FOLDERS) == [
        "src/stellwerk/dialects: nothing was measured"
    ]


def test_a_pure_folder_that_does_not_exist_yet_is_not_asked_for(judge: ModuleType) -> None:
    assert judge.complaints(report(100.0, core=entry(), dialects=entry()), FOLDERS) == []
