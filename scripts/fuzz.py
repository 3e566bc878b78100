"""Runs the coverage-guided fuzzers one after another, each for a while, with a corpus that grows from run to run.

A fuzzer is a file of ``tests/fuzz/`` that is no test: a program that hands its arguments to atheris.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
FUZZERS = ROOT / "tests" / "fuzz"
CORPORA = ROOT / ".cache" / "fuzz"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs them all, or those named; 1 when one found something, 2 when there is none to run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="fuzzers to run; default: all")
    parser.add_argument("--seconds", type=int, default=60, help="how long each runs (default: 60)")
    options = parser.parse_args(arguments)
    known = {
        path.stem: path for path in sorted(FUZZERS.glob("*.py")) if not path.stem.startswith(("test_", "conftest"))
    }
    if unknown := [name for name in options.names if name not in known]:
        print(f"there is no fuzzer {', '.join(unknown)}; known are {', '.join(known) or 'none'}", file=sys.stderr)
        return 2
    if not known:
        print(f"there are no fuzzers in {FUZZERS.relative_to(ROOT)}", file=sys.stderr)
        return 2
    found = [name for name in options.names or known if not _is_clean(known[name], options.seconds)]
    print(f"fuzzers that found something: {', '.join(found) or 'none'}")
    return 1 if found else 0


def _is_clean(fuzzer: Path, seconds: int) -> bool:
    corpus = CORPORA / fuzzer.stem
    corpus.mkdir(parents=True, exist_ok=True)
    print(f"{fuzzer.stem}: {seconds} s", flush=True)
    limits = [f"-max_total_time={seconds}", f"-artifact_prefix={corpus.parent}/{fuzzer.stem}-"]
    return subprocess.run([sys.executable, fuzzer, *limits, corpus], cwd=ROOT, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
