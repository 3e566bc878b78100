"""From settings to a snapshot, and the process that does it."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stellwerk.config.compile import compile_file, main, write
from stellwerk.config.compiled import read
from stellwerk.core.snapshot import (
    FORMAT,
    AdminSpec,
    CorsSpec,
    EgressSpec,
    KeySpec,
    LimitsSpec,
    MediaSpec,
    ModelSpec,
    ProviderSpec,
    RetrySpec,
    ServerSpec,
    Snapshot,
    StateSpec,
    TargetSpec,
    TlsSpec,
)
from stellwerk.errors import ConfigurationError

Write = Callable[[str], Path]

TEXT = """\
[server]
listen = "[::1]:8080"
workers = 3
drain_s = 30
tls = { certificate = "-----BEGIN CERTIFICATE-----", key = "file:key.pem" }
trusted_proxies = ["10.0.0.0/8", "192.0.2.1"]
cors = { origins = ["*"], max_age_s = 60 }
limits = { max_headers = 10, keep_alive_s = 5 }

[admin]
listen = "0.0.0.0:0"
token = "planted-admin-token"

[state]
directory = "data/../state"
retention_days = 7

[egress]
mode = "report"
allow = ["API.Example.", "*.Example.:8443", "*", "2606:4700:0::1"]
private = ["Models.internal=10.0.0.0/24", "10.0.0.5=10.0.0.5"]

[media]
max_bytes = 1
types = ["image/png", "audio/*"]

[retry]
attempts = 3

[[providers]]
name = "a.b"
kind = "openai"
api_key = "planted-provider-key"
project = "env:PROJECT"

[[models]]
name = "vendor/model-1.5:free"
targets = [{ provider = "a.b", model = "x y", weight = 2 }]
requires = ["tools"]
retry = { same_target = 0 }

[[keys]]
name = "web shop"
key = "planted-caller-key"
models = ["vendor/model-1.5:free"]
"""


@pytest.fixture
def source(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration in which nothing has its default and every secret is literal."""
    monkeypatch.setenv("PROJECT", "the-project")
    (tmp_path / "key.pem").write_text("-----BEGIN planted-private-key-----\n")
    return write(TEXT)


def test_a_snapshot_carries_every_value_and_no_secret(source: Path, tmp_path: Path) -> None:
    assert compile_file(source, version=7) == Snapshot(
        format=FORMAT,
        version=7,
        source=str(source),
        server=ServerSpec(
            host="::1",
            port=8080,
            workers=3,
            drain_s=30.0,
            tls=TlsSpec(f"toml:{source}#server.tls.certificate", f"file:{tmp_path}/key.pem"),
            trusted_proxies=("10.0.0.0/8", "192.0.2.1/32"),
            cors=CorsSpec(("*",), 60),
            limits=LimitsSpec(max_headers=10, keep_alive_s=5.0),
        ),
        admin=AdminSpec("0.0.0.0", 0, f"toml:{source}#admin.token"),
        state=StateSpec(f"{tmp_path}/state", 7),
        providers=(
            ProviderSpec(
                "a.b", "openai", {"project": "the-project"}, {"api_key": f"toml:{source}#providers.a%2Eb.api_key"}
            ),
        ),
        models=(
            ModelSpec(
                "vendor/model-1.5:free",
                (TargetSpec("a.b", "x y", 2.0),),
                requires=("tools",),
                retry=RetrySpec(same_target=0, attempts=3),
            ),
        ),
        keys=(KeySpec("web shop", f"toml:{source}#keys.web%20shop.key", "", ("vendor/model-1.5:free",)),),
        egress=EgressSpec(
            "report",
            ("api.example", "*.example:8443", "*", "[2606:4700::1]"),
            ("models.internal=10.0.0.0/24", "10.0.0.5=10.0.0.5/32"),
        ),
        media=MediaSpec(max_bytes=1, types=("image/png", "audio/*")),
    )


