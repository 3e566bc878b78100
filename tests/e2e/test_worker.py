"""The worker's process under a supervisor that is the test itself."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stellwerk.config import compiled
from stellwerk.config.compile import compile_file
from stellwerk.supervisor.protocol import (
    Alive,
    Assignment,
    Drain,
    Drained,
    Link,
    Loaded,
    Message,
    Ready,
    Refused,
    Reload,
)
from tests.e2e.callers import get
from tests.e2e.kit import ENVIRONMENT, PATIENCE_S, SECRET, WEB, server, until

WORKER = [sys.executable, "-m", "stellwerk.gateway.worker"]


class Worker:
    """A worker, and the test's end of its control socket."""

    def __init__(self, folder: Path, config: Path, *, listener: socket.socket | None) -> None:
        board = folder / "board"
        board.mkdir()
        self.log = folder / "log"
        self.link, far = Link.pair()
        listen_fd = listener.fileno() if listener is not None else None
        assignment = Assignment(0, listen_fd, far.fileno(), board, config)
        with self.log.open("wb") as stderr:
            self.process = subprocess.Popen(
                WORKER,
                env={**os.environ, **ENVIRONMENT, **assignment.variables()},
                pass_fds=[fd for fd in (listen_fd, far.fileno()) if fd is not None],
                stderr=stderr,
            )
        far.close()
        self._heard: list[Message] = []

    def hear(self, kind: type[Message]) -> Message:
        """The next message of a kind, once it has come."""

        def is_heard() -> bool:
            self._heard += self.link.receive()
            return any(isinstance(message, kind) for message in self._heard)

        until(is_heard, lambda: f"{kind}: {self._heard}\n{self.log.read_text()}")
        message = next(message for message in self._heard if isinstance(message, kind))
        self._heard.remove(message)
        return message

    def end(self) -> int:
        """Its exit status."""
        return self.process.wait(PATIENCE_S)


@contextmanager
def working(folder: Path, config: Path, *, listener: socket.socket | None = None) -> Iterator[Worker]:
    """A worker with a compiled configuration."""
    worker = Worker(folder, config, listener=listener)
    try:
        yield worker
        assert SECRET not in worker.log.read_text()
    finally:
        worker.process.kill()
        worker.process.wait()
        worker.link.close()


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A compiled configuration of version 1."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    source = tmp_path / "stellwerk.toml"
    source.write_text(server() + WEB)
    path = tmp_path / "1.msgpack"
    compiled.write(compile_file(source), path)
    return path


def test_it_is_not_started_by_hand(tmp_path: Path) -> None:
    done = subprocess.run(WORKER, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == 2
    assert done.stderr == "stellwerk.gateway.worker is started by `stellwerk up`, not by hand\n"


def test_it_says_that_it_is_ready_and_lives_and_drains_when_it_is_told(tmp_path: Path, config: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, working(tmp_path, config, listener=listener) as worker:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        assert worker.hear(Ready) == Ready(1)
        assert get(address, "/readyz").status == 200
        for _ in range(2):
            worker.hear(Alive)
        worker.link.send(Drain(5.0))
        worker.hear(Drained)
        assert worker.end() == 0


def test_a_message_that_is_not_meant_for_it_is_noted_and_changes_nothing(tmp_path: Path, config: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, working(tmp_path, config, listener=listener) as worker:
        worker.hear(Ready)
        worker.link.send(Loaded(7))
        until(lambda: "message_not_understood" in worker.log.read_text(), "nothing is noted")
        assert get(f"127.0.0.1:{listener.getsockname()[1]}", "/readyz").status == 200


def test_a_version_that_cannot_be_read_is_refused_and_the_next_one_taken(tmp_path: Path, config: Path) -> None:
    with working(tmp_path, config) as worker:
        worker.hear(Ready)
        worker.link.send(Reload(str(tmp_path / "absent.msgpack"), 2))
        refused = worker.hear(Refused)
        assert isinstance(refused, Refused)
        assert refused.version == 2
        assert "absent.msgpack" in refused.problems[0]
        third = tmp_path / "3.msgpack"
        compiled.write(compile_file(tmp_path / "stellwerk.toml", version=3), third)
        worker.link.send(Reload(str(third), 3))
        assert worker.hear(Loaded) == Loaded(3)


def test_a_configuration_that_it_cannot_use_from_the_start_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "1.msgpack"
    broken.write_bytes(b"\x93broken")
    with working(tmp_path, broken) as worker:
        refused = worker.hear(Refused)
        assert isinstance(refused, Refused)
        assert "no compiled configuration" in refused.problems[0]
        assert worker.end() == 1
        assert "configuration_refused" in worker.log.read_text()


def test_it_ends_by_itself_when_its_supervisor_is_gone(tmp_path: Path, config: Path) -> None:
    with working(tmp_path, config) as worker:
        worker.hear(Ready)
        began_s = time.monotonic()
        worker.link.close()
        assert worker.end() == 0
        assert time.monotonic() - began_s < PATIENCE_S
        assert "supervisor_gone" in worker.log.read_text()
