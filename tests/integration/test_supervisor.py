"""The supervisor with real workers: death, restart, drain, reload, and who may run where."""

import asyncio
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from stellwerk.supervisor.board import Board

HOST = Path(__file__).parent / "supervised" / "host.py"
PATIENCE_S = 20.0
TURN_S = 0.01

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@dataclass
class Host:
    """A supervisor in a process of its own."""

    state: Path
    source: Path
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def run(self) -> dict[str, Any]:
        """What ``run.json`` says."""
        found: dict[str, Any] = json.loads((self.state / "run.json").read_text())
        return found

    @property
    def port(self) -> int:
        """Where the gateway role listens."""
        return int(self.run["addresses"]["gateway"].rpartition(":")[2])

    def events(self, name: str) -> list[dict[str, Any]]:
        """The log lines with this event, so far."""
        whole_lines = self.log.read_text().split("\n")[:-1]
        lines = [json.loads(line) for line in whole_lines if line.startswith("{")]
        return [line for line in lines if line["event"] == name]

    def event(self, name: str, count: int = 1) -> dict[str, Any]:
        """The event of this name, once there are so many of them."""
        self.until(lambda: len(self.events(name)) >= count, name)
        return self.events(name)[count - 1]

    def until(self, condition: Callable[[], bool], what: str = "") -> None:
        """Waits for something to come true."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, f"{what}\n{self.log.read_text()}"
            time.sleep(TURN_S)

    def reconfigure(self, **config: Any) -> None:
        """Replaces the configuration in one step."""
        draft = self.source.with_suffix(".draft")
        draft.write_text(json.dumps(config))
        draft.replace(self.source)

    def ask(self, path: str = "/") -> dict[str, Any]:
        """One request to the gateway role."""
        return asyncio.run(ask(self.port, path))

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the supervisor."""
        self.process.send_signal(number)

    def end(self) -> int:
        """The exit status, once it has ended."""
        return self.process.wait(PATIENCE_S)


@dataclass
class Load:
    """Requests one after another from several callers at once, each with a connection of its own."""

    port: int
    answers: list[dict[str, Any]] = field(default_factory=list)
    failures: list[float] = field(default_factory=list)
    """When the requests began that got no answer."""
    is_over: bool = False

    async def caller(self) -> None:
        """One caller; it does not stop at failures."""
        while not self.is_over:
            began_s = time.monotonic()
            try:
                self.answers.append(await ask(self.port, "/?wait_s=0.005"))
            except (OSError, EOFError, ValueError):
                self.failures.append(began_s)


