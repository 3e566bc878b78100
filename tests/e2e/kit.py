"""Stellwerk as its users run it: processes started through the command line, watched from outside, and always ended."""

from __future__ import annotations

import http.client
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir, closing, contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from stellwerk.cli import main

PATIENCE_S = 20.0
TURN_S = 0.01

SECRET = "never-tell"
"""Part of every key and token here: whatever leaves a process is searched for it."""
PROVIDER_KEY = f"{SECRET}-provider-0123456789"
WEB_KEY = f"{SECRET}-web-0123456789"
OPS_KEY = f"{SECRET}-ops-0123456789"
ADMIN_TOKEN = f"{SECRET}-admin-0123456789"
ENVIRONMENT = {"PROVIDER_KEY": PROVIDER_KEY, "WEB_KEY": WEB_KEY, "OPS_KEY": OPS_KEY, "ADMIN_TOKEN": ADMIN_TOKEN}

WEB = '\n[[keys]]\nname = "web"\nteam = "shop"\nkey = "env:WEB_KEY"\n'
OPS = '\n[[keys]]\nname = "ops"\nkey = "env:OPS_KEY"\n'


def server(*, listen: str = "127.0.0.1:0", workers: int = 2, drain_s: float = 20.0, **options: str) -> str:
    """The sections for the gateway itself; ``options`` are further keys of the server as TOML."""
    lines = "".join(f"{name} = {value}\n" for name, value in options.items())
    return (
        f'[server]\nlisten = "{listen}"\nworkers = {workers}\ndrain_s = {drain_s}\n{lines}'
        f'\n[admin]\nlisten = "127.0.0.1:0"\ntoken = "env:ADMIN_TOKEN"\n'
    )


def provider(name: str, base_url: str, *, key: str = "env:PROVIDER_KEY") -> str:
    """The section for a provider."""
    return f'\n[[providers]]\nname = "{name}"\nkind = "openai"\nbase_url = "{base_url}"\napi_key = "{key}"\n'


def model(name: str, provider_name: str) -> str:
    """The section for a model with one target."""
    return f'\n[[models]]\nname = "{name}"\ntargets = [{{ provider = "{provider_name}", model = "gpt-4.1" }}]\n'


def until(condition: Callable[[], bool], what: str | Callable[[], str] = "", *, patience_s: float = PATIENCE_S) -> None:
    """Waits for something to come true."""
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, what() if callable(what) else what
        time.sleep(TURN_S)


