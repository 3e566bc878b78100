"""Reload: what changes, what stays, and that no request notices."""

import signal
from pathlib import Path

from stellwerk.simulator.process import Simulator, running_beside
from stellwerk.simulator.scenario import Scenario, SimulatedProvider
from tests.e2e.callers import Load, ask, question, sdk, statuses
from tests.e2e.gate import CONTENT, Gate
from tests.e2e.kit import (
    OPS,
    OPS_KEY,
    PROVIDER_KEY,
    SECRET,
    WEB,
    WEB_KEY,
    model,
    provider,
    server,
    stellwerk,
    up,
)


def test_models_and_keys_come_and_go_without_a_failed_request(north: Simulator, tmp_path: Path) -> None:
    fixed = (server(), provider("north", north.base_url), model("smart", "north"), WEB)
    with up(tmp_path, *fixed, OPS) as gateway:
        address, workers = gateway.address, gateway.workers
        with Load(lambda: ask(address).status) as load:
            gateway.until(lambda: len(load.attempts) > 20)
            assert statuses(address, model="fresh") == {404}
            assert statuses(address, key=OPS_KEY) == {200}
            gateway.reconfigure(*fixed, model("fresh", "north"))  # nobody is told: the file is watched
            gateway.until(lambda: statuses(address, model="fresh") == {200}, "the new model does not appear")
            gateway.until(lambda: statuses(address, key=OPS_KEY) == {401}, "the key that was removed still works")
            gateway.config.write_text("".join([*fixed, OPS, model("fresher", "north")]))
            for _ in range(3):
                gateway.signal(signal.SIGHUP)
            gateway.until(lambda: statuses(address, model="fresher", key=OPS_KEY) == {200}, "not on a signal either")
            assert statuses(address, model="fresh") == {404}
            seen = len(load.attempts)
            gateway.until(lambda: len(load.attempts) > seen + 20)
        assert load.failures == []
        assert gateway.workers == workers
        assert gateway.run["version"] >= 3


def test_a_bad_file_is_refused_with_every_reason_and_the_old_configuration_stays(
    north: Simulator, tmp_path: Path
) -> None:
    good = (server(), provider("north", north.base_url), model("smart", "north"), WEB)
    with up(tmp_path, *good, expected=("reload_refused",)) as gateway:
        gateway.reconfigure(*good, model("other", "nowhere"), OPS.replace("OPS_KEY", "ABSENT_KEY"))
        problems = "\n".join(gateway.event("reload_refused")["problems"])
        assert "models[1].targets[0].provider" in problems
        assert "ABSENT_KEY" in problems
        gateway.reconfigure("[server\n")
        gateway.signal(signal.SIGHUP)
        assert "TOML" in "\n".join(gateway.event("reload_refused", 2)["problems"])
        assert statuses(gateway.address) == {200}
        assert gateway.run["version"] == 1
        gateway.reconfigure(*good, OPS)
        gateway.until(lambda: statuses(gateway.address, key=OPS_KEY) == {200}, "the good file is not taken")


def test_a_check_that_cannot_be_built_is_an_error_of_check_and_refuses_a_reload(
    north: Simulator, tmp_path: Path
) -> None:
    good = (server(), provider("north", north.base_url), model("smart", "north"), WEB)
    pattern = "[[guardrails]]\nuse = \"pattern\"\npatterns = [{{ name = 'A', pattern = '{}' }}]\n"
    place = "guardrails[0].patterns[0].pattern: RE2 does not take that of A: missing ): (a"
    with up(tmp_path, *good, pattern.format("a"), expected=("reload_refused",)) as gateway:
        gateway.reconfigure(*good, pattern.format("(a"))
        assert place in "\n".join(gateway.event("reload_refused")["problems"])
        done = stellwerk(tmp_path, "check")
        assert (done.returncode, place in done.stderr) == (1, True)
        assert statuses(gateway.address) == {200}


def test_a_request_in_flight_ends_as_it_began(north: Simulator, held: Gate, tmp_path: Path) -> None:
    before = (server(), provider("held", held.base_url), model("smart", "held"), WEB)
    with up(tmp_path, *before) as gateway, sdk(gateway) as client:
        stream = client.chat.completions.create(model="smart", messages=question(), stream=True)
        said = next(stream).choices[0].delta.content or ""
        gateway.reconfigure(server(), provider("north", north.base_url), model("new", "north"), OPS)
        gateway.until(lambda: statuses(gateway.address, key=OPS_KEY, model="new") == {200}, "not reloaded")
        assert statuses(gateway.address, key=WEB_KEY, model="smart") == {401}
        held.open()
        said += "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
        assert said == CONTENT
        gateway.stop()
        (event,) = [event for event in gateway.recorded() if event["provider"] == "held"]
        assert (event["key_name"], event["model"], event["outcome"]) == ("web", "smart", "complete")


def test_a_secret_that_was_rotated_in_its_file_is_read_again(tmp_path: Path) -> None:
    fresh = f"{SECRET}-rotated-0123456789"
    secret = tmp_path / "provider.key"
    secret.write_text(PROVIDER_KEY + "\n")
    simulated = SimulatedProvider(name="north", keys=(fresh,), answer_tokens=5)
    with running_beside(Scenario(providers=(simulated,))) as (simulator,):
        own = provider("north", simulator.base_url, key="file:provider.key")
        with up(tmp_path, server(), own, model("smart", "north"), WEB) as gateway:
            assert statuses(gateway.address) <= {502, 503}  # after four failures the target is left alone
            secret.write_text(fresh + "\n")
            gateway.signal(signal.SIGHUP)
            gateway.until(lambda: statuses(gateway.address) == {200}, "the old key is still used")


def test_what_takes_a_restart_is_said_so(north: Simulator, tmp_path: Path) -> None:
    rest = (provider("north", north.base_url), model("smart", "north"), WEB)
    with up(tmp_path, server(), *rest) as gateway:
        gateway.reconfigure(server(workers=3, drain_s=7.0), *rest)
        gateway.event("reloaded")
        warned = [str(line) for line in gateway.lines if line["level"] == "warning"]
        assert any("server.workers" in line for line in warned), gateway.output
        assert any("server.drain_s" in line for line in warned), gateway.output
