"""A child process: what it inherits, how it ends, and what it takes with it."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from stellwerk.supervisor.process import Process, exit_reason


def python(code: str, *, descriptors: tuple[int, ...] = (), **environment: str) -> Process:
    return Process(
        [sys.executable, "-I", "-c", code],
        environment=environment,
        now_s=7.0,
        descriptors=descriptors,
        captures_output=True,
    )


def finished(process: Process) -> tuple[int, bytes]:
    output = process.output.read()
    process.output.close()
    return process.wait(), output


def test_it_has_the_environment_given_and_no_other() -> None:
    status, output = finished(python("import json, os; print(json.dumps(dict(os.environ)))", A="1"))
    assert status == 0
    found = json.loads(output)
    assert found.pop("A") == "1"
    assert set(found) <= {"LC_CTYPE"}  # the interpreter's own


def test_it_is_a_session_of_its_own_with_empty_input() -> None:
    process = python("import os, sys; print(os.getsid(0), os.getpgid(0), repr(sys.stdin.read()))")
    assert finished(process)[1].split() == [str(process.pid).encode()] * 2 + [b"''"]
    assert process.started_s == 7.0


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_it_inherits_the_descriptors_given_and_no_other(tmp_path: Path) -> None:
    with (tmp_path / "given").open("w") as given, (tmp_path / "kept").open("w") as kept:
        os.set_inheritable(kept.fileno(), True)
        code = (
            "import os; found = [f'/proc/self/fd/{number}' for number in range(3, 4096)];"
            "print([os.readlink(name) for name in found if os.path.exists(name)])"
        )
        _, output = finished(python(code, descriptors=(given.fileno(),)))
    assert output.decode().strip() == str([str(tmp_path / "given")])


def test_signals_are_as_in_a_fresh_process() -> None:
    code = "import signal; print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)"
    assert finished(python(code))[1].strip() == b"True"


def test_it_can_be_asked_to_end() -> None:
    process = python("import time; print('up', flush=True); time.sleep(3600)")
    process.output.readline()
    assert process.poll() is None
    process.terminate()
    assert finished(process)[0] == -signal.SIGTERM
    process.terminate()  # too late, and harmless


def test_killing_takes_what_it_started_along() -> None:
    code = (
        "import subprocess, sys, time;"
        "subprocess.Popen([sys.executable, '-c', 'import time; print(1, flush=True); time.sleep(3600)']);"
        "time.sleep(3600)"
    )
    process = python(code)
    process.output.readline()
    process.kill()
    status, rest = finished(process)  # the pipe ends only when everybody who holds it has ended
    assert (status, rest) == (-signal.SIGKILL, b"")
    process.kill()


def test_a_process_that_ends_while_it_is_killed_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    process = python("pass")

    def gone(group: int, number: int) -> None:
        raise ProcessLookupError(group, number)

    monkeypatch.setattr(os, "killpg", gone)
    process.kill()
    assert finished(process)[0] == 0


def test_output_that_was_not_wished_cannot_be_had() -> None:
    process = Process([sys.executable, "-c", "pass"], environment={}, now_s=0.0)
    assert process.wait() == 0
    with pytest.raises(ValueError, match="not captured"):
        _ = process.output


def test_a_program_that_is_not_there_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        Process(["/nowhere"], environment={}, now_s=0.0)


@pytest.mark.parametrize(
    ("status", "reason"), [(0, "exit status 0"), (3, "exit status 3"), (-9, "signal SIGKILL"), (-200, "signal 200")]
)
def test_an_exit_status_is_told_in_words(status: int, reason: str) -> None:
    assert exit_reason(status) == reason
