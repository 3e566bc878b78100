"""Coverage data of killed processes: what says nothing goes, what is written or spoilt stays."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from coverage import CoverageData

SCRIPT = Path(__file__).parent.parent.parent / "scripts" / "coverage_unwritten.py"


def tidied(folder: Path) -> str:
    """What the script says of a folder."""
    done = subprocess.run([sys.executable, SCRIPT, folder], capture_output=True, text=True, check=True)
    assert not done.stderr
    return done.stdout


def test_only_files_that_say_nothing_are_removed(tmp_path: Path) -> None:
    written = tmp_path / ".coverage.written"
    data = CoverageData(str(written))
    data.add_lines({"one.py": [1, 2]})
    data.close()
    (tmp_path / ".coverage.empty").touch()
    with closing(sqlite3.connect(tmp_path / ".coverage.begun")) as begun, begun:
        begun.execute("CREATE TABLE coverage_schema (version integer)")
    spoilt = tmp_path / ".coverage.spoilt"
    spoilt.write_bytes(b"no database" * 100)
    other = tmp_path / "empty"
    other.touch()
    assert tidied(tmp_path) == "coverage of processes that were killed before they wrote any: 2\n"
    assert {*tmp_path.iterdir()} == {written, spoilt, other}
    read = CoverageData(str(written))
    read.read()
    assert read.lines("one.py") == [1, 2]


def test_where_nobody_was_killed_nothing_is_said(tmp_path: Path) -> None:
    assert not tidied(tmp_path)


def test_wrong_use_is_told() -> None:
    done = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "usage: coverage_unwritten.py FOLDER\n")