async def until(condition: Callable[[], bool]) -> None:
    """Waits, while other tasks go on, for something to come true."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  # what is waited for happens in other processes
            await asyncio.sleep(TURN_S)


async def ask(port: int, path: str = "/") -> dict[str, Any]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nhost: test\r\n\r\n".encode())
        async with asyncio.timeout(PATIENCE_S):
            answer = await reader.read()
        head, _, body = answer.partition(b"\r\n\r\n")
        if not head:
            raise EOFError
        found: dict[str, Any] = json.loads(body)
        return found
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def is_served(port: int) -> bool:
    """Whether a new connection gets an answer."""
    try:
        await ask(port)
    except (OSError, EOFError):
        return False
    return True


def exists(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def start(tmp_path: Path) -> Generator[Callable[..., Host]]:
    """Starts a supervisor and waits until it is ready, unless told otherwise."""
    hosts: list[Host] = []

    def begin(*, config: dict[str, Any] | None = None, waits: bool = True, **wishes: Any) -> Host:
        source = tmp_path / "config.json"
        if not source.exists():
            source.write_text(json.dumps(config or {}))
        log = tmp_path / f"log-{len(hosts)}"
        state = Path(wishes.pop("state", tmp_path / "state"))
        command = [sys.executable, str(HOST), json.dumps({"state": str(state), "source": str(source), **wishes})]
        with log.open("wb") as stderr:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr)
        host = Host(state, source, log, process)
        hosts.append(host)
        if waits:
            host.event("ready")
        return host

    yield begin
    for host in hosts:
        for number in (signal.SIGTERM, signal.SIGINT):
            if host.process.poll() is None:
                host.signal(number)
                with suppress(subprocess.TimeoutExpired):
                    host.process.wait(3.0)
        host.process.kill()
        host.process.wait()
        for line in host.events("worker_started"):
            with suppress(ProcessLookupError):
                os.kill(line["pid"], signal.SIGKILL)


Start = Callable[..., Host]


def test_both_slots_serve_on_one_port_that_was_free(start: Start) -> None:
    host = start()
    assert host.port > 0

    async def many() -> list[dict[str, Any]]:
        return await asyncio.gather(*(ask(host.port) for _ in range(64)))

    assert {answer["slot"] for answer in asyncio.run(many())} == {0, 1}


def test_run_json_tells_who_runs_and_where(start: Start) -> None:
    host = start(admin=True, compute=True)
    run = host.run
    assert run["pid"] == host.process.pid
    assert set(run["addresses"]) == {"gateway", "admin"}
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+", address) for address in run["addresses"].values())
    assert run["addresses"]["gateway"] != run["addresses"]["admin"]
    assert len(run["workers"]) == 4
    assert all(exists(pid) for pid in run["workers"])
    assert run["version"] == 1
    assert run["started"].endswith("+00:00")
    assert stat.S_IMODE((host.state / "run.json").stat().st_mode) == 0o600
    host.until(lambda: "announced 1\n" in host.log.read_text())
    readings = Board(Path(run["board"])).readings()
    assert [reading.pid for reading in readings] == run["workers"]
    assert [reading.slot for reading in readings] == [0, 1, 2, 3]


def test_the_admin_role_has_a_socket_of_its_own(start: Start) -> None:
    host = start(admin=True)
    port = int(host.run["addresses"]["admin"].rpartition(":")[2])
    assert asyncio.run(ask(port))["slot"] == 2


def test_a_worker_inherits_its_two_sockets_and_nothing_else(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "descriptors"
    seen.mkdir()
    monkeypatch.setenv("STELLWERK_TEST_DESCRIPTORS", str(seen))
    host = start(workers=3)
    for slot in range(3):
        found: dict[str, str] = json.loads((seen / str(slot)).read_text())
        inherited = {name: target for name, target in found.items() if int(name) > 2}
        assert [target.partition(":")[0] for target in inherited.values()] == ["socket", "socket"], inherited
        assert found["0"] == "/dev/null"
    assert len(host.run["workers"]) == 3


def test_each_worker_is_a_session_of_its_own(start: Start) -> None:
    answer = start().ask()
    assert answer["session"] == answer["pid"]


def test_a_killed_worker_loses_its_own_requests_in_flight_and_no_other(start: Start) -> None:
    host = start()
    victim, bystander = host.run["workers"]

    async def scenario() -> tuple[Load, float]:
        load = Load(host.port)
        callers = [asyncio.create_task(load.caller()) for _ in range(16)]
        await until(lambda: {answer["slot"] for answer in load.answers} == {0, 1})
        os.kill(victim, signal.SIGKILL)
        while exists(victim):
            pass
        died_s = time.monotonic()
        before = len(load.answers)
        await until(lambda: sum(answer["slot"] == 0 for answer in load.answers[before:]) > 200)
        load.is_over = True
        await asyncio.gather(*callers)
        return load, died_s

    load, died_s = asyncio.run(scenario())
    assert [began_s for began_s in load.failures if began_s > died_s] == []
    assert len(load.failures) <= 16
    assert {answer["pid"] for answer in load.answers if answer["slot"] == 1} == {bystander}
    assert len({answer["pid"] for answer in load.answers if answer["slot"] == 0}) == 2
    assert host.event("worker_died")["next_in_s"] == 0.0
    assert host.event("worker_died")["reason"] == "signal SIGKILL"


def test_connections_that_wait_in_the_queue_of_a_dead_worker_are_answered_by_its_successor(start: Start) -> None:
    host = start(workers=1)
    pid = host.run["workers"][0]
    os.kill(pid, signal.SIGSTOP)

    async def scenario() -> list[dict[str, Any]]:
        waiting = [asyncio.create_task(ask(host.port)) for _ in range(100)]
        await until(lambda: established(host.port) == 100)
        os.kill(pid, signal.SIGKILL)
        return await asyncio.gather(*waiting)

    answers = asyncio.run(scenario())
    assert len(answers) == 100
    assert pid not in {answer["pid"] for answer in answers}


def established(port: int) -> int:
    """Connections to a port of this host, seen from the callers' side."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[2].endswith(f":{port:04X}") and row[3] == "01" for row in rows)


def test_run_json_follows_the_workers(start: Start) -> None:
    host = start()
    before = host.run["workers"]
    os.kill(before[0], signal.SIGKILL)
    host.event("worker_ready", 3)
    host.until(lambda: host.run["workers"] != before and len(host.run["workers"]) == 2)
    assert host.run["workers"][1] == before[1]


