"""A compiler at work: what counts as success, and what is told when it is none."""

import os
import signal
import sys
from collections.abc import Generator
from pathlib import Path
from select import select

import pytest

from stellwerk.supervisor.compilation import MAX_LINES, MAX_OUTPUT_BYTES, Compilation
from stellwerk.supervisor.setup import Setup, compiled_path, keep_compiled

PATIENCE_S = 20.0


PREAMBLE = "import os, subprocess, sys; from pathlib import Path; out, version = Path(sys.argv[1]), sys.argv[2]"


def begun(state: Path, code: str) -> Compilation:
    """A compiler with this code; ``out`` is the file that it should write."""
    setup = Setup(
        state=state,
        roles=(),
        source=state / "config",
        compiler=lambda out, version: [sys.executable, "-c", f"{PREAMBLE}\n{code}", str(out), str(version)],
        environment=dict(os.environ),
    )
    return Compilation(setup, 7, 0.0)


def outcome(state: Path, code: str) -> tuple[bool, list[str]]:
    """What came of it."""
    compilation = begun(state, code)
    while select([compilation], [], [], PATIENCE_S)[0] and compilation.read():
        pass
    while not compilation.is_done(0.0):
        pass
    return compilation.finish()


def open_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


@pytest.fixture(autouse=True)
def nothing_is_left_open() -> Generator[None]:
    before = open_descriptors()
    yield
    assert open_descriptors() == before


def test_a_written_file_and_status_zero_are_success(tmp_path: Path) -> None:
    assert outcome(tmp_path, "out.write_text(str(version))") == (True, [])
    assert compiled_path(tmp_path, 7).read_text() == "7"


def test_status_zero_without_a_file_is_none(tmp_path: Path) -> None:
    assert outcome(tmp_path, "pass") == (False, [])


def test_problems_are_told_as_text(tmp_path: Path) -> None:
    code = (
        """print('{"text": "a: wrong"}\\n{"other": 1}\\n[1]\\n\\nplain', flush=True); sys.exit("on standard error")"""
    )
    assert outcome(tmp_path, code) == (False, ["a: wrong", '{"other": 1}', "[1]", "plain", "on standard error"])


def test_a_failure_without_a_word_is_told_by_its_status(tmp_path: Path) -> None:
    assert outcome(tmp_path, "sys.exit(3)") == (False, ["the compiler: exit status 3"])


def test_warnings_of_a_success_are_kept(tmp_path: Path) -> None:
    code = """out.touch(); print('{"level": "warning", "text": "old-fashioned"}')"""
    assert outcome(tmp_path, code) == (True, ["old-fashioned"])


def test_endless_output_is_cut(tmp_path: Path) -> None:
    is_written, lines = outcome(tmp_path, f"print('x\\n' * {MAX_OUTPUT_BYTES}); out.touch()")
    assert is_written
    assert lines == ["x"] * MAX_LINES


def test_bytes_that_are_no_text_and_nesting_without_end_do_no_harm(tmp_path: Path) -> None:
    code = r"sys.stdout.buffer.write(b'\xff\n' + b'[' * 50_000); sys.exit(1)"
    is_written, lines = outcome(tmp_path, code)
    assert not is_written
    assert lines[0] == "\N{REPLACEMENT CHARACTER}"
    assert len(lines) == 2


def test_somebody_left_behind_with_the_output_does_not_hold_it_up(tmp_path: Path) -> None:
    code = "out.touch(); print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid, flush=True)"
    compilation = begun(tmp_path, code)
    while not compilation.is_done(0.0):
        pass
    is_written, lines = compilation.finish()
    os.kill(int(lines[0]), signal.SIGKILL)
    assert is_written


def test_other_versions_are_removed(tmp_path: Path) -> None:
    for version in range(1, 5):
        compiled_path(tmp_path, version).touch()
    keep_compiled(tmp_path, (2, 4))
    assert sorted(path.name for path in (tmp_path / "compiled").iterdir()) == ["2.msgpack", "4.msgpack"]
