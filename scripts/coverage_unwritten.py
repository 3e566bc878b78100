"""Removes coverage data of processes that were killed before they had begun to write it: `coverage combine` would warn.

A data file begins with the table ``coverage_schema`` and its one row. A file without the row says only that
somebody was killed; a file that has it and cannot be read is trouble, and stays for coverage to complain of.
"""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path


def is_unwritten(path: Path) -> bool:
    """Whether this is a data file into which nothing was written yet."""
    with closing(sqlite3.connect(path)) as database:
        try:
            return database.execute("SELECT * FROM coverage_schema").fetchone() is None
        except sqlite3.OperationalError as error:
            return "no such table" in str(error)
        except sqlite3.DatabaseError:
            return False


def main(arguments: list[str]) -> int:
    """Tidies the folder of the given name, and tells how many processes left nothing."""
    if len(arguments) != 1:
        print("usage: coverage_unwritten.py FOLDER", file=sys.stderr)
        return 2
    found = [path for path in Path(arguments[0]).glob(".coverage.*") if is_unwritten(path)]
    for path in found:
        path.unlink()
    if found:
        print(f"coverage of processes that were killed before they wrote any: {len(found)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