def test_a_worker_that_keeps_dying_comes_back_at_longer_intervals(start: Start) -> None:
    host = start(workers=1)
    for count in range(1, 4):
        os.kill(host.event("worker_ready", count)["pid"], signal.SIGKILL)
    host.event("worker_ready", 4)
    delays = [line["next_in_s"] for line in host.events("worker_died")]
    assert delays[0] == 0.0
    assert 0.25 <= delays[1] <= 0.5
    assert 0.5 <= delays[2] <= 1.0
    died, started = host.event("worker_died", 3), host.event("worker_started", 4)
    assert started["time"] - died["time"] >= delays[2] - 0.01


def test_a_worker_whose_loop_hangs_is_replaced(start: Start) -> None:
    host = start(workers=1, patience={"hang_s": 1.0})
    with pytest.raises((OSError, EOFError)):
        host.ask("/?hang=1")
    assert host.event("worker_killed")["reason"] == "no sign of life"
    assert host.ask()["slot"] == 0


def test_a_worker_that_does_not_become_ready_is_replaced(start: Start) -> None:
    host = start(patience={"start_s": 0.5}, config={"never_ready": True}, waits=False)
    assert host.event("worker_killed")["reason"] == "not ready in time"
    assert host.end() == 4
    assert host.event("cannot_start")["kind"] == "NotReady"


def test_a_start_at_which_every_worker_refuses_fails_with_its_reason(start: Start) -> None:
    host = start(config={"refuses_start": True}, waits=False)
    assert host.end() == 4
    assert "no gateway worker became ready: there is nothing to serve" in host.event("cannot_start")["reason"]
    assert not (host.state / "run.json").exists()


def test_a_worker_program_that_is_not_there_fails_the_start(start: Start) -> None:
    host = start(worker=["/nowhere/at/all"], waits=False)
    assert host.end() == 4
    assert "No such file" in host.event("cannot_start")["reason"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_drain_waits_for_the_answer_in_flight_and_refuses_new_connections(
    start: Start, tmp_path: Path, number: signal.Signals
) -> None:
    host = start()
    port, board = host.port, Board(Path(host.run["board"]))
    release = tmp_path / "release"

    async def scenario() -> dict[str, Any]:
        request = asyncio.create_task(ask(port, f"/?until={release}"))
        await until(lambda: any(reading.in_flight for reading in board.readings()))
        host.signal(number)
        async with asyncio.timeout(PATIENCE_S):
            while await is_served(port):
                pass
        assert not request.done()
        assert host.process.poll() is None
        release.touch()
        return await request

    assert asyncio.run(scenario())["version"] == 1
    assert host.end() == 0
    assert not (host.state / "run.json").exists()
    assert not Path(board._directory).exists()


def test_a_drain_that_takes_too_long_ends_by_force(start: Start) -> None:
    host = start(
        workers=1, patience={"drain_s": 0.2, "kill_s": 0.3}, config={"never_drains": True, "ignores_sigterm": True}
    )
    (pid,) = host.run["workers"]
    host.signal(signal.SIGTERM)
    assert host.end() == 1
    assert host.event("drain_took_too_long")["workers"] == [pid]
    assert host.event("killing")["workers"] == [pid]
    assert not exists(pid)


def test_sigterm_ends_a_worker_that_outlasts_the_drain(start: Start) -> None:
    host = start(workers=1, patience={"drain_s": 0.2, "kill_s": 60.0}, config={"never_drains": True})
    host.signal(signal.SIGTERM)
    assert host.end() == 0
    assert host.event("worker_stopped")["reason"] == "signal SIGTERM"


def test_a_second_interrupt_ends_everything_at_once(start: Start) -> None:
    host = start(config={"never_drains": True, "ignores_sigterm": True})
    workers = host.run["workers"]
    host.signal(signal.SIGINT)
    host.event("draining")
    host.signal(signal.SIGHUP)
    host.signal(signal.SIGTERM)
    host.signal(signal.SIGINT)
    assert host.end() == 1
    assert not any(exists(pid) for pid in workers)
    assert len(host.events("draining")) == 1
    assert not host.events("reload")


def test_a_stop_during_the_start_ends_cleanly(start: Start) -> None:
    host = start(config={"never_ready": True}, waits=False)
    host.event("worker_started", 2)
    host.signal(signal.SIGTERM)
    assert host.end() == 0
    assert not (host.state / "run.json").exists()


def test_a_slot_that_waits_for_its_next_worker_does_not_hold_up_the_drain(start: Start) -> None:
    host = start(workers=1)
    for count in range(1, 4):
        os.kill(host.event("worker_ready", count)["pid"], signal.SIGKILL)
    host.event("worker_died", 3)
    host.signal(signal.SIGTERM)
    assert host.end() == 0


def test_sighup_brings_a_new_version_to_every_worker_without_a_lost_request(start: Start) -> None:
    host = start(config={"answer": "old"})
    before = host.run["workers"]

    async def scenario() -> Load:
        load = Load(host.port)
        callers = [asyncio.create_task(load.caller()) for _ in range(8)]
        await until(lambda: len(load.answers) > 50)
        host.source.write_text(json.dumps({"answer": "new"}))
        host.signal(signal.SIGHUP)
        await until(lambda: {answer["slot"] for answer in load.answers if answer["answer"] == "new"} == {0, 1})
        load.is_over = True
        await asyncio.gather(*callers)
        return load

    load = asyncio.run(scenario())
    assert load.failures == []
    assert {answer["version"] for answer in load.answers if answer["answer"] == "old"} == {1}
    assert min(answer["version"] for answer in load.answers if answer["answer"] == "new") == 2
    host.until(lambda: host.run["version"] >= 2)
    assert host.run["workers"] == before


def test_a_changed_file_is_taken_without_being_told(start: Start) -> None:
    host = start(config={"answer": "old"})
    host.reconfigure(answer="new", warnings=["this is old-fashioned"])
    assert host.event("reloaded")["version"] == 2
    assert host.event("reload_notes")["notes"] == ["this is old-fashioned"]
    host.until(lambda: host.ask()["answer"] == "new")


def test_a_bad_file_is_refused_with_its_problems_and_the_old_configuration_stays(start: Start) -> None:
    host = start(config={"answer": "old"})
    host.source.write_text("{")
    host.signal(signal.SIGHUP)
    problems = host.event("reload_refused")["problems"]
    assert problems[0].startswith("config.json: Expecting property name")
    assert problems[1] == "this line is no JSON"
    assert host.run["version"] == 1
    assert host.ask()["answer"] == "old"
    host.reconfigure(answer="new")
    host.event("reloaded")
    host.until(lambda: host.ask()["answer"] == "new")


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({"refused_by": [0]}, "this one is not for me"),
        ({"crashes_on_load": True}, "the first worker that loaded it ended"),
        ({"ignores_load": True}, "the first worker took too long to load it"),
    ],
    ids=["refused", "crashed", "ignored"],
)
def test_a_version_that_the_first_worker_cannot_use_reaches_no_other(
    start: Start, config: dict[str, Any], problem: str
) -> None:
    host = start(config={"answer": "old"}, patience={"load_s": 0.5})
    bystander = host.run["workers"][1]
    host.reconfigure(**config)
    assert host.event("reload_refused")["problems"] == [problem]
    assert host.run["version"] == 1
    host.until(lambda: len(host.run["workers"]) == 2)
    assert host.run["workers"][1] == bystander
    assert [host.ask()["answer"] for _ in range(8)] == ["old"] * 8
    assert [path.name for path in (host.state / "compiled").iterdir()] == ["1.msgpack"]


