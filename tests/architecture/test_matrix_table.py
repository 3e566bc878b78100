"""The table of the translation matrix in the documentation counts the tests that there are."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

from tests.golden.matrix import SIDES, pairs

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/translation.md").read_text(encoding="utf-8")


def hooks() -> ModuleType:
    """What writes the generated parts of the documentation."""
    spec = importlib.util.spec_from_file_location("docs_hooks", ROOT / "scripts/docs_hooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_each_cell_says_how_many_tests_it_has() -> None:
    assert "<!-- generated: matrix -->" in PAGE
    _, _, *rows = hooks()._matrix().strip().splitlines()
    assert len(rows) == len(SIDES)
    for caller, row in zip(SIDES, rows, strict=True):
        cells = row.strip("|").split("|")[1:]
        for provider, cell in zip(SIDES, cells, strict=True):
            told = [int(number) for number in re.findall(r"(\d+) (?:requests|replies|streams)", cell)]
            if caller is provider:
                assert f"`test_{caller.name}.py`" in cell
                assert (ROOT / "tests/golden" / f"test_{caller.name}.py").exists()
                continue
            requests = sum(origin is caller and target is provider for origin, _, target in pairs("requests"))
            answers = [
                sum(origin is provider and target is caller for origin, _, target in pairs(kind))
                for kind in ("replies", "streams")
            ]
            assert told == [requests, *answers]
            assert all(told)
