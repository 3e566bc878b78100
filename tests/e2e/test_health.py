"""``stellwerk health``: what it finds, and that it never takes long."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stellwerk.simulator.process import Simulator
from tests.e2e.kit import WEB, Gateway, model, provider, server, stellwerk, up

DEADLINE_MS = 5_000


@pytest.fixture(scope="module")
def gateway(north: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with a provider that is there."""
    with up(
        tmp_path_factory.mktemp("health"), server(), provider("north", north.base_url), model("smart", "north"), WEB
    ) as running:
        yield running


def findings(folder: Path, config: str = "stellwerk.toml") -> tuple[int, dict[str, dict[str, Any]], float]:
    """Exit status, findings by name, and how long it took in milliseconds."""
    done = stellwerk(folder, "health", "--json", "--config", config)
    report = json.loads(done.stdout)
    assert report["healthy"] is (done.returncode == 0)
    return done.returncode, {finding["name"]: finding for finding in report["findings"]}, report["took_ms"]


def test_a_running_gateway_is_healthy(gateway: Gateway) -> None:
    status, found, took_ms = findings(gateway.folder)
    assert status == 0
    assert {name: finding["state"] for name, finding in found.items()} == {
        "process": "ok",
        "gateway": "ok",
        "workers": "ok",
        "state": "ok",
        "provider north": "ok",
    }
    assert found["workers"]["detail"] == "2 of 2 ready"
    assert took_ms < DEADLINE_MS


def test_the_report_is_readable(gateway: Gateway) -> None:
    done = stellwerk(gateway.folder, "health")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith("ok    process")
    assert lines[-1].startswith("healthy, in ")


def test_a_provider_that_cannot_be_reached_is_a_warning(gateway: Gateway) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        away = f"http://127.0.0.1:{nobody.getsockname()[1]}/v1"
        (gateway.folder / "away.toml").write_text(gateway.config.read_text() + provider("away", away))
        status, found, _ = findings(gateway.folder, "away.toml")
    assert status == 0
    assert found["provider away"]["state"] == "warn"
    assert "cannot be reached" in found["provider away"]["detail"]


def test_a_provider_that_hangs_in_the_handshake_holds_nothing_up(gateway: Gateway) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hanging = f"https://127.0.0.1:{silent.getsockname()[1]}/v1"
        (gateway.folder / "hanging.toml").write_text(gateway.config.read_text() + provider("hanging", hanging))
        status, found, took_ms = findings(gateway.folder, "hanging.toml")
    assert took_ms < DEADLINE_MS
    assert found["provider hanging"]["state"] == "warn"
    assert found["provider north"]["state"] == "ok"
    assert status == 0


def test_fewer_workers_than_wished_are_a_warning(gateway: Gateway) -> None:
    (gateway.folder / "more.toml").write_text(gateway.config.read_text().replace("workers = 2", "workers = 3"))
    status, found, _ = findings(gateway.folder, "more.toml")
    assert status == 0
    assert found["workers"]["state"] == "warn"
    assert found["workers"]["detail"] == "2 of 3 ready"


def test_what_is_not_running_has_failed(north: Simulator, tmp_path: Path) -> None:
    (tmp_path / "stellwerk.toml").write_text(server() + provider("north", north.base_url) + WEB)
    status, found, _ = findings(tmp_path)
    assert status == 1
    for name in ("process", "gateway", "workers"):
        assert found[name]["state"] == "fail"
        assert "not running: start it with `stellwerk up`" in found[name]["detail"]
    assert found["provider north"]["state"] == "ok"
    assert stellwerk(tmp_path, "health").stdout.splitlines()[-1].startswith("not healthy, in ")


def test_workers_that_do_not_answer_have_failed_in_time(north: Simulator, tmp_path: Path) -> None:
    with up(tmp_path, server(), provider("north", north.base_url), model("smart", "north"), WEB) as gateway:
        workers = gateway.workers
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
        try:
            status, found, took_ms = findings(gateway.folder)
        finally:
            for pid in workers:
                os.kill(pid, signal.SIGCONT)
        assert status == 1
        assert took_ms < DEADLINE_MS
        assert (found["process"]["state"], found["gateway"]["state"]) == ("ok", "fail")


def test_a_supervisor_that_died_is_found_out(north: Simulator, tmp_path: Path) -> None:
    with up(tmp_path, server(), provider("north", north.base_url), WEB) as gateway:
        gateway.process.kill()
        gateway.end()
        status, found, _ = findings(gateway.folder)
        assert status == 1
        assert found["process"]["detail"] == f"process {gateway.process.pid} is gone without having said so"