def test_a_later_worker_that_refuses_keeps_what_it_has_and_is_reported(start: Start) -> None:
    host = start(config={"answer": "old"})
    host.reconfigure(answer="new", refused_by=[1])
    refusal = host.event("version_refused")
    assert (refusal["slot"], refusal["version"]) == (1, 2)
    host.until(lambda: {host.ask()["answer"] for _ in range(8)} == {"old", "new"})


def test_a_restarted_worker_begins_with_the_version_in_force(start: Start) -> None:
    host = start(workers=1, config={"answer": "old"})
    host.reconfigure(answer="new")
    host.event("reloaded")
    os.kill(host.run["workers"][0], signal.SIGKILL)
    assert host.event("worker_ready", 2)["version"] == 2
    assert host.ask()["answer"] == "new"


def test_a_version_that_comes_while_nobody_serves_is_what_the_next_worker_begins_with(start: Start) -> None:
    host = start(workers=1, config={"answer": "old"})
    for count in range(1, 5):
        os.kill(host.event("worker_ready", count)["pid"], signal.SIGKILL)
    host.event("worker_died", 4)
    host.source.write_text(json.dumps({"answer": "new"}))
    host.signal(signal.SIGHUP)
    assert host.event("reloaded")["version"] == 2
    assert host.ask()["answer"] == "new"


def test_a_compiler_that_is_not_there_any_more_changes_nothing(start: Start, tmp_path: Path) -> None:
    program = tmp_path / "compile"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {HOST.with_name("compiler.py")} "$@"\n')
    program.chmod(0o755)
    host = start(compiler=[str(program)])
    program.unlink()
    host.signal(signal.SIGHUP)
    assert "the compiler cannot start" in host.event("reload_refused")["problems"][0]
    assert host.ask()["version"] == 1


