"""Simulators in a loop, in a thread, and as a process."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stellwerk.errors import ConfigurationError
from stellwerk.simulator import Scenario, SimulatedProvider, announcement, running, running_beside

TWO = Scenario(providers=(SimulatedProvider(name="a"), SimulatedProvider(name="b", listen="[::1]:0")))
HELLO = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.fixture
def occupied() -> Iterator[str]:
    """An address that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def test_several_providers_run_in_one_loop() -> None:
    async def ask_both() -> list[dict[str, Any]]:
        async with running(TWO) as simulators:
            for simulator in simulators:
                host, _, port = simulator.address.rpartition(":")
                reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
                writer.write(b"GET /v1/models HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
                assert (await reader.read()).startswith(b"HTTP/1.1 200 OK")
                writer.close()
                await writer.wait_closed()
            return [simulator.report() for simulator in simulators]

    assert [(report["name"], report["answered"]) for report in asyncio.run(ask_both())] == [("a", 1), ("b", 1)]


def test_addresses_and_base_urls_are_told() -> None:
    with running_beside(TWO) as (one, other):
        assert one.base_url == f"http://{one.address}/v1"
        assert other.address.startswith("[::1]:")
        told = msgspec.json.decode(announcement((one, other)))["simulators"]
    assert told[0] == {"name": "a", "dialect": "openai", "base_url": one.base_url}


def test_a_base_url_is_what_the_dialects_own_client_takes() -> None:
    spec = SimulatedProvider(name="a", dialect="anthropic")
    with running_beside(Scenario(providers=(spec,))) as (simulator,):
        assert simulator.base_url == f"http://{simulator.address}"
        told = msgspec.json.decode(announcement((simulator,)))["simulators"]
    assert told == [{"name": "a", "dialect": "anthropic", "base_url": simulator.base_url}]


def test_nobody_listens_after_the_end_and_hanging_answers_are_broken_off() -> None:
    with running_beside(Scenario()) as (simulator,):
        host, _, port = simulator.address.partition(":")
        hanging = socket.create_connection((host, int(port)), timeout=10)
        body = msgspec.json.encode(HELLO)
        hanging.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-simulate: fault=hang\r\ncontent-length: %d\r\n\r\n%b"
            % (len(body), body)
        )
    with hanging:
        assert hanging.recv(100) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=10)


def test_an_address_that_cannot_be_had_is_told_with_its_place(occupied: str) -> None:
    scenario = Scenario(
        providers=(
            SimulatedProvider(name="a"),
            SimulatedProvider(name="b", listen=occupied),
            SimulatedProvider(name="c", listen="192.0.2.1:1"),
        )
    )
    with pytest.raises(ConfigurationError) as caught, running_beside(scenario):
        pass
    assert [problem.split(": ")[0] for problem in caught.value.problems] == [
        "providers[1].listen",
        "providers[2].listen",
    ]
    assert f"{occupied} cannot be listened on" in caught.value.problems[0]


def test_what_fails_beside_a_simulator_is_not_held_up_by_it() -> None:
    with pytest.raises(ZeroDivisionError), running_beside(Scenario()) as (simulator,):
        assert simulator.report()["requests"] == 1 // 0


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "stellwerk.simulator", *arguments]


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_process_announces_itself_in_one_line_and_ends_on_a_signal(tmp_path: Path, ending: signal.Signals) -> None:
    config = tmp_path / "scenario.toml"
    config.write_text('[[providers]]\nname = "one"\n[[providers]]\nname = "two"\n', encoding="utf-8")
    with subprocess.Popen(_command("--config", str(config)), stdout=subprocess.PIPE, env=os.environ) as process:
        assert process.stdout is not None
        told = msgspec.json.decode(process.stdout.readline())["simulators"]
        assert [entry["name"] for entry in told] == ["one", "two"]
        port = int(told[1]["base_url"].split(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as caller:
            caller.sendall(b"GET /__simulator HTTP/1.1\r\nhost: x\r\n\r\n")
            assert caller.recv(1_000).startswith(b"HTTP/1.1 200 OK")
        process.send_signal(ending)
        assert process.wait(timeout=20) == 0


def test_a_process_without_a_file_runs_the_default_scenario() -> None:
    with subprocess.Popen(_command(), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert msgspec.json.decode(process.stdout.readline())["simulators"][0]["name"] == "openai"
        process.terminate()
        assert process.wait(timeout=20) == 0


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (lambda _: "seed = 'x'", "seed: expected int, got str"),
        (lambda occupied: f'[[providers]]\nname = "a"\nlisten = "{occupied}"', "cannot be listened on"),
    ],
)
def test_a_process_says_why_it_does_not_run(
    tmp_path: Path, occupied: str, write: Callable[[str], str], reason: str
) -> None:
    config = tmp_path / "scenario.toml"
    config.write_text(write(occupied), encoding="utf-8")
    done = subprocess.run(_command("--config", str(config)), capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
