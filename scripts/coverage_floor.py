"""Refuses a coverage report that lies under the floor: every line and branch of the pure folders, most of the rest."""

import json
import sys
from pathlib import Path
from typing import Any

PACKAGE = "src/stellwerk"
COMPLETE = ("core", "text", "dialects")
"""Folders of which every line and every branch has to be run by a test."""
OVERALL_PERCENT = 95.0


def complaints(report: dict[str, Any], folders: frozenset[str]) -> list[str]:
    """What is under the floor, a line each. ``report`` is coverage's JSON, ``folders`` are those of the package."""
    files: dict[str, dict[str, Any]] = {path.replace("\\", "/"): entry for path, entry in report["files"].items()}
    found = []
    for folder in COMPLETE:
        if folder not in folders:
            continue
        measured = {path: entry for path, entry in files.items() if f"{PACKAGE}/{folder}/" in f"/{path}"}
        if not measured:
            found.append(f"{PACKAGE}/{folder}: nothing was measured")
        found += [_gap(path, entry) for path, entry in sorted(measured.items()) if _is_incomplete(entry)]
    percent = report["totals"]["percent_covered"]
    if percent < OVERALL_PERCENT:
        found.append(f"overall: {percent:.2f} % of lines and branches, {OVERALL_PERCENT:.0f} % are asked for")
        found += [_share(path, entry) for path, entry in sorted(files.items(), key=_percent) if _is_low(entry)]
    return found


def main(arguments: list[str]) -> int:
    """Judges the report of the given name."""
    if len(arguments) != 1:
        print("usage: coverage_floor.py REPORT.json", file=sys.stderr)
        return 2
    package = Path(__file__).parent.parent / PACKAGE
    folders = frozenset(path.name for path in package.iterdir() if path.is_dir())
    report = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    if found := complaints(report, folders):
        print("coverage is under the floor:", *found, sep="\n  ", file=sys.stderr)
        return 1
    return 0


def _is_incomplete(entry: dict[str, Any]) -> bool:
    return bool(entry["summary"]["missing_lines"] or entry["summary"]["missing_branches"])


def _gap(path: str, entry: dict[str, Any]) -> str:
    branches = ", ".join(f"{source}->{target}" for source, target in entry["missing_branches"])
    lines = ", ".join(str(line) for line in entry["missing_lines"])
    return f"{path}: must be complete, misses lines [{lines}] and branches [{branches}]"


def _percent(item: tuple[str, dict[str, Any]]) -> float:
    percent: float = item[1]["summary"]["percent_covered"]
    return percent


def _is_low(entry: dict[str, Any]) -> bool:
    return _percent(("", entry)) < OVERALL_PERCENT


def _share(path: str, entry: dict[str, Any]) -> str:
    return f"{path}: {_percent((path, entry)):.1f} %"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