def test_a_supervisor_that_was_stopped_for_a_while_does_not_take_its_workers_for_hung(start: Start) -> None:
    host = start(patience={"hang_s": 1.0})
    before = host.run["workers"]
    host.signal(signal.SIGSTOP)
    resumes_s = time.monotonic() + 2.0
    host.until(lambda: time.monotonic() > resumes_s)
    host.signal(signal.SIGCONT)
    host.signal(signal.SIGHUP)
    host.event("reloaded")
    assert host.run["workers"] == before
    assert host.events("worker_killed") == []


def test_a_reload_asked_for_during_a_reload_follows_it(start: Start) -> None:
    host = start(config={"answer": "old"}, patience={"load_s": 1.0})
    host.reconfigure(ignores_load=True)
    host.event("reload")
    host.reconfigure(answer="new")
    host.event("reloaded")
    host.until(lambda: {host.ask()["answer"] for _ in range(8)} == {"new"})


def test_a_compiler_that_takes_too_long_is_ended(start: Start) -> None:
    host = start(config={"answer": "old"}, patience={"compile_s": 0.5})
    host.source.write_text("slow")
    host.signal(signal.SIGHUP)
    assert host.event("reload_refused")["problems"] == ["the compiler took too long"]


def test_a_compiler_at_work_does_not_hold_up_the_end(start: Start) -> None:
    host = start(config={"answer": "old"})
    host.source.write_text("slow")
    host.event("reload")
    host.signal(signal.SIGTERM)
    assert host.end() == 0


def test_only_the_last_two_versions_are_kept(start: Start) -> None:
    host = start(workers=1)
    for version in (2, 3, 4):
        host.reconfigure(answer=version)
        host.event("reloaded", version - 1)
        host.until(lambda version=version: host.ask()["answer"] == version)  # type: ignore[misc]
    assert sorted(path.name for path in (host.state / "compiled").iterdir()) == ["3.msgpack", "4.msgpack"]


def test_an_address_in_use_is_refused_even_though_its_owner_would_share_it(start: Start) -> None:
    with socket.socket() as foreign:
        foreign.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        foreign.bind(("127.0.0.1", 0))
        foreign.listen()
        port = foreign.getsockname()[1]
        host = start(port=port, waits=False)
        assert host.end() == 4
    refusal = host.event("cannot_start")
    assert refusal["kind"] == "AddressUnavailable"
    assert refusal["reason"] == f"cannot listen on 127.0.0.1:{port}: the address is in use by another process"


def test_a_configuration_that_cannot_be_placed_fails_the_start(start: Start) -> None:
    host = start(unplaceable=True, waits=False)
    assert host.end() == 4
    assert host.event("cannot_start")["reason"].endswith("cannot be placed in " + str(host.state) + ": no room")


def test_two_supervisors_never_share_a_state_directory(start: Start) -> None:
    first = start(config={"answer": "first"})
    compiled = (first.state / "compiled" / "1.msgpack").stat()
    second = start(waits=False)
    assert second.end() == 4
    refusal = second.event("cannot_start")
    assert refusal["kind"] == "AlreadyRunning"
    assert f"(process {first.process.pid})" in refusal["reason"]
    assert first.ask()["answer"] == "first"
    assert first.run["pid"] == first.process.pid
    assert (first.state / "compiled" / "1.msgpack").stat() == compiled


def test_workers_end_when_their_supervisor_is_killed_and_the_next_one_takes_the_address(start: Start) -> None:
    first = start()
    port, workers = first.port, first.run["workers"]
    first.process.kill()
    first.end()
    second = start(port=port)
    assert second.run["pid"] == second.process.pid
    assert second.port == port
    second.until(lambda: not any(exists(pid) for pid in workers))
    assert second.ask()["pid"] in second.run["workers"]


def test_totals_on_the_board_survive_the_death_of_a_worker(start: Start) -> None:
    host = start(workers=1)
    for _ in range(3):
        host.ask()
    os.kill(host.run["workers"][0], signal.SIGKILL)
    host.event("worker_ready", 2)
    host.ask()
    (reading,) = Board(Path(host.run["board"])).readings()
    assert (reading.requests_total, reading.epoch) == (4, 2)


def test_a_run_file_that_cannot_be_written_stops_nothing(start: Start) -> None:
    host = start(workers=1)
    (pid,) = host.run["workers"]
    port = host.port
    (host.state / f".run.json.{host.process.pid}").mkdir()
    os.kill(pid, signal.SIGKILL)
    assert "Is a directory" in host.event("run_file_not_written")["reason"]
    assert asyncio.run(ask(port))["pid"] != pid