def exists(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def command(*arguments: str) -> list[str]:
    """The command line of Stellwerk."""
    return [sys.executable, "-m", "stellwerk", *arguments]


def stellwerk(
    folder: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a command that ends by itself, in ``folder``, and searches what it says for secrets."""
    done = subprocess.run(
        command(*arguments),
        cwd=folder,
        env={**os.environ, **ENVIRONMENT, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_S,
        check=False,
    )
    assert SECRET not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def spoken(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """As ``stellwerk``, but in this process, for tests that say a lot: most of a command's time goes into its start."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(stdout), redirect_stderr(stderr), chdir(folder):
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        try:
            status = main(arguments)
        except SystemExit as wrong_use:
            status = int(wrong_use.code or 0)
    assert SECRET not in stdout.getvalue() + stderr.getvalue()
    return subprocess.CompletedProcess(command(*arguments), status, stdout.getvalue(), stderr.getvalue())


@dataclass
class Gateway:
    """``stellwerk up`` in a process of its own, with its configuration and its state in ``folder``."""

    folder: Path
    log: Path
    process: subprocess.Popen[bytes]
    ready_s: float = 0.0
    """How long it took from the start of the process to a ``run.json``."""
    _seen: list[bytes] = field(default_factory=list)

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.folder / "stellwerk.toml"

    @property
    def state(self) -> Path:
        """The state directory."""
        return self.folder / "state"

    @property
    def run(self) -> dict[str, Any]:
        """What ``run.json`` says."""
        found: dict[str, Any] = json.loads((self.state / "run.json").read_text())
        return found

    @property
    def workers(self) -> list[int]:
        """The pids of the workers, in the order of the slots."""
        return [int(pid) for pid in self.run["workers"]]

    @property
    def address(self) -> str:
        """Where the gateway listens."""
        return str(self.run["addresses"]["gateway"])

    @property
    def port(self) -> int:
        """The port of that."""
        return int(self.address.rpartition(":")[2])

    def administer(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """One request to the admin API, with the token of the configuration: status and what came."""
        host, _, port = self.run["addresses"]["admin"].rpartition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=20)
        sent = {"authorization": f"Bearer {ADMIN_TOKEN}", "content-type": "application/json", **headers}
        connection.request(method, path, json.dumps(body) if body is not None else None, sent)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, json.loads(content) if content else None

    @property
    def output(self) -> str:
        """Everything it has logged so far."""
        return self.log.read_text()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The lines of the log, so far."""
        return [json.loads(line) for line in self.output.split("\n")[:-1] if line.startswith("{")]

    def events(self, name: str) -> list[dict[str, Any]]:
        """The log lines of one name, so far."""
        return [line for line in self.lines if line["event"] == name]

    def event(self, name: str, count: int = 1) -> dict[str, Any]:
        """The log line of this name, once there are so many of them."""
        self.until(lambda: len(self.events(name)) >= count, name)
        return self.events(name)[count - 1]

    def until(self, condition: Callable[[], bool], what: str = "") -> None:
        """Waits for something to come true."""
        until(condition, lambda: f"{what}\n{self.output}")

    def reconfigure(self, *sections: str) -> None:
        """Replaces the configuration in one step."""
        draft = self.config.with_suffix(".draft")
        draft.write_text("".join(sections))
        draft.replace(self.config)

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the supervisor."""
        self._look()
        self.process.send_signal(number)

    def end(self) -> int:
        """The exit status, once it has ended."""
        return self.process.wait(PATIENCE_S)

    def stop(self) -> None:
        """Ends it as an operator does, and demands that nothing is left behind."""
        self.signal(signal.SIGTERM)
        assert self.end() == 0, self.output
        assert not (self.state / "run.json").exists()

    def recorded(self) -> list[dict[str, Any]]:
        """The events of the day files."""
        return recorded(self.state)

    def check(self, *expected: str) -> None:
        """No process, no secret and no error that is not among the ``expected`` is left behind."""
        if self.process.poll() is None:
            self.stop()
        self.until(lambda: not any(exists(line["pid"]) for line in self.events("worker_started")), "they live on")
        for path in self.state.rglob("*"):
            assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path
        assert all(SECRET.encode() not in seen for seen in self._seen)
        assert SECRET not in self.output
        assert "Traceback" not in self.output
        errors = {line["event"] for line in self.lines if line["level"] == "error"}
        assert errors <= set(expected), self.output

    def clean_up(self) -> None:
        """Ends whatever still runs."""
        self.process.kill()
        self.process.wait()
        for line in self.events("worker_started"):
            if exists(line["pid"]):
                with suppress(ProcessLookupError):
                    os.kill(line["pid"], signal.SIGKILL)

    def _look(self) -> None:
        """Remembers what lies open while it runs, to be searched for secrets."""
        with suppress(FileNotFoundError):
            self._seen.append((self.state / "run.json").read_bytes())
            self._seen += [page.read_bytes() for page in Path(self.run["board"]).glob("*.page")]


def launch(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Gateway:
    """Starts ``stellwerk up`` in ``folder``, where its configuration is, and does not wait for it."""
    folder.mkdir(exist_ok=True)
    log = folder / f"log-{len(list(folder.glob('log-*')))}"
    with log.open("wb") as stderr, log.with_name(f"out-{log.name}").open("wb") as stdout:
        process = subprocess.Popen(
            command("up", *arguments),
            cwd=folder,
            env={**os.environ, **ENVIRONMENT, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
    return Gateway(folder, log, process)


@contextmanager
def up(
    folder: Path, *sections: str, environment: Mapping[str, str] | None = None, expected: tuple[str, ...] = ()
) -> Iterator[Gateway]:
    """A gateway that serves the configuration made of ``sections``; ``expected`` are errors that it may log."""
    folder.mkdir(exist_ok=True)
    (folder / "stellwerk.toml").write_text("".join(sections))
    began_s = time.monotonic()
    gateway = launch(folder, environment=environment)
    try:
        gateway.until(lambda: gateway.process.poll() is not None or _is_announced(gateway), "not ready")
        assert gateway.process.poll() is None, gateway.output
        gateway.ready_s = time.monotonic() - began_s
        yield gateway
        gateway.check(*expected)
    finally:
        gateway.clean_up()


def recorded(state: Path) -> list[dict[str, Any]]:
    """The events of the day files of a state directory, in the order of their start."""
    found: list[dict[str, Any]] = []
    for path in sorted((state / "events").glob("events-*.db")):
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=PATIENCE_S)) as database:
            database.row_factory = sqlite3.Row
            if database.execute("PRAGMA user_version").fetchone()[0]:  # else it is only just being made
                found += [dict(row) for row in database.execute("SELECT * FROM event ORDER BY started_ms, request_id")]
    return found


def _is_announced(gateway: Gateway) -> bool:
    """Whether ``run.json`` is this process's own: a predecessor's may still lie there."""
    try:
        return bool(gateway.run["pid"] == gateway.process.pid)
    except (FileNotFoundError, ValueError):
        return False
