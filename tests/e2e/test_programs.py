"""``stellwerk simulate`` and ``stellwerk demo`` from beginning to end."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from openai import OpenAI

from tests.e2e.callers import question
from tests.e2e.kit import PATIENCE_S, command, exists, stellwerk, until
from tests.measuring import unmeasured

SCENARIO = """
[[providers]]
name = "north"
keys = ["north-key"]
answer_tokens = 5

[[providers]]
name = "south"
"""
STEPS = [
    "models",
    "answer",
    "stream",
    "tool call",
    "structured output",
    "four SDKs",
    "fallback",
    "circuit breaker",
    "cheapest",
    "wrong key",
    "model not allowed",
    "bad request",
    "budget and revocation",
    "guardrails",
    "prompt cache",
    "fewer tokens",
    "cache",
    "event log",
    "metrics",
]


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command that runs until it is told to end."""
    process = subprocess.Popen(
        command(*arguments),
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder), "PYTHONUNBUFFERED": ""},  # as it is where nobody sets it
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        started = family(process.pid)
        process.kill()
        _end(started)  # else they would hold the pipes open
        process.communicate()


def children(pid: int) -> list[int]:
    """The processes that a process has started and that still run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(") ")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid:
            found.append(int(path.parent.name))
    return found


def family(pid: int) -> list[int]:
    """A process's children, and theirs."""
    return [one for child in children(pid) for one in (child, *family(child))]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_simulated_providers_announce_themselves_serve_and_end(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "scenario.toml").write_text(SCENARIO)
    with running(tmp_path, "simulate", "--json", "--config", "scenario.toml") as process:
        assert process.stdout is not None
        announced = json.loads(process.stdout.readline())["simulators"]
        assert [one["name"] for one in announced] == ["north", "south"]
        with OpenAI(base_url=announced[0]["base_url"], api_key="north-key", max_retries=0) as client:
            completion = client.chat.completions.create(model="gpt-4.1", messages=question("[[say=At your service.]]"))
        assert completion.choices[0].message.content == "At your service."
        process.send_signal(number)
        assert process.wait(PATIENCE_S) == 0
        assert process.communicate() == ("", "")


def test_simulated_providers_are_announced_to_people_too(tmp_path: Path) -> None:
    with running(tmp_path, "simulate") as process:
        assert process.stdout is not None
        name, dialect, base_url = process.stdout.readline().split()
        assert (name, dialect) == ("openai", "openai")
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", base_url)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0


def test_a_bad_scenario_is_refused(tmp_path: Path) -> None:
    (tmp_path / "scenario.toml").write_text("seed = 'seven'\n[[providers]]\nname = ''\n")
    done = stellwerk(tmp_path, "simulate", "--config", "scenario.toml")
    assert done.returncode == 1
    assert done.stderr.startswith("scenario.toml: ")


@unmeasured()
def test_the_demo_in_json_is_one_document_and_ends(tmp_path: Path) -> None:
    done = stellwerk(tmp_path, "demo", "--once", "--json", environment={"TMPDIR": str(tmp_path)})
    assert done.returncode == 0, done.stdout + done.stderr
    steps = json.loads(done.stdout)
    assert [step["step"] for step in steps] == STEPS
    assert all(step["ok"] for step in steps)
    assert list(tmp_path.iterdir()) == []


def test_the_demo_shows_every_capability_goes_on_and_ends_with_all_it_has_started(tmp_path: Path) -> None:
    with running(tmp_path, "demo") as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            if "goes on at" in line:
                break
            lines.append(line)
        assert [line[5:26].strip() for line in lines if line.strip()] == STEPS
        assert all(line.startswith("ok   ") for line in lines if line.strip())
        ended(process, signal.SIGINT, tmp_path)


@unmeasured()
def test_a_demo_in_json_goes_on_and_ends_with_all_it_has_started(tmp_path: Path) -> None:
    with running(tmp_path, "demo", "--json") as process:
        assert process.stdout is not None
        assert [step["step"] for step in json.loads(process.stdout.readline())] == STEPS
        ended(process, signal.SIGTERM, tmp_path)
        assert process.communicate() == ("", "")  # nothing more is said


def ended(process: subprocess.Popen[str], number: signal.Signals, folder: Path) -> None:
    """Ends a demo that goes on, and demands that nothing of it is left."""
    started = family(process.pid)
    assert len(started) in {5, 6}  # simulators, supervisor, two workers, admin; and computing, which begins later
    process.send_signal(number)
    assert process.wait(PATIENCE_S) == 0
    try:
        until(lambda: not any(map(exists, started)), "they live on")
    finally:
        _end(started)
    assert list(folder.iterdir()) == []


def test_a_demo_can_be_interrupted_half_way(tmp_path: Path) -> None:
    with running(tmp_path, "demo", "--once") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ok")
        started = family(process.pid)
        process.send_signal(signal.SIGINT)
        status = process.wait(PATIENCE_S)
        try:
            until(lambda: not any(map(exists, started)), "they live on")
        finally:
            _end(started)
        assert status == 130
        assert "Traceback" not in (process.stderr.read() if process.stderr is not None else "")


def _end(pids: list[int]) -> None:
    for pid in pids:
        if exists(pid):
            os.kill(pid, signal.SIGTERM)