def test_no_secret_reaches_the_compiled_file(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "compiled"
    write(compile_file(source), out)
    assert b"the-project" in out.read_bytes()
    assert b"planted" not in out.read_bytes()


def test_defaults_of_the_snapshot_hold_where_the_file_says_nothing(write: Write, head: str, tmp_path: Path) -> None:
    snapshot = compile_file(write(head))
    workers = len(os.sched_getaffinity(0))
    assert snapshot.server == ServerSpec("127.0.0.1", 8080, workers)
    assert snapshot.admin == AdminSpec("127.0.0.1", 8081)
    assert snapshot.state == StateSpec(f"{tmp_path}/state")
    assert snapshot.models == (ModelSpec("m", (TargetSpec("up", "x"),)),)
    assert snapshot.keys == (KeySpec("k", "env:K"),)


def test_a_relative_path_of_the_file_becomes_an_absolute_one(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert compile_file(Path(source.name)) == compile_file(source)


def test_a_file_with_faults_is_not_compiled(write: Write) -> None:
    with pytest.raises(ConfigurationError) as raised:
        compile_file(write("a = 1\nb = 2\n"))
    assert len(raised.value.problems) == 2


def test_the_compiled_file_is_its_owners_alone_and_replaces_the_old_one_in_one_step(
    source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "compiled"
    out.write_bytes(b"old")
    out.chmod(0o644)
    with out.open("rb") as old:
        write(compile_file(source), out)
        assert old.read() == b"old"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert read(out).version == 1
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_a_failed_write_leaves_nothing_behind(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "compiled"
    folder.mkdir()
    with pytest.raises(OSError, match="directory"):
        write(compile_file(source), folder)
    assert [path.name for path in tmp_path.glob(".*")] == []


def run(*arguments: str | Path) -> tuple[int, list[dict[str, Any]]]:
    """The compiler as the process that it is: exit status, and what it prints."""
    command = [sys.executable, "-m", "stellwerk.config.compile", *map(str, arguments)]
    finished = subprocess.run(command, capture_output=True, check=False, timeout=30)
    assert finished.stderr == b""
    return finished.returncode, [json.loads(line) for line in finished.stdout.splitlines()]


def test_the_process_writes_the_file_and_prints_warnings(source: Path, tmp_path: Path) -> None:
    status, lines = run(source, tmp_path / "compiled", "--version", "9")
    assert status == 0
    assert {line["level"] for line in lines} == {"warning"}
    assert read(tmp_path / "compiled") == compile_file(source, version=9)


def test_the_process_prints_problems_and_leaves_the_old_file(write: Write, tmp_path: Path) -> None:
    (tmp_path / "compiled").write_bytes(b"old")
    path = write("[server]\nworkers = 0\n")
    status, lines = run(path, tmp_path / "compiled")
    assert status == 1
    assert lines[-1] == {
        "level": "error",
        "file": str(path),
        "line": 2,
        "path": "server.workers",
        "message": "expected a number not below 1, found 0",
        "text": f"{path}:2: server.workers: expected a number not below 1, found 0",
    }
    assert (tmp_path / "compiled").read_bytes() == b"old"


def test_the_process_says_when_it_cannot_write(source: Path, tmp_path: Path, capfdbinary: Any) -> None:
    out = tmp_path / "gone" / "compiled"
    assert main([str(source), str(out)]) == 1
    sys.stdout.flush()
    last = json.loads(capfdbinary.readouterr().out.splitlines()[-1])
    assert last["text"] == f"{out}: the compiled file cannot be written: no such file or directory"


def test_what_workers_import_loads_no_pydantic() -> None:
    code = (
        "import sys, stellwerk.config.compiled, stellwerk.config.references, stellwerk.plugins;"
        "stellwerk.plugins.build('strategies', 'priority', {});"
        "print([name for name in ('pydantic', 'pydantic_core', 'importlib.metadata') if name in sys.modules])"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=30)
    assert finished.stdout == b"[]\n"
