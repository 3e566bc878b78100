"""``stellwerk up``: what it serves, what it writes down, and how it refuses to start."""

import json
import os
import signal
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from openai import AuthenticationError

from stellwerk.simulator.process import Simulator
from tests.e2e.callers import CONNECTIONS, ask, get, question, sdk
from tests.e2e.kit import (
    ENVIRONMENT,
    OPS,
    OPS_KEY,
    PROVIDER_KEY,
    WEB,
    WEB_KEY,
    Gateway,
    command,
    exists,
    launch,
    model,
    provider,
    server,
    stellwerk,
    until,
    up,
)


@pytest.fixture(scope="module")
def gateway(north: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Two workers before one provider."""
    folder = tmp_path_factory.mktemp("up")
    sections = (server(), provider("north", north.base_url), model("smart", "north"), WEB, OPS)
    with up(folder, *sections) as running:
        yield running


def test_the_official_client_gets_a_whole_answer(gateway: Gateway) -> None:
    with sdk(gateway) as client:
        raw = client.chat.completions.with_raw_response.create(model="smart", messages=question())
        completion = raw.parse()
    assert completion.choices[0].message.content
    assert completion.usage is not None
    assert completion.usage.total_tokens > 0
    assert raw.headers["x-stellwerk-provider"] == "north"


def test_the_official_client_gets_a_stream(gateway: Gateway) -> None:
    with sdk(gateway) as client:
        stream = client.chat.completions.create(
            model="smart",
            messages=question("Say it. [[say=One two three four.]]"),
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = list(stream)
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(pieces) == "One two three four."
    assert chunks[-1].usage is not None
    assert len([piece for piece in pieces if piece]) > 1


def test_a_stranger_is_turned_away(gateway: Gateway) -> None:
    with sdk(gateway, key="sk-nobody") as client, pytest.raises(AuthenticationError):
        client.chat.completions.create(model="smart", messages=question())


def test_both_workers_serve(gateway: Gateway) -> None:
    assert {ask(gateway.address).status for _ in range(CONNECTIONS)} == {200}

    def workers() -> list[int]:
        found: list[int] = [worker["requests"] for worker in get(gateway.address, "/healthz?full").json["workers"]]
        return found

    gateway.until(lambda: len(workers()) == 2 and all(workers()), "one of them has served nothing")


def test_run_json_tells_who_runs_and_where_to_nobody_else(gateway: Gateway) -> None:
    run, path = gateway.run, gateway.state / "run.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(run) == {"pid", "addresses", "workers", "version", "started", "board"}
    assert run["pid"] == gateway.process.pid
    assert list(run["addresses"]) == ["gateway", "admin"]
    assert len(set(run["workers"])) == 2
    assert all(exists(pid) for pid in run["workers"])
    assert run["version"] == 1


def test_port_0_takes_a_free_one(gateway: Gateway) -> None:
    assert gateway.port > 0
    assert get(gateway.address, "/readyz").status == 200


def test_it_is_ready_soon(gateway: Gateway, record_property: Callable[[str, object], None]) -> None:
    record_property("ready_s", gateway.ready_s)
    ready = gateway.event("ready")
    assert ready["workers"] == gateway.workers
    assert ready["addresses"] == gateway.run["addresses"]


def test_every_line_of_the_log_is_json_with_time_level_and_event(gateway: Gateway) -> None:
    lines = [json.loads(line) for line in gateway.output.splitlines()]
    assert lines
    assert all({"time", "level", "event", "process"} <= line.keys() for line in lines)


def test_what_is_in_the_state_directory_is_its_owners_alone(gateway: Gateway) -> None:
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in gateway.state.rglob("*.msgpack")} == {0}
    assert stat.S_IMODE(gateway.state.stat().st_mode) == 0o700


def test_an_address_in_use_is_told_and_the_status_is_1(north: Simulator, tmp_path: Path) -> None:
    with socket.socket() as foreign:
        foreign.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        foreign.bind(("127.0.0.1", 0))
        foreign.listen()
        address = f"127.0.0.1:{foreign.getsockname()[1]}"
        (tmp_path / "stellwerk.toml").write_text(server(listen=address) + provider("north", north.base_url))
        done = stellwerk(tmp_path, "up")
    assert done.returncode == 1
    assert f"cannot listen on {address}: the address is in use by another process" in done.stderr
    assert not (tmp_path / "state" / "run.json").exists()


def test_a_state_directory_has_one_owner(gateway: Gateway) -> None:
    before = gateway.run
    done = stellwerk(gateway.folder, "up")
    assert done.returncode == 1
    assert f"another supervisor (process {gateway.process.pid}) is running" in done.stderr
    assert gateway.run == before
    assert ask(gateway.address).status == 200


def test_a_bad_configuration_is_refused_with_every_problem(tmp_path: Path) -> None:
    (tmp_path / "stellwerk.toml").write_text(
        '[server]\nworkers = 0\nlissten = "x"\n' + model("smart", "nowhere") + WEB.replace("WEB_KEY", "MISSING_KEY")
    )
    done = stellwerk(tmp_path, "up")
    assert done.returncode == 1
    for place in ("server.workers", "server.lissten", "models[0].targets[0].provider", "MISSING_KEY"):
        assert place in done.stderr
    assert not (tmp_path / "state").exists()


def test_a_configuration_that_is_not_there_is_told(tmp_path: Path) -> None:
    done = stellwerk(tmp_path, "up", "--config", "absent.toml")
    assert done.returncode == 1
    assert "absent.toml" in done.stderr


def test_secrets_that_stand_in_the_file_are_warned_of_and_stay_there(north: Simulator, tmp_path: Path) -> None:
    literal = WEB.replace("env:WEB_KEY", WEB_KEY) + OPS.replace("env:OPS_KEY", OPS_KEY)
    own = provider("north", north.base_url, key=PROVIDER_KEY)
    with up(tmp_path, server(), own, model("smart", "north"), literal) as gateway:
        assert gateway.output.count("a secret stands in the file itself") == 3
        assert ask(gateway.address).status == 200
        assert ask(gateway.address, key=OPS_KEY).status == 200


def test_json_announces_the_gateway_in_one_document(north: Simulator, tmp_path: Path) -> None:
    (tmp_path / "stellwerk.toml").write_text(server(workers=1) + provider("north", north.base_url))
    gateway = launch(tmp_path, "--json")
    out = tmp_path / f"out-{gateway.log.name}"
    try:
        gateway.event("ready")
        gateway.until(lambda: out.read_text().endswith("\n"), "nothing is announced")
        announced = json.loads(out.read_text())
        assert announced["addresses"] == gateway.run["addresses"]
        assert announced["pid"] == gateway.process.pid
        gateway.check()
    finally:
        gateway.clean_up()
    assert json.loads(out.read_text()) == announced


def test_a_stop_before_it_is_ready_ends_cleanly(tmp_path: Path) -> None:
    (tmp_path / "stellwerk.toml").write_text(server() + WEB)
    gateway = launch(tmp_path)
    try:
        gateway.event("worker_started", 2)
        gateway.stop()
        gateway.check()
    finally:
        gateway.clean_up()


def test_a_log_that_nobody_reads_any_more_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "stellwerk.toml").write_text(server() + WEB)
    process = subprocess.Popen(
        command("up"), cwd=tmp_path, env={**os.environ, **ENVIRONMENT}, stderr=subprocess.PIPE, start_new_session=True
    )
    gateway = Gateway(tmp_path, tmp_path / "nowhere", process)
    try:
        until((gateway.state / "run.json").exists, "not ready")
        assert process.stderr is not None
        process.stderr.close()
        victim, address = gateway.workers[0], gateway.address
        gateway.signal(signal.SIGHUP)
        until(lambda: gateway.run["version"] == 2, "not reloaded")
        os.kill(victim, signal.SIGKILL)
        until(lambda: len(gateway.workers) == 2 and victim not in gateway.workers, "not replaced")
        assert get(address, "/readyz").status == 200
        process.terminate()
        assert gateway.end() == 0
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGINT)
        process.wait()
