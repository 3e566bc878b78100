"""The claim on a state directory and the file that tells who has it."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from stellwerk.supervisor.errors import AlreadyRunning, CannotStart
from stellwerk.supervisor.run_file import Claim, Run, read

RUN = Run(4711, {"gateway": "127.0.0.1:8080"}, [1, 2], 3, "2026-01-01T00:00:00+00:00", "/b")


def test_what_is_written_can_be_read_and_is_gone_after_the_release(tmp_path: Path) -> None:
    claim = Claim(tmp_path / "deep" / "state")
    claim.write(RUN)
    path = tmp_path / "deep" / "state" / "run.json"
    assert (
        read(path.parent)
        == json.loads(path.read_text())
        == {
            "pid": 4711,
            "addresses": {"gateway": "127.0.0.1:8080"},
            "workers": [1, 2],
            "version": 3,
            "started": "2026-01-01T00:00:00+00:00",
            "board": "/b",
        }
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    claim.release()
    assert read(path.parent) is None
    assert [found.name for found in path.parent.iterdir()] == ["run.lock"]


def test_a_directory_is_claimed_by_one_alone(tmp_path: Path) -> None:
    claim = Claim(tmp_path)
    with pytest.raises(AlreadyRunning, match=f"another supervisor is running with the state directory {tmp_path}"):
        Claim(tmp_path)
    claim.write(RUN)
    with pytest.raises(AlreadyRunning, match=r"\(process 4711\)"):
        Claim(tmp_path)
    claim.release()
    Claim(tmp_path).release()


def test_the_claim_of_a_killed_process_is_free_and_known_as_abandoned(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from stellwerk.supervisor.run_file import *;"
        "c = Claim(Path(sys.argv[1])); c.write(Run(os.getpid(), {}, [], 1, '', ''));"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert (tmp_path / "run.json").exists()
    claim = Claim(tmp_path)
    assert claim.was_abandoned
    claim.write(RUN)
    assert (read(tmp_path) or {})["pid"] == 4711
    claim.release()


def test_children_do_not_hold_the_claim(tmp_path: Path) -> None:
    claim = Claim(tmp_path)
    command = [sys.executable, "-c", "print('up', flush=True); input()"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False)
    assert child.stdout is not None
    child.stdout.readline()
    claim.release()
    Claim(tmp_path).release()
    child.communicate(b"\n")


def test_a_fresh_directory_is_not_abandoned(tmp_path: Path) -> None:
    claim = Claim(tmp_path)
    assert not claim.was_abandoned
    claim.release()


def test_a_directory_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotStart, match="cannot be used"):
        Claim(tmp_path / "file" / "state")


@pytest.mark.parametrize("content", ["", "{", "[]", "7"])
def test_a_file_that_says_nothing_reads_as_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "run.json").write_text(content)
    assert read(tmp_path) is None


def test_a_taken_directory_with_a_broken_file_is_still_refused(tmp_path: Path) -> None:
    claim = Claim(tmp_path)
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(AlreadyRunning, match="another supervisor is running"):
        Claim(tmp_path)
    claim.release()
    assert [found.name for found in tmp_path.iterdir()] == ["run.lock"]
